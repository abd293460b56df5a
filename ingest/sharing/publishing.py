"""A sealed snapshot put on the Hub as a dataset: screened, uploaded file by file, shown by one commit, tagged."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeAlias

from ingest.sharing import card, screening
from ingest.sharing.layers import FULL, LAYERS, LINEAGE, cut, layered
from ingest.sharing.licences import terms
from ingest.sharing.manifests import MANIFEST, parts_of, read
from ingest.sharing.remote import Remote, State
from lineage import locks
from lineage.errors import AlreadyRunning, Misuse, Refused, Unreachable
from lineage.settings import Settings
from lineage.snapshots import Snapshot, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lineage.registry import Registry
    from lineage.snapshots import Manifest

Bytes: TypeAlias = Callable[[int, int], None]

CARD = "README.md"
_OWN = (CARD, ".gitattributes")
_LICENCE = re.compile(r'^license: "([a-z0-9.+-]{1,60})"$', re.MULTILINE)
_SHORTEST = 8
"""Letters of the shortest token; a shorter text is found in anything."""


@dataclass(frozen=True)
class Published:
    """Where a snapshot is now: dataset, tag, commit, its layers' models; `bytes` of data, `new` unless it was there."""

    repo: str
    url: str
    snapshot: str
    tag: str
    commit: str
    layers: Mapping[str, int]
    bytes: int
    simulated: bool
    licence: str
    new: bool


@dataclass(frozen=True)
class Said:
    """What the publisher says: that the data is simulated, that it is incomplete, its licence, who may see it."""

    simulated: bool = False
    partial: bool = False
    license: str | None = None
    private: bool = False


def publish(
    settings: Settings,
    remote: Remote,
    registry: Registry,
    *,
    snapshot: str | None = None,
    layers: Sequence[str] = LAYERS,
    said: Said = Said(),
    progress: Bytes = lambda done, total: None,
) -> Published:
    """Put a snapshot (the newest, unless named) into a dataset, made where there is none; its tag is its id.

    One that is there already is left alone. What was uploaded before a fault is not sent again. Raises `Refused` where
    something must not leave: a token, a private model's row, simulated or incomplete data not called so, a dataset
    that holds something else or newer; `Misuse` for a licence that is missing or wrong.
    """
    found = opened(settings, snapshot)
    manifest = found.manifest
    _permitted(manifest, said)
    licence = terms(manifest, said.license, registry)
    secret = _secret(remote)
    found.verify()
    screening.screen(found, secret)
    with _workshop(settings) as folder:
        made = _layers(settings, found, registry, layers, folder)
        text = card.card(remote.repo, {n: s.manifest for n, s in made.items()}, manifest, licence, registry.version)
        screening.screen_text(text, secret, "The dataset's card")
        files = _files(made, folder, text)
        state = _prepared(remote, manifest, private=said.private)
        done = state.tags.get(manifest.id)
        new = done is None
        if done is None:
            done = _sent(remote, state, files, manifest, progress)
            remote.tagged(manifest.id, done)
        else:
            _same(remote, manifest, tuple(made))
            _stands(remote, state, done, licence.id)
    return Published(
        repo=remote.repo,
        url=f"{remote.endpoint}/datasets/{remote.repo}",
        snapshot=manifest.id,
        tag=manifest.id,
        commit=done,
        layers={name: layer.manifest.models for name, layer in made.items()},
        bytes=sum(part.bytes for layer in made.values() for part in parts_of(layer.manifest)),
        simulated=manifest.simulated,
        licence=licence.id,
        new=new,
    )


def _secret(remote: Remote) -> str | None:
    """The token in use, where it is long enough to be one."""
    found = remote.secret()
    return found if found and len(found) >= _SHORTEST else None


def _permitted(manifest: Manifest, said: Said) -> None:
    if manifest.simulated and not said.simulated:
        raise Refused(
            f"Snapshot {manifest.id} is simulated data, and a dataset of it could be taken for the real Hub. "
            "--as-simulated publishes it with a card that says so."
        )
    if said.simulated and not manifest.simulated:
        raise Misuse(f"Snapshot {manifest.id} is not simulated: leave --as-simulated out.")
    if not manifest.complete and not said.partial:
        raise Refused(
            f"Snapshot {manifest.id} is incomplete: its listing was not read to its end, so its counts are lower "
            "bounds. --partial publishes it with a card that says so."
        )
    if manifest.whole is not None:
        raise Refused(
            f"{manifest.id} is a layer that was pulled: its rows are not all there, so it is not published again. "
            "Point to the dataset it came from, or pull its full layer."
        )


@contextmanager
def _workshop(settings: Settings) -> Iterator[Path]:
    """A folder of this run alone, gone afterwards; what a killed one left is swept first."""
    folder = settings.home / "publishing"
    try:
        with locks.exclusive(settings.home / "publishing.lock", locks.myself()):
            rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                rmtree(folder)
    except locks.Taken as taken:
        raise AlreadyRunning(taken.told(f"publishing from {settings.home}")) from None


def _layers(
    settings: Settings, snapshot: Snapshot, registry: Registry, asked: Sequence[str], folder: Path
) -> dict[str, Snapshot]:
    """The layers asked for, in the order they are shown; a narrower scope has `full` alone."""
    wanted = [name for name in LAYERS if name in asked]
    if not layered(snapshot.manifest):
        if FULL not in wanted:
            raise Misuse(f"{snapshot.manifest.id} is not of the whole Hub, so it has one layer: --layer full.")
        wanted = [FULL]
    return {name: cut(settings, snapshot, registry, folder) if name == LINEAGE else snapshot for name in wanted}


