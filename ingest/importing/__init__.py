"""A file of listing rows, or the published dump, becomes a sealed snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from typing import TypeAlias

import polars as pl

from ingest.crawl import renames
from ingest.crawl.series import WHOLE
from ingest.crawl.update import OVERLAP
from ingest.hub.addresses import PAGE_ROWS
from ingest.importing import bootstrap
from ingest.parse import Parsed, dump, jsonl, quarantine
from lineage import locks, room
from lineage.errors import Fatal
from lineage.export.plain import plural
from lineage.schema import LISTING
from lineage.settings import Settings
from lineage.snapshots import Manifest, Snapshot, listed, moment, sealed

Bytes: TypeAlias = Callable[[int, int], None]
Say: TypeAlias = Callable[[str], None]

_PARQUET = b"PAR1"
_CARD = tuple(name for name in LISTING if name.startswith("card_"))
_SPEAKING = ("tags", "baseModels", "cardData")
_CUT = "The file ends in the middle; the whole rows before that were kept."


@dataclass
class _Spool:
    """Rows kept on disk while they pass, and what is learnt of them; times after `now` are no measure of age."""

    folder: Path
    now: datetime
    modified: datetime | None = None
    created: datetime | None = None
    card: bool = False
    files: list[Path] = field(default_factory=list)
    quarantined: list[pl.DataFrame] = field(default_factory=list)

    def take(self, batches: Iterable[Parsed]) -> None:
        """Keep all rows of all batches; one is written while the next is read."""
        with ThreadPoolExecutor(1) as writer:
            written = writer.submit(lambda: None)
            for batch in batches:
                self.quarantined.append(batch.quarantined)
                self.modified = self._newest(self.modified, batch.rows["last_modified"])
                self.created = self._newest(self.created, batch.rows["created_at"])
                self.card = self.card or any(batch.rows[name].null_count() < batch.rows.height for name in _CARD)
                written.result()
                written = writer.submit(self._keep, batch.rows)
            written.result()

    def rows(self) -> pl.LazyFrame:
        """All that was kept."""
        return pl.scan_ipc(self.files) if self.files else pl.LazyFrame(schema=LISTING)

    def refused(self) -> pl.DataFrame:
        """What no row came of."""
        return pl.concat([quarantine([]), *self.quarantined])

    def _newest(self, so_far: datetime | None, times: pl.Series) -> datetime | None:
        newest = times.filter(times <= self.now).max()
        return newest if isinstance(newest, datetime) and (so_far is None or newest > so_far) else so_far

    def _keep(self, rows: pl.DataFrame) -> None:
        path = self.folder / f"{len(self.files):06d}.arrow"
        buffer = BytesIO()
        rows.write_ipc(buffer, compression="lz4")
        path.write_bytes(buffer.getbuffer())
        self.files.append(path)


def import_file(
    settings: Settings,
    path: Path,
    *,
    now: Callable[[], datetime],
    progress: Bytes = lambda done, total: None,
    say: Say = lambda text: None,
) -> Snapshot:
    """Seal a snapshot of a file: JSON Lines (plain, .gz, .zst) or a dump's Parquet, told by its first bytes.

    `progress` is told bytes done and bytes in all. It is dated by its newest change, else creation, else the file's own
    time; what it lacks is told to `say` and noted. Its scope is "import": no file shows that it holds the whole Hub.
    Raises Fatal where no row can be read, nothing tells of parents or there is no room, Damaged at broken Parquet.
    """
    started = now()
    if jsonl.head(path) == _PARQUET:
        reader = dump.read(path, progress)
        _tell(say, path, reader.missing)
        return _seal_dump(settings, reader, path.name, None, started, _changed(path), now, scope="import")
    rows = jsonl.read(path, progress)
    with _spool(settings, started) as spool:
        spool.take(rows)
        _refuse_silent(path.name, rows.missing)
        _tell(say, path, rows.missing)
        return sealed(
            settings,
            rows=spool.rows(),
            quarantined=spool.refused(),
            scope="import",
            kind="import",
            source=_printable(path.name),
            simulated=rows.simulated,
            started_at=started,
            finished_at=now(),
            as_of=spool.modified or spool.created or _changed(path),
            watermark=spool.modified or spool.created,
            card=spool.card,
            missing_columns=rows.missing,
            notes=(*([_CUT] if rows.cut else []), *_lacking(rows.missing)),
        )


def bootstrap_hub(
    settings: Settings,
    *,
    now: Callable[[], datetime],
    progress: Bytes = lambda done, total: None,
    say: Say = lambda text: None,
    remark: Say = lambda text: None,
    token: str | bool | None = None,
) -> Snapshot:
    """Seal a snapshot of the whole Hub from the newest published dump; `say` is told what is read, and how old it is.

    `remark` is told again what of that holds after the run: how it stands to what was here, what catching up takes.
    Where the whole file had to be fetched it goes once it is sealed; before that the same command resumes it.
    Raises Unreachable, HubBusy, Refused or NotFound in one sentence, Damaged or Fatal as `import_file` does.
    """
    started = now()
    found = bootstrap.find(settings.endpoint, token, started)
    day = datetime(found.day.year, found.day.month, found.day.day, tzinfo=UTC)
    kept = settings.home / "dumps"
    before = listed(settings)
    whole = [m for m in before if m.scope == WHOLE and m.endpoint in (found.endpoint, None)]
    with bootstrap.read(found, token, progress, say, cache=kept) as reader:
        snapshot = _seal_dump(
            settings, reader, found.source, found.endpoint, started, day, now, notes=(found.terms,), whole=whole
        )
    rmtree(kept, ignore_errors=True)
    last = max(whole, key=moment, default=None)
    for text in _remarks(found.source, snapshot, last, snapshot.manifest.watermark or day, started, before):
        say(text)
        remark(text)
    return snapshot


def _remarks(
    source: str, snapshot: Snapshot, last: Manifest | None, newest: datetime, now: datetime, before: Sequence[Manifest]
) -> Iterator[str]:
    """How a dump stands to the snapshots before it, and what it takes to catch up."""
    same = [manifest.id for manifest in before if manifest.sha256 == snapshot.manifest.sha256]
    if same:
        yield f"{source} holds the same rows as {same[-1]}, which is here already."
    if last is not None and last.as_of > snapshot.manifest.as_of:
        yield _later(snapshot.manifest, last)
    elif now - newest > bootstrap.STALE:
        yield _catching_up(source, snapshot, newest, now)


def _later(dumped: Manifest, last: Manifest) -> str:
    """That a snapshot here is later than the dump, and what goes by which."""
    return (
        f"{dumped.source} ends on {dumped.as_of:%Y-%m-%d %H:%M} UTC, before {last.id} "
        f"({last.as_of:%Y-%m-%d %H:%M} UTC), which is here already: lineage update goes on from that one. lineage load "
        f"--snapshot {last.id} answers from it again."
    )


def _catching_up(source: str, snapshot: Snapshot, newest: datetime, now: datetime) -> str:
    """What it takes to catch up, by how many models last changed in as long a time before the dump."""
    span = now - newest
    modified = pl.col("last_modified") > newest - span - OVERLAP
    changed: int = snapshot.rows(["last_modified"]).filter(modified).select(pl.len()).collect().item()
    listing = -(-snapshot.manifest.models // PAGE_ROWS)
    needed = min(-(-changed // PAGE_ROWS) + 1, listing)
    told = f"The newest change in {source} is {span.days} days old. As many models as changed in the {span.days} days "
    return (
        f"{told}before it ({changed:,}) are {plural(needed, 'request')} to catch up with: lineage update does, card "
        f"data included for what changed. A full crawl would be {listing:,}."
    )


def seal_archive(
    settings: Settings,
    found: bootstrap.Dump,
    *,
    now: Callable[[], datetime],
    progress: Bytes = lambda done, total: None,
    say: Say = lambda text: None,
    token: str | bool | None = None,
) -> Snapshot:
    """Seal a dated snapshot of an archived dump; it begins when its rows end, so that it stands in its place in time.

    Raises what `bootstrap_hub` does.
    """
    started, kept = now(), settings.home / "dumps"
    day = datetime(found.day.year, found.day.month, found.day.day, tzinfo=UTC)
    with bootstrap.read(found, token, progress, say, cache=kept) as reader:
        snapshot = _seal_dump(
            settings, reader, found.source, found.endpoint, started, day, now, notes=(found.terms,), dated=True
        )
    rmtree(kept, ignore_errors=True)
    return snapshot


def _seal_dump(
    settings: Settings,
    reader: dump.DumpReader,
    source: str,
    endpoint: str | None,
    started: datetime,
    otherwise: datetime,
    now: Callable[[], datetime],
    *,
    scope: str = WHOLE,
    notes: tuple[str, ...] = (),
    dated: bool = False,
    whole: Sequence[Manifest] = (),
) -> Snapshot:
    with closing(reader), _spool(settings, started) as spool:
        _refuse_silent(source, reader.missing)
        spool.take(reader)
        if not spool.rows().head(1).collect().height:
            raise Fatal(f"{source} holds no row that can be read.")
        as_of = spool.modified or spool.created or otherwise
        last = max((m for m in whole if m.as_of <= as_of), key=moment, default=None)
        names = renames.carried(settings, last, spool.rows())
        return sealed(
            settings,
            rows=spool.rows(),
            quarantined=spool.refused(),
            scope=scope,
            kind="dump",
            source=_printable(source),
            endpoint=endpoint,
            simulated=reader.simulated,
            started_at=as_of if dated else started,
            finished_at=now(),
            as_of=as_of,
            watermark=spool.modified or spool.created,
            card=reader.card,
            missing_columns=reader.missing,
            notes=(*notes, *_lacking(reader.missing)),
            aliases=names.aliases,
            former=names.former,
        )


def _refuse_silent(source: str, missing: tuple[str, ...]) -> None:
    if set(_SPEAKING) <= set(missing):
        raise Fatal(
            f"{_printable(source)} has none of {', '.join(_SPEAKING)}, so nothing in it says what derives from what: "
            "export it again with one of them, or try lineage bootstrap."
        )


def _lacking(missing: tuple[str, ...]) -> tuple[str, ...]:
    return (f"The input lacks: {', '.join(missing)}.",) if missing else ()


def _tell(say: Say, path: Path, missing: tuple[str, ...]) -> None:
    if not set(_SPEAKING) <= set(missing):
        for note in _lacking(missing):
            say(f"{path.name}: {note}")


@contextmanager
def _spool(settings: Settings, now: datetime) -> Iterator[_Spool]:
    """A folder of this import alone, gone afterwards; what a killed one left is swept first."""
    folder = settings.home / "importing"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locks.exclusive(settings.home / "importing.lock", locks.myself(), wait=True):
            rmtree(folder)
            folder.mkdir()
            try:
                yield _Spool(folder, now)
            finally:
                rmtree(folder)
    except OSError as error:
        if error.errno not in room.CODES:
            raise
        raise Fatal(
            f"No room left on the disk for this import in {settings.home} ({error.strerror}). Nothing was sealed, "
            "earlier snapshots are untouched. Make room (lineage prune removes old ones) and run the command again."
        ) from error


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
