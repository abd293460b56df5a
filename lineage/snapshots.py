"""Sealed snapshots: immutable dated folders of Parquet parts and a manifest, the record behind every store."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import NotRequired, TypedDict, Unpack

import polars as pl

from lineage import __version__, deltas, locks, room
from lineage.errors import Damaged, Fatal, LineageError, NoData, NotFound, TooNew
from lineage.schema import LISTING, QUARANTINE, SNAPSHOT_VERSION
from lineage.sealing import Part, Sorted, parquet, sync_folder, write_file, write_sorted
from lineage.settings import Settings

__all__ = ["Manifest", "Part", "Snapshot", "Whole", "adopted", "listed", "opened", "scope_slug", "sealed"]

MANIFEST = "manifest.json"
_QUARANTINE = "quarantine.parquet"
_SAME = ("sha256", "scope", "kind")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Whole:
    """The snapshot that a layer was cut from, and what of it the layer's rows no longer tell."""

    id: str
    sha256: str
    rows: int
    models: int
    quarantined: int
    downloads: int


class Facts(TypedDict):
    """What the maker of a snapshot says of it; `Manifest` tells what each means."""

    scope: str
    kind: str
    source: str
    started_at: datetime
    finished_at: datetime
    as_of: datetime
    endpoint: NotRequired[str | None]
    simulated: NotRequired[bool]
    watermark: NotRequired[datetime | None]
    card: NotRequired[bool]
    complete: NotRequired[bool]
    fields: NotRequired[tuple[str, ...]]
    pages: NotRequired[int]
    requests: NotRequired[int]
    missing_columns: NotRequired[tuple[str, ...]]
    notes: NotRequired[tuple[str, ...]]
    expanded: NotRequired[int | None]
    unexpanded: NotRequired[int | None]
    direct_exact: NotRequired[bool | None]
    aliases: NotRequired[tuple[tuple[str, str], ...]]
    former: NotRequired[tuple[tuple[str, str], ...]]
    based_on: NotRequired[str | None]
    full_as_of: NotRequired[datetime | None]
    whole: NotRequired[Whole | None]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a snapshot holds and where it came from. Times are UTC and aware.

    `rows` = `models` + `quarantined`; `repeated` counts further rows, left out for a newer one of the same model.
    `scope` is "hub", or slugs and ids sorted and joined by "+". `kind` is crawl, import, dump or update. `sha256` is
    over the schema version, the parts' digests and the old names: two snapshots with the same one count the same. Of a
    family crawl: `expanded` models had all their children listed, `unexpanded` had not; `direct_exact` where every
    member had. `aliases` are pairs (old id, id now) that redirects showed, or one hub_id in two snapshots. `former` are
    pairs (name, hub_id) of models whose hub_id no row tells, private for a day say: they mean nobody until one does. An
    update is `based_on` another snapshot, whose parts it shares, with delta parts over them; `full_as_of` is when the
    whole was last listed. A layer holds some of the rows of another snapshot, the `whole`, and its `kind` is layer.
    """

    id: str
    schema_version: int
    scope: str
    kind: str
    source: str
    endpoint: str | None = None
    simulated: bool = False
    started_at: datetime
    finished_at: datetime
    as_of: datetime
    watermark: datetime | None = None
    card: bool = True
    complete: bool = True
    fields: tuple[str, ...] = ()
    rows: int = 0
    models: int = 0
    quarantined: int = 0
    repeated: int = 0
    pages: int = 0
    requests: int = 0
    missing_columns: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    quarantine: Part | None = None
    sha256: str = ""
    tool_version: str
    notes: tuple[str, ...] = ()
    expanded: int | None = None
    unexpanded: int | None = None
    direct_exact: bool | None = None
    aliases: tuple[tuple[str, str], ...] = ()
    former: tuple[tuple[str, str], ...] = ()
    based_on: str | None = None
    full_as_of: datetime | None = None
    whole: Whole | None = None

    def to_json(self) -> str:
        """The manifest as it is written, times in ISO 8601."""
        return json.dumps(asdict(self), default=datetime.isoformat, indent=1, ensure_ascii=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """A manifest from its text; keys it does not know are left out. Raises ValueError, KeyError or TypeError."""
        raw = json.loads(text)
        known = {f.name: raw[f.name] for f in fields(cls) if f.name in raw}
        for name in ("started_at", "finished_at", "as_of", "watermark", "full_as_of"):
            told = known.get(name)
            known[name] = told and datetime.fromisoformat(told)
        for name in ("fields", "missing_columns", "notes"):
            known[name] = tuple(known.get(name, ()))
        for name in ("aliases", "former"):
            known[name] = tuple((old, new) for old, new in known.get(name, ()))
        known["parts"] = tuple(_part(part) for part in known["parts"])
        known["quarantine"] = known["quarantine"] and _part(known["quarantine"])
        known["whole"] = Whole(**known["whole"]) if known.get("whole") else None
        return cls(**known)


def _part(raw: Mapping[str, object]) -> Part:
    name = str(raw["name"])
    if Path(name).name != name:
        raise ValueError(f"a part may not lie outside its snapshot: {name!r}")
    return Part(name, int(str(raw["rows"])), int(str(raw["bytes"])), str(raw["sha256"]))


@dataclass(frozen=True)
class Snapshot:
    """A sealed snapshot on disk."""

    manifest: Manifest
    path: Path

    def rows(self, columns: Sequence[str] | None = None) -> pl.LazyFrame:
        """The listing rows (schema.LISTING), or those columns: sorted by hub_id (nulls last), then id; one row a model.

        Raises `Damaged` where a part is missing or of another size; `verify` looks inside.
        """
        for part in self.manifest.parts:
            self._sized(part)
        names = [part.name for part in self.manifest.parts]
        base = [self.path / name for name in names if not deltas.is_delta(name)]
        rows = pl.scan_parquet(base, glob=False) if base else pl.LazyFrame(schema=LISTING)
        later = [pl.scan_parquet(self.path / name, glob=False) for name in names if deltas.is_delta(name)]
        if later:
            return deltas.overlaid(rows, later, list(LISTING) if columns is None else columns)
        return rows if columns is None else rows.select(list(columns))

    def quarantined(self) -> pl.DataFrame:
        """The rows that could not be read (schema.QUARANTINE)."""
        part = self.manifest.quarantine
        if part is None:
            return pl.DataFrame(schema=QUARANTINE)
        return pl.read_parquet(BytesIO(self._checked(part)))

    def verify(self) -> None:
        """Hash every file again; raises `Damaged` naming the first that is not what the manifest says.

        A digest over the parts alone is taken too, as snapshots had it before it covered aliases.
        """
        for part in (*self.manifest.parts, *([self.manifest.quarantine] if self.manifest.quarantine else [])):
            self._checked(part)
        if self.manifest.sha256 not in (_digest(self.manifest), _parts_digest(self.manifest)):
            raise Damaged(f"{self.path / MANIFEST}: its digest does not fit its parts and old names. {_AGAIN}")

    def _sized(self, part: Part) -> Path:
        path = self.path / part.name
        try:
            size = path.stat().st_size
        except OSError as error:
            raise Damaged(f"{path} cannot be read ({error.strerror}). {_AGAIN}") from error
        if size != part.bytes:
            raise Damaged(f"{path} has {size:,} bytes where its manifest says {part.bytes:,}. {_AGAIN}")
        return path

    def _checked(self, part: Part) -> bytes:
        path = self._sized(part)
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != part.sha256:
            raise Damaged(f"{path} is not what was written: its SHA-256 differs from the manifest's. {_AGAIN}")
        return data


_AGAIN = "Restore the folder from a copy, or remove it and crawl or import again."


def listed(settings: Settings) -> tuple[Manifest, ...]:
    """The manifests of all sealed snapshots, oldest first by when they were begun; unreadable ones are only logged."""
    found: list[Manifest] = []
    for folder in _folders(settings):
        try:
            found.append(_manifest(folder))
        except LineageError as error:
            _log.warning("Snapshot left out: %s", error)
    return tuple(sorted(found, key=lambda m: (m.started_at, m.finished_at, m.id)))


def moment(manifest: Manifest) -> tuple[datetime, datetime, str]:
    """What makes one snapshot of a scope newer than another: the moment it describes, then when it was begun."""
    return manifest.as_of, manifest.started_at, manifest.id


def opened(settings: Settings, id: str | None = None) -> Snapshot:
    """The snapshot of that id, or the newest; raises `NoData`, `NotFound`, `TooNew` or `Damaged`.

    The newest is the one that tells the latest moment of the scope that was begun last: a dump made later may be older.
    """
    folders = {folder.name: folder for folder in _folders(settings)}
    if not folders:
        raise NoData(
            f"No snapshot in {settings.snapshots} yet. Try: lineage bootstrap, lineage crawl or lineage import FILE."
        )
    if id is None:
        known = listed(settings)
        if not known:
            _manifest(next(reversed(folders.values())))
        same = (m for m in known if (m.scope, m.simulated) == (known[-1].scope, known[-1].simulated))
        id = max(same, key=moment).id
    if id not in folders:
        raise NotFound(
            f"No snapshot {id!r} here; lineage snapshots lists them.", get_close_matches(id, folders, 3, 0.4)
        )
    return Snapshot(_manifest(folders[id]), folders[id])


def sealed(
    settings: Settings,
    *,
    rows: pl.LazyFrame | Iterable[pl.DataFrame],
    quarantined: pl.DataFrame,
    over: Snapshot | None = None,
    **facts: Unpack[Facts],
) -> Snapshot:
    """Write a snapshot beside, sync it, rename it into place; never half a one. Of a model's rows the newest stays.

    `rows` as `sealing.write_sorted` takes them. The id is the scope's slug and `started_at`; the same rows of the same
    kind sealed again under the same id are the snapshot already there. `over` another snapshot the rows are a delta:
    its parts are shared, by hard links where the disk has them, and each row takes the place of its model's. Raises
    `Fatal` where the disk is full, saying what was kept.
    """
    for name in ("started_at", "finished_at", "as_of", "watermark", "full_as_of"):
        moment = facts.get(name)
        if isinstance(moment, datetime) and moment.tzinfo is None:
            raise ValueError(f"a time without a zone: {moment}")
    began = facts["started_at"].astimezone(UTC)
    manifest = Manifest(
        id=f"{scope_slug(facts['scope'])}-{began:%Y%m%dT%H%M%SZ}",
        schema_version=SNAPSHOT_VERSION,
        tool_version=__version__,
        quarantined=quarantined.height,
        **facts,
    )
    return _sealed(settings, manifest, rows, quarantined, over)


def adopted(settings: Settings, folder: Path, manifest: Manifest) -> Snapshot:
    """Put a folder with all files of a manifest among the snapshots; each is hashed first. The folder is gone then.

    Raises `Damaged` where a file is not what the manifest says, or its digest not that of its parts and aliases.
    """
    Snapshot(manifest, folder).verify()
    if manifest.sha256 != _digest(manifest):
        raise Damaged(f"{manifest.id}: its digest does not fit its aliases. It was sealed before digests covered them.")
    settings.snapshots.mkdir(parents=True, exist_ok=True)
    with locks.exclusive(settings.snapshots / ".lock", locks.myself(), wait=True):
        _sweep(settings)
        write_file(folder / MANIFEST, manifest.to_json().encode(), 1)
        sync_folder(folder)
        snapshot = _placed(settings, manifest, folder)
    if folder.exists():
        rmtree(folder)
    return snapshot


def scope_slug(scope: str) -> str:
    """A scope as part of a file name: [a-z0-9-], at most 48 characters, with a digest where it could be mistaken."""
    plain = scope.replace("+", "-")
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    if slug and slug == plain and len(slug) <= 48:
        return slug
    digest = hashlib.sha256(scope.encode()).hexdigest()[:8]
    return f"{slug[:39].rstrip('-')}-{digest}".lstrip("-")


def _sealed(
    settings: Settings,
    facts: Manifest,
    rows: pl.LazyFrame | Iterable[pl.DataFrame],
    quarantined: pl.DataFrame,
    over: Snapshot | None,
) -> Snapshot:
    beside = settings.snapshots / f".{facts.id}"
    try:
        with locks.exclusive(settings.snapshots / ".lock", locks.myself(), wait=True):
            _sweep(settings)
            beside.mkdir(parents=True)
            try:
                return _placed(settings, _written(beside, facts, rows, quarantined, over), beside)
            finally:
                _sweep(settings)
    except OSError as error:
        if error.errno not in room.CODES:
            raise
        raise Fatal(
            f"No room left on the disk for snapshot {facts.id} in {settings.snapshots} ({error.strerror}). "
            "It was not sealed and its unfinished files were removed; earlier snapshots are untouched, and so is what "
            "it was made from. Make room (lineage prune removes old snapshots) and run the same command again."
        ) from error


def _written(
    folder: Path,
    facts: Manifest,
    rows: pl.LazyFrame | Iterable[pl.DataFrame],
    quarantined: pl.DataFrame,
    over: Snapshot | None,
) -> Manifest:
    result = write_sorted(folder, rows) if over is None else _laid(folder, rows, over)
    bad = None
    if not quarantined.is_empty():
        bad = write_file(
            folder / _QUARANTINE,
            parquet(quarantined.select(list(QUARANTINE)).sort(list(QUARANTINE))),
            quarantined.height,
        )
    manifest = replace(
        facts,
        parts=result.parts,
        models=result.models,
        rows=result.models + facts.quarantined,
        repeated=result.repeated,
        quarantine=bad,
    )
    manifest = replace(manifest, sha256=_digest(manifest))
    write_file(folder / MANIFEST, manifest.to_json().encode(), 1)
    sync_folder(folder)
    return manifest


def _laid(folder: Path, rows: pl.LazyFrame | Iterable[pl.DataFrame], over: Snapshot) -> Sorted:
    """The parts of another snapshot, shared, and the rows in delta parts after them."""
    for part in over.manifest.parts:
        deltas.share(over._sized(part), folder / part.name)
    first = sum(deltas.is_delta(part.name) for part in over.manifest.parts)
    added = write_sorted(folder, rows, stem=deltas.STEM, first=first)
    parts = (*over.manifest.parts, *added.parts)
    whole = Snapshot(replace(over.manifest, parts=parts), folder)
    models: int = whole.rows(["id"]).select(pl.len()).collect().item()
    return Sorted(parts, models, added.repeated)


def _placed(settings: Settings, manifest: Manifest, folder: Path) -> Snapshot:
    """Rename into place; where the name is taken by the same listing that one, by another the next free name."""
    for number in range(2, 10_000):
        target = settings.snapshots / manifest.id
        if not target.exists():
            folder.rename(target)
            sync_folder(settings.snapshots)
            return Snapshot(manifest, target)
        try:
            there = _manifest(target)
        except LineageError:
            there = None
        if there is not None and all(getattr(there, fact) == getattr(manifest, fact) for fact in _SAME):
            return Snapshot(there, target)
        base = manifest.id if number == 2 else manifest.id.rpartition("-")[0]
        manifest = replace(manifest, id=f"{base}-{number}")
        (folder / MANIFEST).unlink()
        write_file(folder / MANIFEST, manifest.to_json().encode(), 1)
    raise Fatal(f"There are too many snapshots like {manifest.id} in {settings.snapshots}. Try: lineage prune.")


def _sweep(settings: Settings) -> None:
    """Remove unfinished folders; only with the lock in hand, so they are ours or a dead process's."""
    for folder in settings.snapshots.glob(".*/"):
        rmtree(folder)


