"""Under which licence a snapshot's rows stand, by where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from ingest.importing.bootstrap import DAILY, WEEKLY
from lineage.errors import Misuse
from lineage.registry import Registry
from lineage.snapshots import Manifest


@dataclass(frozen=True)
class Terms:
    """A licence as the Hub's cards name it, and what it asks, in a sentence; `name` and `link` where `id` is other."""

    id: str
    sentence: str
    name: str | None = None
    link: str | None = None


_ODBL = Terms(
    "odbl",
    f"The rows come from the archive [{WEEKLY}](https://huggingface.co/datasets/{WEEKLY}) under the Open Database "
    "License (ODbL): a database derived from them names it and carries the same licence.",
)
_DUMP = Terms(
    "other",
    f"The rows come from the published dump [{DAILY}](https://huggingface.co/datasets/{DAILY}); what its page says of "
    "use holds here too, and whoever passes the rows on names it.",
    name="as-hub-stats",
    link=f"https://huggingface.co/datasets/{DAILY}",
)
_HUB = Terms(
    "other",
    "The rows are the public listing of the Hugging Face Hub, under the terms of the Hub; front matter is what each "
    "model's author wrote. Name the Hub as the source.",
    name="hub-listing",
    link="https://huggingface.co/terms-of-service",
)
_INVENTED = Terms("cc0-1.0", "The rows are invented by the simulated Hub of lineage; nobody has rights in them.")


def terms(manifest: Manifest, stated: str | None, registry: Registry) -> Terms:
    """The terms of a snapshot; `stated` is what its publisher says of rows that came from a file, which nothing tells.

    Raises `Misuse` where that is missing, no identifier of the Hub, or said of rows whose source has terms of its own.
    """
    if stated is not None:
        _known(stated, registry)
    own = _own(manifest)
    if own is None and stated is None:
        raise Misuse(
            f"Snapshot {manifest.id} was imported from a file, and nothing tells the licence of its rows. Say it with "
            "--license, such as --license cc-by-4.0."
        )
    if own is not None and stated not in (None, own.id):
        raise Misuse(f"The rows of {manifest.id} stand under {own.name or own.id}: --license is for imported files.")
    return own or Terms(str(stated), f"The publisher states {stated} for these rows; see Source for whom to credit.")


def _known(stated: str, registry: Registry) -> None:
    """That the Hub has a licence of that identifier; names that cards give beside `other` are none."""
    known = [one.id for one in registry.licenses.values() if one.verified]
    if stated not in known:
        near = get_close_matches(stated.lower(), known, 3, 0.6)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise Misuse(
            f"{stated[:100]!r} is no licence identifier of the Hub.{hint} Name one such as cc-by-4.0 or odbl; `other` "
            "is for one that it has no identifier for."
        )


def _own(manifest: Manifest) -> Terms | None:
    """The terms that the source has; an update carries those of what it is laid over, in its notes."""
    if manifest.simulated:
        return _INVENTED
    if manifest.source.startswith(f"{WEEKLY}@") or any(WEEKLY in note for note in manifest.notes):
        return _ODBL
    if manifest.source.startswith(f"{DAILY}@") or any(DAILY in note for note in manifest.notes):
        return _DUMP
    if manifest.kind in ("crawl", "update"):
        return _HUB
    return None
