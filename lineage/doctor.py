"""What is wrong on this machine, and what to try: one line a check, no secret ever shown."""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from lineage import __version__
from lineage.answers import Check
from lineage.errors import LineageError
from lineage.export.plain import plural, size
from lineage.settings import Settings

LITTLE = 5_000_000_000
"""Less free disk than this, in bytes, is a warning: the whole Hub needs about so much while it is loaded."""

OLD = 7
"""A snapshot older than this many days is stale."""


def check(
    settings: Settings, *, env: Mapping[str, str], hub: Callable[[Settings], Check] | None = None
) -> tuple[Check, ...]:
    """Every check in order; one that is well may still carry advice. `hub` asks the Hub, where that is wanted."""
    home = _home(settings)
    return (
        Check("lineage", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}"),
        home,
        _registry(settings),
        *((_disk(settings), _snapshot(settings), _store(settings), _server(settings)) if home.ok else ()),
        _token(env),
        *((hub(settings),) if hub else ()),
    )


def _nearest(path: Path) -> Path:
    """The path itself, or the first above it that exists."""
    return next((place for place in (path, *path.parents) if place.exists()), Path("."))


def _home(settings: Settings) -> Check:
    try:
        with tempfile.TemporaryFile(dir=_nearest(settings.home)):
            pass
    except OSError as error:
        return Check(
            "home", False, f"{settings.home} cannot be written: {error.strerror}", "--home DIR or LINEAGE_HOME"
        )
    return Check("home", True, str(settings.home) if settings.home.is_dir() else f"{settings.home} (not made yet)")


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(_nearest(settings.home)).free
    advice = "" if free >= LITTLE else "lineage prune, or --home on a larger disk"
    return Check("disk", free > LITTLE / 100, f"{size(free)} free", advice)


def _registry(settings: Settings) -> Check:
    from lineage.registry import load

    try:
        registry = load(settings.registry)
    except LineageError as error:
        return Check("registry", False, str(error), "correct the file named by --registry")
    seen = f"version {registry.version}: {plural(len(registry.families), 'family', 'families')}, " + plural(
        len(registry.organizations), "organisation"
    )
    return Check("registry", True, seen)


def _snapshot(settings: Settings) -> Check:
    from lineage.snapshots import listed

    found = listed(settings)
    if not found:
        return Check("snapshot", True, "none yet", "lineage bootstrap, lineage crawl deepseek, or lineage import FILE")
    newest = found[-1]
    age = (datetime.now(UTC) - newest.as_of).days
    simulated = ", simulated data" if newest.simulated else ""
    seen = f"{newest.id}, {plural(newest.models, 'model')}, {plural(age, 'day')} old{simulated}"
    return Check("snapshot", True, seen, "lineage crawl, or lineage bootstrap" if age > OLD else "")


def _store(settings: Settings) -> Check:
    from lineage.snapshots import listed
    from lineage.stores import open_store

    try:
        store = open_store(settings)
        try:
            loaded = store.loaded()
        finally:
            store.close()
    except LineageError as error:
        return Check("store", False, f"{_bare(settings.store)}: {error}", "lineage load makes it anew from a snapshot")
    sealed = listed(settings)
    if loaded is None:
        return Check("store", True, f"{_bare(settings.store)}: empty", "lineage load" if sealed else "")
    behind = bool(sealed) and sealed[-1].id != loaded.snapshot
    seen = (
        f"{_bare(settings.store)}: {loaded.snapshot}, {plural(loaded.models, 'model')}, {plural(loaded.edges, 'edge')}"
    )
    return Check("store", True, seen, f"lineage load: {sealed[-1].id} is newer" if behind else "")


def _bare(url: str) -> str:
    """An address without user and password, should someone have written them there."""
    scheme, slashes, rest = url.partition("://")
    return scheme + slashes + rest.rpartition("@")[2]


def _token(env: Mapping[str, str]) -> Check:
    home = Path(env.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    if env.get("HF_TOKEN"):
        return Check("token", True, "in HF_TOKEN")
    if Path(env.get("HF_TOKEN_PATH") or home / "token").is_file():
        return Check("token", True, "from `hf auth login`")
    return Check("token", True, "none: the Hub's smaller quota applies", "hf auth login, for a crawl of the whole Hub")


def _server(settings: Settings) -> Check:
    from lineage.stores.neo4j_local import read_local

    tools = [name for name in ("docker", "java") if shutil.which(name)]
    here = f"{' and '.join(tools)} found" if tools else "neither Docker nor Java found"
    try:
        local = read_local(settings.home)
    except LineageError as error:
        return Check("neo4j", False, str(error), "lineage neo4j up")
    if local is None:
        return Check("neo4j", True, f"no local server; {here}; it is optional")
    return Check("neo4j", True, f"local server {local.version} at {local.url}; {here}", "")