def _folders(settings: Settings) -> list[Path]:
    if not settings.snapshots.is_dir():
        return []
    return sorted(f for f in settings.snapshots.iterdir() if f.is_dir() and not f.name.startswith("."))


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
        version = int(json.loads(text)["schema_version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} cannot be read ({error}). {_AGAIN}") from error
    if version > SNAPSHOT_VERSION:
        raise TooNew(
            f"Snapshot {folder.name} was written by a newer lineage (files version {version}, this one reads up to "
            f"{SNAPSHOT_VERSION}). Update lineage, or name another snapshot."
        )
    try:
        return replace(Manifest.from_json(text), id=folder.name)
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} is no manifest ({error}). {_AGAIN}") from error


def _digest(manifest: Manifest) -> str:
    """Over all that the counts rest on, now or later: the parts, and the old names where there are any."""
    parts = _parts_digest(manifest)
    if not manifest.aliases and not manifest.former:
        return parts
    names = [manifest.aliases, manifest.former] if manifest.former else [manifest.aliases]
    return hashlib.sha256("\n".join([parts, *(json.dumps(sorted(pairs)) for pairs in names)]).encode()).hexdigest()


def _parts_digest(manifest: Manifest) -> str:
    told = (f"{'delta ' * deltas.is_delta(part.name)}{part.sha256}" for part in manifest.parts)
    return hashlib.sha256("\n".join([str(manifest.schema_version), *told]).encode()).hexdigest()
