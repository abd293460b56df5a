"""A published snapshot fetched: every file checked before anything is put in place, nothing left where one is wrong."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from shutil import disk_usage, rmtree

from ingest.crawl.update import OVERLAP
from ingest.sharing.layers import LAYERS
from ingest.sharing.manifests import MANIFEST, check_rows, parts_of, read
from ingest.sharing.remote import Remote, State
from lineage import locks
from lineage.errors import AlreadyRunning, Damaged, Fatal, NotFound, Refused
from lineage.export.plain import size
from lineage.settings import Settings
from lineage.snapshots import Manifest, Part, Snapshot, adopted, listed

Bytes = Callable[[int, int], None]

_AHEAD = timedelta(days=1)
_SPARE = 50_000_000
"""Bytes of the disk that a pull leaves free."""


def pull(
    settings: Settings,
    remote: Remote,
    *,
    revision: str | None = None,
    layer: str | None = None,
    now: Callable[[], datetime],
    progress: Bytes = lambda done, total: None,
    say: Callable[[str], None] = lambda text: None,
) -> Snapshot:
    """The snapshot that a dataset holds at a branch, tag or commit, put beside those that are here.

    `layer` None takes lineage, else full. A fault of the network keeps what was fetched for the same command again; a
    file that is not what its manifest says leaves nothing. Raises `NotFound`, `Damaged`, `TooNew`, and what `Remote`
    raises.
    """
    state = remote.state(revision)
    if state is None:
        raise NotFound(
            f"{remote.endpoint} has no dataset {remote.repo}, or does not show it without a token. Check the name, "
            "HF_ENDPOINT and HF_TOKEN."
        )
    chosen = _chosen(remote, state, layer)
    if layer is None and chosen != LAYERS[0]:
        say(f"{remote.repo} has no {LAYERS[0]} layer at this revision; fetching {chosen}.")
    manifest = read(remote, state, chosen)
    _complete(remote, state, chosen, manifest)
    _timely(remote, manifest, now())
    _welcome(settings, manifest)
    with _workshop(settings, remote, state.commit, chosen) as folder:
        _fetch(remote, state.commit, chosen, manifest, folder, progress)
        return _placed(settings, remote, manifest, folder, chosen)


def _chosen(remote: Remote, state: State, layer: str | None) -> str:
    there = [name for name in LAYERS if f"{name}/{MANIFEST}" in state.files]
    if not there:
        raise NotFound(f"Dataset {remote.repo} holds no published snapshot at this revision. Check the name.")
    if layer is not None and layer not in there:
        raise NotFound(f"Dataset {remote.repo} has no layer {layer} at this revision, only {there[0]}.")
    return layer or there[0]


def _complete(remote: Remote, state: State, layer: str, manifest: Manifest) -> None:
    """That the dataset holds the files which the manifest names, of those sizes, and no others."""
    said = {f"{layer}/{part.name}": part.bytes for part in parts_of(manifest)} | {f"{layer}/{MANIFEST}": None}
    there = {path: bytes for path, bytes in state.files.items() if path.startswith(f"{layer}/")}
    missing, many = sorted(set(said) - set(there)), sorted(set(there) - set(said))
    if missing:
        raise Damaged(f"Dataset {remote.repo} lacks {missing[0]}, which its manifest names. Nothing was fetched.")
    if many:
        raise Damaged(
            f"Dataset {remote.repo} holds {many[0]!r}, which its manifest does not name. Nothing was fetched."
        )
    for path, claimed in said.items():
        if claimed is not None and claimed != there[path]:
            raise Damaged(
                f"{path} of dataset {remote.repo} has {there[path]:,} bytes where its manifest says {claimed:,}. "
                "Nothing was fetched."
            )


def _timely(remote: Remote, manifest: Manifest, now: datetime) -> None:
    if manifest.as_of > now + _AHEAD:
        told = f"speaks of {manifest.as_of:%Y-%m-%d %H:%M} UTC, which is yet to come"
    elif late := _late(manifest, now):
        told = f"is not to be gone by: its {late} is yet to come"
    else:
        return
    raise Damaged(
        f"Dataset {remote.repo} {told}. Nothing was fetched. Check this machine's clock, or tell the publisher."
    )


def _late(manifest: Manifest, now: datetime) -> str:
    """The first time of a manifest that cannot have been yet, or nothing; what an update goes by is held to more."""
    ends = {"started_at": now + _AHEAD, "finished_at": now + _AHEAD, "watermark": now + OVERLAP}
    return next((name for name, end in ends.items() if (at := getattr(manifest, name)) is not None and at > end), "")


def _welcome(settings: Settings, manifest: Manifest) -> None:
    """That the rows may live in this home: invented ones and real ones are never mixed, and there is room."""
    if any(one.simulated != manifest.simulated for one in listed(settings)):
        here, there = ("real", "simulated") if manifest.simulated else ("simulated", "real")
        raise Refused(f"{settings.home} holds {here} data, and this snapshot is {there}. Try another --home.")
    settings.home.mkdir(parents=True, exist_ok=True)
    need, free = sum(part.bytes for part in parts_of(manifest)), disk_usage(settings.home).free
    if need + _SPARE > free and os.access(settings.home, os.W_OK):
        raise Fatal(
            f"{manifest.id} needs {size(need)} in {settings.home}, and leaves {size(_SPARE)} to others; {size(free)} "
            "are free. Make room (lineage prune removes old snapshots), or try another --home. Nothing was fetched."
        )


@contextmanager
def _workshop(settings: Settings, remote: Remote, commit: str, layer: str) -> Iterator[Path]:
    """Where the files of one revision gather; those of another go. It stays where a pull was cut off."""
    root = settings.home / "pulling"
    told = "\n".join((remote.endpoint, remote.repo, commit, layer))
    folder = root / hashlib.sha256(told.encode()).hexdigest()[:16]
    try:
        with locks.exclusive(settings.home / "pulling.lock", locks.myself()):
            for other in root.glob("*"):
                if other != folder:
                    rmtree(other, ignore_errors=True)
            folder.mkdir(parents=True, exist_ok=True)
            try:
                yield folder
            except Damaged:
                rmtree(root)
                raise
            rmtree(root)
    except locks.Taken as taken:
        raise AlreadyRunning(taken.told(f"pulling into {settings.home}")) from None


def _fetch(remote: Remote, commit: str, layer: str, manifest: Manifest, folder: Path, progress: Bytes) -> None:
    total, done = sum(part.bytes for part in parts_of(manifest)), 0
    for part in parts_of(manifest):
        progress(done, total)
        path = remote.fetched(f"{layer}/{part.name}", commit, folder)
        _check(path, part, remote.repo)
        done += part.bytes
    progress(done, total)


def _check(path: Path, part: Part, repo: str) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if path.stat().st_size != part.bytes or digest != part.sha256:
        raise Damaged(
            f"{part.name} of dataset {repo} is not what its manifest says: its SHA-256 differs. Nothing was kept. Pull "
            "again, or tell the publisher."
        )


def _placed(settings: Settings, remote: Remote, manifest: Manifest, folder: Path, layer: str) -> Snapshot:
    """Move the files out of the client's folder, sync and look into them, and put them among the snapshots."""
    ready = folder / "ready"
    rmtree(ready, ignore_errors=True)
    ready.mkdir()
    for part in parts_of(manifest):
        (folder / layer / part.name).rename(ready / part.name)
        with (ready / part.name).open("r+b") as file:
            os.fsync(file.fileno())
    try:
        check_rows(Snapshot(manifest, ready))
        return adopted(settings, ready, manifest)
    except Damaged as error:
        said = str(error).replace(f"{ready}{os.sep}", "").partition(" Restore the folder")[0]
        raise Damaged(f"Dataset {remote.repo}: {said} Nothing was kept. Pull again, or tell the publisher.") from error
