"""Stores that hold a loaded graph, behind one protocol; which one answers is a matter of `Settings.store`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage.errors import Misuse

if TYPE_CHECKING:
    from lineage.settings import Settings
    from lineage.stores.protocol import GraphStore

_SERVER = ("neo4j://", "neo4j+s://", "neo4j+ssc://", "bolt://", "bolt+s://", "bolt+ssc://")


def open_store(settings: Settings, *, write: bool = False) -> GraphStore:
    """The store that `settings.store` names, its driver imported only now; `write` where `load` will be called."""
    if settings.store == "embedded":
        from lineage.stores.embedded import EmbeddedStore

        return EmbeddedStore(settings.stores)
    if settings.store == "neo4j" or settings.store.startswith(_SERVER):
        from lineage.stores.neo4j import open_neo4j

        return open_neo4j(settings, write=write)
    raise Misuse(
        f"No store is called {settings.store!r}. Use 'embedded', 'neo4j' or an address that begins with "
        "neo4j://, neo4j+s:// or bolt://."
    )


def loaded_snapshot(settings: Settings) -> str | None:
    """The id of the snapshot that the store holds, None where it holds none; the embedded engine is not started."""
    if settings.store == "embedded":
        from lineage.stores.embedded_files import current

        pointer = current(settings.stores)
        return pointer.snapshot if pointer else None
    store = open_store(settings)
    try:
        found = store.loaded()
    finally:
        store.close()
    return found.snapshot if found else None
