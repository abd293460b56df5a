"""What a dataset says of itself, believed only as far as it is checked: manifests of layers and their files."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from ingest.sharing.layers import KIND, LINEAGE, SCOPE
from ingest.sharing.remote import Remote, State
from lineage.errors import Damaged, TooNew
from lineage.schema import LISTING, QUARANTINE, SNAPSHOT_VERSION
from lineage.sealing import PART_ROWS
from lineage.snapshots import Manifest, Part, Snapshot

MANIFEST = "manifest.json"

_MOST = 16_000_000
"""Bytes that a manifest may have: some 200,000 old names."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,95}")
_ROWS = re.compile(r"(?:models|delta)-\d{5}\.parquet")
_REFUSED = "quarantine.parquet"
_SHA = re.compile(r"[0-9a-f]{64}")
_TIMES = ("started_at", "finished_at", "as_of", "watermark", "full_as_of")
_NUMBERS = ("rows", "models", "quarantined", "repeated", "pages", "requests", "schema_version")
_MAYBE = ("expanded", "unexpanded")
_HUB = datetime(2019, 1, 1, tzinfo=UTC)
"""Nothing on the Hub is older."""


def parts_of(manifest: Manifest) -> tuple[Part, ...]:
    """Every file that a manifest names."""
    return (*manifest.parts, *([manifest.quarantine] if manifest.quarantine else []))


def read(remote: Remote, state: State, layer: str) -> Manifest:
    """The manifest of a layer as a dataset has it; raises `Damaged` or `TooNew` where it is none to go by."""
    path = f"{layer}/{MANIFEST}"
    if state.files[path] > _MOST:
        raise Damaged(f"{_named(remote, path)} has {state.files[path]:,} bytes, and no manifest is so long.")
    with TemporaryDirectory() as folder:
        text = remote.fetched(path, state.commit, Path(folder)).read_bytes()
    return _read(text, _named(remote, path), layer)


def _named(remote: Remote, path: str) -> str:
    return f"{path} of dataset {remote.repo}"


def _read(text: bytes, named: str, layer: str) -> Manifest:
    try:
        raw = json.loads(text)
        version = raw["schema_version"]
        if isinstance(version, int) and version > SNAPSHOT_VERSION:
            raise TooNew(
                f"{named} was written by a newer lineage (files version {version}, this one reads up to "
                f"{SNAPSHOT_VERSION}). Update lineage, or name an earlier --revision."
            )
        manifest = Manifest.from_json(text.decode())
        wrong = _wrong(manifest, layer)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise Damaged(f"{named} is no manifest of a snapshot ({type(error).__name__}). Nothing was fetched.") from error
    if wrong:
        raise Damaged(f"{named} is no manifest of a snapshot: {wrong}. Nothing was fetched.")
    return manifest


def _wrong(manifest: Manifest, layer: str) -> str:
    """What a manifest says that none of ours would, or nothing."""
    other = _other_type(manifest)
    if other:
        return f"its {other} is of another type"
    if not _ID.fullmatch(manifest.id) or (manifest.whole and not _ID.fullmatch(manifest.whole.id)):
        return "its id is none"
    moments = [getattr(manifest, name) for name in _TIMES]
    if any(moment.tzinfo is None for moment in moments if moment is not None):
        return "a time in it has no zone"
    names = [part.name for part in manifest.parts]
    refused = [manifest.quarantine.name] if manifest.quarantine else []
    if not all(map(_ROWS.fullmatch, names)) or len(set(names)) < len(names) or any(n != _REFUSED for n in refused):
        return "it names a file that is no part of a snapshot"
    if any(part.bytes < 0 or not _SHA.fullmatch(part.sha256) for part in parts_of(manifest)):
        return "it describes a file that cannot be"
    if any(not 0 <= part.rows <= PART_ROWS for part in manifest.parts):
        return "it describes a part with more rows than any has"
    cut = manifest.whole is not None and manifest.kind == KIND and manifest.scope == SCOPE
    if cut is not (layer == LINEAGE) or (manifest.kind == KIND) is not cut:
        return f"it is not of the {layer} layer"
    return _untimely(manifest) or _uncounted(manifest)


