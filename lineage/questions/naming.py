"""What a NAME means: an id first, then a family's slug, then an old id or another way to write one.

`family:` and `model:` force it. Other ways are an address on the Hub, a slash at the end, and other capitals where they
fit one model alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

import polars as pl

from lineage import resolved, spelling
from lineage.errors import NotFound

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.counters import Target


def target(atlas: Atlas, name: str) -> Target:
    """The target a name stands for; raises `NotFound` with the nearest names."""
    name = spelling.text(name)
    kind, _, rest = name.partition(":")
    if kind == "family":
        return _family(atlas, rest)
    if kind == "model":
        return atlas.model_target(node(atlas, rest))
    found = atlas.node(name)
    if found is None and atlas.registry.family(name.lower()):
        return atlas.family_target(name.lower())
    return atlas.model_target(node(atlas, name) if found is None else found)


def node(atlas: Atlas, id: str) -> int:
    """The node of an id, of the id that an old one became, or that another way to write it names.

    Raises `NotFound` with the nearest ids.
    """
    id = spelling.text(id).removeprefix("model:")
    written = spelling.id_of(id, atlas.settings.endpoint)
    for name in dict.fromkeys((id, written)):
        found = known(atlas, name)
        if found is not None:
            return found
    found = _in_other_case(atlas, written)
    if found is not None:
        return found
    slug = id.lower().removeprefix("family:")
    if atlas.registry.family(slug):
        raise NotFound(
            f"{slug} is a family, and here a model's id is needed. Try: lineage count {slug}, or tree {slug}."
        )
    manifest = atlas.snapshot.manifest
    if manifest.whole is not None:
        raise NotFound(
            f"No model or family {id!r} in the layer {manifest.id}, which leaves out models without parent, "
            "child or family; lineage pull REPO --layer full has them.",
            nearest(atlas, written),
        )
    raise NotFound(f"No model or family {id!r} in the snapshot {manifest.id}.", nearest(atlas, written))


def remarks(atlas: Atlas, meant: Mapping[str, str]) -> list[str]:
    """A sentence for each name that is not the id it was taken for, renamed or written otherwise; slugs are none."""
    said = []
    for name, id in meant.items():
        typed = name.removeprefix("model:")
        if typed != id and atlas.registry.family(id) is None:
            alike = spelling.id_of(typed, atlas.settings.endpoint).lower() == id.lower()
            said.append(f"{name} is {'read as' if alike else 'now'} {id}.")
    return said


def known(atlas: Atlas, id: str) -> int | None:
    """The node of an id, or of the id that this old one became."""
    for name in (id, atlas.registry.canonical(id), *_followed(atlas, id)):
        found = atlas.node(name)
        if found is not None:
            return found
    return None


def _in_other_case(atlas: Atlas, id: str) -> int | None:
    """The one model, or else the one stub, whose id differs in capitals alone."""
    long = (atlas.ids.str.len_bytes() == len(id.encode())).arg_true()
    nodes = long.filter(atlas.ids.gather(long).str.to_lowercase() == id.lower())
    stub = atlas.column("stub").gather(nodes)
    for alike in (nodes.filter(~stub), nodes.filter(stub)):
        if len(alike):
            return int(alike[0]) if len(alike) == 1 else None
    return None


def _family(atlas: Atlas, slug: str) -> Target:
    if atlas.registry.family(slug.lower()) is None:
        slugs = [family.slug for family in atlas.registry.families]
        raise NotFound(f"No family {slug!r} in the registry.", get_close_matches(slug.lower(), slugs, 5, 0.4))
    return atlas.family_target(slug.lower())


def _followed(atlas: Atlas, id: str) -> list[str]:
    """New ids of an old one: as resolution learnt, and as listings showed, whether a row still writes it or not."""
    aliases = resolved.table(atlas.place, "aliases")
    seen = dict(atlas.snapshot.manifest.aliases).get(id)
    return [*aliases.filter(pl.col("name") == id)["id"].to_list(), *([seen] if seen else [])]


def nearest(atlas: Atlas, id: str, limit: int = 5) -> tuple[str, ...]:
    """Names the user may have meant: same but for case, families, same name elsewhere, names that hold the text."""
    ids, low = atlas.ids, id.lower()
    slugs = [family.slug for family in atlas.registry.families]
    found = get_close_matches(low, slugs, 2, 0.7)
    lowered = ids.str.to_lowercase()
    bare = low.rpartition("/")[2]
    weight = atlas.counts["derivatives"]
    for hit in (
        lowered == low,
        lowered.str.ends_with(f"/{bare}") if bare else lowered == low,
        lowered.str.contains(bare, literal=True) if len(bare) > 2 else lowered == low,
    ):
        best = pl.DataFrame({"id": ids.filter(hit), "weight": weight.filter(hit)})
        found += best.sort(["weight", "id"], descending=[True, False])["id"].head(limit).to_list()
    if len(found) < 2 and len(low) > 3:
        publisher, slash, _ = low.partition("/")
        pool = ids.filter(lowered.str.starts_with(f"{publisher}/" if slash else low[:3]))
        found += get_close_matches(id, pool.head(5000).to_list(), limit, 0.6)
    return tuple(dict.fromkeys(found))[:limit]
