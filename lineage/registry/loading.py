"""The registry from its files: those of the package, and a user's own laid over them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from lineage.errors import Fatal
from lineage.registry import building
from lineage.registry.checks import check
from lineage.registry.registry import Registry
from lineage.registry.tables import USER_SOURCE, Layers

FILES = (
    "sources.toml",
    "organizations.toml",
    "families.toml",
    "aliases.toml",
    "edges.toml",
    "released.toml",
    "licenses.toml",
    "claims.toml",
    "markers.toml",
    "arena.toml",
)

_USER_SOURCE = (
    f'[sources.{USER_SOURCE}]\ntitle = "a registry file of the user\'s own"\nwhere = "given with --registry"\n'
)


def load(extra: Path | None = None, *, today: date | None = None) -> Registry:
    """The package's registry, with a user's file laid over it.

    An entry of `extra` adds to its table or changes the named fields of the entry of the same key; one that names no
    source rests on the file itself. Raises Fatal that names the file, the entry and the mistake. `today` is the day
    that a user's dates may not pass; by default the clock's, in UTC.
    """
    layers = Layers()
    for name, text in texts().items():
        layers.lay(name, text)
    if extra is not None:
        layers.lay("(built in)", _USER_SOURCE)
        layers.lay(str(extra), _text(extra), user=True)
    registry = _built(layers, local=extra is not None)
    check(layers, registry, today or datetime.now(UTC).date())
    return registry


def texts(extra: Path | None = None) -> dict[str, str]:
    """The registry's files by name, as they are read: those of the package, and the user's as `own.toml`."""
    from importlib.resources import files

    built_in = {name: files("lineage.registry").joinpath(name).read_text("utf-8") for name in FILES}
    return built_in | ({"own.toml": _text(extra)} if extra is not None else {})


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise Fatal(f"Registry file {path} cannot be read: {error.strerror or error}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise Fatal(f"Registry file {path} is not UTF-8 at byte {error.start}. Save it as UTF-8.") from error


def _built(layers: Layers, *, local: bool) -> Registry:
    renamed = dict(map(building.renamed_namespace, layers.of("renamed_namespaces")))
    return Registry(
        version=layers.version + ("+local" if local else ""),
        digest=layers.digest(),
        sources=MappingProxyType({s.key: s for s in map(building.source, layers.of("sources"))}),
        organizations=tuple(map(building.organization, layers.of("organizations"))),
        families=tuple(building.family(entry, renamed) for entry in layers.of("families")),
        aliases=MappingProxyType(dict(map(building.alias, layers.of("aliases")))),
        renamed_namespaces=MappingProxyType(renamed),
        curated=tuple(map(building.curated, layers.of("curated"))),
        teachers=tuple(map(building.teacher, layers.of("teachers"))),
        released=MappingProxyType(dict(map(building.released, layers.of("released")))),
        licenses=MappingProxyType({one.id: one for one in map(building.license_entry, layers.of("licenses"))}),
        published=tuple(map(building.claim, layers.of("claims"))),
        markers=tuple(map(building.marker, layers.of("markers"))),
        arena=MappingProxyType(dict(map(building.arena_name, layers.of("arena")))),
    )