def _files(made: Mapping[str, Snapshot], folder: Path, text: str) -> dict[str, Path]:
    """Paths in the dataset to files here: what the manifests name and nothing else that may lie beside."""
    readme = folder / CARD
    readme.write_text(text, encoding="utf-8", newline="\n")
    files = {CARD: readme}
    for name, layer in made.items():
        for file in (MANIFEST, *(part.name for part in parts_of(layer.manifest))):
            files[f"{name}/{file}"] = layer.path / file
    return files


def _prepared(remote: Remote, manifest: Manifest, *, private: bool) -> State:
    """The dataset, made where it is not there; raises `Refused` where it holds something that this may not replace."""
    state = remote.state()
    if state is None:
        remote.created(private=private)
        state = remote.state()
    if state is None:
        raise Unreachable(f"{remote.endpoint} made {remote.repo} and does not show it yet. Run the same command again.")
    if manifest.id in state.tags:
        return state
    there = held(remote, state)
    strange = [path for path in state.files if path not in _OWN and path.partition("/")[0] not in LAYERS]
    if strange or (there is None and not set(state.files) <= set(_OWN)):
        what = strange[0] if strange else sorted(set(state.files) - set(_OWN))[0]
        raise Refused(
            f"Dataset {remote.repo} holds {what!r}, which is no part of a published snapshot, and nothing there is "
            "replaced. Name a dataset that does not exist yet."
        )
    if there is not None:
        _succeeds(remote.repo, there, manifest)
    return state


def held(remote: Remote, state: State) -> Manifest | None:
    """The manifest of the snapshot that a revision of a dataset holds, of whichever layer is there."""
    for name in LAYERS:
        if f"{name}/{MANIFEST}" in state.files:
            return read(remote, state, name)
    return None


def _succeeds(repo: str, there: Manifest, manifest: Manifest) -> None:
    kinds = {True: "simulated", False: "real"}
    if there.simulated != manifest.simulated:
        raise Refused(
            f"Dataset {repo} holds {kinds[there.simulated]} data, and {manifest.id} is {kinds[manifest.simulated]}: "
            "they are never mixed in one dataset. Name another."
        )
    scope = "hub" if there.whole is not None else there.scope
    if scope != manifest.scope:
        raise Refused(f"Dataset {repo} holds snapshots of {scope}, and {manifest.id} is of {manifest.scope}.")
    if there.as_of > manifest.as_of:
        raise Refused(
            f"Dataset {repo} holds a snapshot of {there.as_of:%Y-%m-%d %H:%M} UTC already, newer than {manifest.id} of "
            f"{manifest.as_of:%Y-%m-%d %H:%M}. Publish older ones in a dataset of their own."
        )


def _same(remote: Remote, manifest: Manifest, layers: Sequence[str]) -> None:
    """That a tag of this name is of these rows, in these layers at least."""
    tagged = remote.state(manifest.id)
    there = held(remote, tagged) if tagged else None
    if tagged is None or there is None or _whole_digest(there) != manifest.sha256:
        raise Refused(
            f"Dataset {remote.repo} has a tag {manifest.id} of other rows than these, and a tag that is cited is never "
            "moved. Name another dataset."
        )
    lacking = [name for name in layers if f"{name}/{MANIFEST}" not in tagged.files]
    if lacking:
        raise Refused(
            f"Dataset {remote.repo} has {manifest.id} already, without its layer {lacking[0]}, and a tag that is cited "
            "is never moved. Publish that layer in another dataset, or with the next snapshot."
        )


def _stands(remote: Remote, state: State, commit: str, licence: str) -> None:
    """That the licence on the card of what is published is this one."""
    if CARD not in state.files:
        return
    with TemporaryDirectory() as folder:
        text = remote.fetched(CARD, commit, Path(folder)).read_text(encoding="utf-8", errors="replace")
    found = _LICENCE.search(text)
    if found and found[1] != licence:
        raise Refused(
            f"Dataset {remote.repo} has these rows under {found[1]} already, not under {licence}, and a tag that is "
            "cited is never moved. To change it, publish a newer snapshot with that --license, or name another dataset."
        )


def _whole_digest(manifest: Manifest) -> str:
    return manifest.whole.sha256 if manifest.whole else manifest.sha256


def _sent(
    remote: Remote,
    state: State,
    files: Mapping[str, Path],
    manifest: Manifest,
    progress: Bytes,
) -> str:
    """Upload every file, then commit them all at once; the commit."""
    sizes = {path: local.stat().st_size for path, local in files.items()}
    total, done = sum(sizes.values()), 0
    for path, local in files.items():
        progress(done, total)
        remote.uploaded(local, path)
        done += sizes[path]
    progress(done, total)
    gone = [path for path in state.files if path not in files and path != ".gitattributes"]
    name = f"{'Simulated s' if manifest.simulated else 'S'}napshot {manifest.id}"
    for attempt in remote.tries():
        with attempt:
            if attempt.retry_state.attempt_number > 1:
                now = remote.state()
                if now is not None and now.commit != state.commit:
                    return _landed(remote, now, manifest)
            return remote.committed(files, gone, name, state.commit)
    raise AssertionError("a retry ends by returning or raising")


def _landed(remote: Remote, now: State, manifest: Manifest) -> str:
    """The commit that a lost answer spoke of, where it is ours."""
    there = held(remote, now)
    if there is None or _whole_digest(there) != manifest.sha256:
        raise Refused(f"Dataset {remote.repo} was changed by somebody else meanwhile. Run the same command again.")
    return now.commit