def _other_type(manifest: Manifest) -> str:
    """The first field that is not of the type which its default has, or may have; or nothing."""
    none = type(None)
    kinds: dict[str, tuple[type, ...]] = {
        **dict.fromkeys(("id", "scope", "kind", "source", "sha256", "tool_version"), (str,)),
        **dict.fromkeys(("endpoint", "based_on"), (str, none)),
        **dict.fromkeys(("simulated", "card", "complete"), (bool,)),
        **dict.fromkeys(("started_at", "finished_at", "as_of"), (datetime,)),
        **dict.fromkeys(("watermark", "full_as_of"), (datetime, none)),
        **dict.fromkeys(_NUMBERS, (int,)),
        **dict.fromkeys(_MAYBE, (int, none)),
        "direct_exact": (bool, none),
    }
    texts = {name: getattr(manifest, name) for name in ("fields", "missing_columns", "notes")}
    texts |= {name: tuple(chain(*getattr(manifest, name))) for name in ("aliases", "former")}
    whole = manifest.whole
    wrong = [
        *(name for name, allowed in kinds.items() if type(getattr(manifest, name)) not in allowed),
        *(name for name, told in texts.items() if not all(isinstance(text, str) for text in told)),
        *(
            f"whole.{f.name}"
            for f in (fields(whole) if whole else ())
            if type(getattr(whole, f.name)) is not (str if f.name in ("id", "sha256") else int)
        ),
    ]
    return wrong[0] if wrong else ""


def _untimely(manifest: Manifest) -> str:
    """Which time cannot be beside the others, or nothing: updates start from the watermark and miss what is before."""
    told: dict[str, datetime | None] = {name: getattr(manifest, name) for name in _TIMES}
    old = [name for name, moment in told.items() if moment is not None and moment < _HUB]
    if old:
        return f"its {old[0]} is before there was a Hub"
    ends = {"watermark": min(manifest.as_of, manifest.started_at), "full_as_of": manifest.as_of}
    late = [name for name, end in ends.items() if (moment := told[name]) is not None and moment > end]
    return f"its {late[0]} is later than the snapshot itself" if late else ""


def _uncounted(manifest: Manifest) -> str:
    """Which number cannot be, alone or beside the others, or nothing."""
    counts = {name: getattr(manifest, name) or 0 for name in (*_NUMBERS, *_MAYBE)}
    whole = manifest.whole
    if whole:
        counts |= {f"whole.{name}": getattr(whole, name) for name in ("models", "quarantined", "rows", "downloads")}
    below = [name for name, count in counts.items() if count < 0]
    if below:
        return f"its {below[0]} is below nothing"
    if manifest.rows != manifest.models + manifest.quarantined:
        return "its rows are not its models and its quarantined ones together"
    if manifest.quarantined != (manifest.quarantine.rows if manifest.quarantine else 0):
        return "its quarantined is not what its file has"
    if whole and whole.rows != whole.models + whole.quarantined:
        return "its whole.rows are not its models and its quarantined ones together"
    if whole and whole.models < manifest.models:
        return "its whole.models is less than the models of this part"
    return ""


def check_rows(snapshot: Snapshot) -> None:
    """Raise `Damaged` where the files, whole as they are, hold other rows than a snapshot does."""
    manifest = snapshot.manifest
    try:
        for part in parts_of(manifest):
            file = pl.scan_parquet(snapshot.path / part.name, glob=False)
            wanted = pl.Schema(QUARANTINE if part.name == _REFUSED else LISTING)
            if file.collect_schema() != wanted:
                raise Damaged(f"{part.name} has other columns than a snapshot's.")
            if file.select(pl.len()).collect().item() != part.rows:
                raise Damaged(f"{part.name} has not the {part.rows:,} rows that its manifest says.")
        ids = snapshot.rows(["id"]).collect()["id"]
    except pl.exceptions.PolarsError as error:
        raise Damaged(f"A file of {manifest.id} is no Parquet that can be read ({type(error).__name__}).") from error
    if len(ids) != manifest.models or ids.n_unique() != len(ids) or ids.null_count():
        raise Damaged(f"The rows of {manifest.id} are not the {manifest.models:,} models that its manifest says.")
