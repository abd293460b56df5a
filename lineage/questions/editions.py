"""`edition`: which load answers, so that a reader who stays open notices the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage.errors import LineageError
from lineage.stores import open_store
from lineage.stores.embedded_files import current

if TYPE_CHECKING:
    from lineage.settings import Settings


def edition(settings: Settings) -> str:
    """A text that every load into the store changes; empty where nothing is loaded or the store is out of reach."""
    if settings.store == "embedded":
        pointer = current(settings.stores)
        return f"{pointer.file} {pointer.loaded_at}" if pointer else ""
    try:
        store = open_store(settings)
    except LineageError:
        return ""
    try:
        found = store.loaded()
    except LineageError:
        return ""
    finally:
        store.close()
    return f"{found.snapshot} {found.run}" if found else ""
