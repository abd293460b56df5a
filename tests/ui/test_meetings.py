"""What families share, against a count by hand over the same edges."""

from itertools import combinations
from pathlib import Path

import polars as pl

from lineage import questions
from lineage.domain import Relation
from lineage.export import png, stacks, svg
from lineage.questions.among import among
from lineage.questions.meetings import meetings
from lineage.settings import Settings

SLUGS = ("qwen", "llama", "mistral")


def test_shared_models_and_merges_are_those_below_both(demo_home: Path) -> None:
    with questions.opened(Settings(home=demo_home)) as atlas:
        below = {slug: {row.model.id for row in questions.derivatives(atlas, f"family:{slug}").rows} for slug in SLUGS}
        pairs = meetings(atlas, SLUGS, examples=1000)
        assert [(pair.one, pair.other) for pair in pairs] == list(combinations(SLUGS, 2))
        assert sum(pair.merges for pair in pairs) > 0
        for pair in pairs:
            both = below[pair.one] & below[pair.other]
            merged = {e.child for e in atlas.store.parents(sorted(both)) if Relation.MERGE in e.relations}
            assert pair.shared == len(both)
            assert set(pair.examples) == merged
            assert pair.merges == len(merged)


def test_among_gives_the_edges_inside_a_set(demo_home: Path) -> None:
    with questions.opened(Settings(home=demo_home)) as atlas:
        ids = atlas.ids.gather(pl.int_range(0, 400, eager=True)).to_list()
        edges = among(atlas, ids)
        assert {(e.child, e.parent) for e in edges} == {
            (e.child, e.parent) for e in atlas.store.parents(ids) if e.parent in set(ids)
        }


def test_charts_of_parts_carry_their_receipt(demo_home: Path) -> None:
    with questions.opened(Settings(home=demo_home)) as atlas:
        for picture in (
            stacks.relations(questions.top(atlas, limit=30)),
            stacks.origins(questions.trends(atlas, by="origin")),
        ):
            text = svg.written(picture)
            assert "SIMULATED DATA" in text
            assert atlas.snapshot.manifest.id in text
            assert png.written(picture).startswith(b"\x89PNG")
