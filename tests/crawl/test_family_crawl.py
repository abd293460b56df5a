from __future__ import annotations

import math
from collections import Counter
from urllib.parse import parse_qs

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.crawl import crawl
from ingest.crawl.family_crawl import Asked, FamilyTree
from ingest.crawl.frontier import Task
from ingest.simulated.faults import status
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage import registry as curated
from lineage import snapshots
from lineage.errors import HubBusy, Incomplete, NotFound, Refused
from lineage.schema import LISTING
from tests.crawl.worlds import Raw, family, raw

REGISTRY = curated.load()

QWEN = family(
    ("Qwen/Qwen2.5-7B", None),
    ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B"),
    ("Qwen/something-else", "far/base"),
    ("a/one", "Qwen/Qwen2.5-7B"),
    ("a/two", "Qwen/Qwen2.5-7B"),
    ("a/three", "Qwen/Qwen2.5-7B-Instruct"),
    ("b/below-two", "a/two"),
    ("b/merge", "a/one"),
    ("b/merge", "m/mistral"),
    ("c/deep", "b/below-two"),
    ("m/mistral", None),
    ("z/unrelated", "m/mistral"),
    likes={"a/two": 9, "a/one": 5, "b/below-two": 7},
)
SCOPE = {f"{name}" for name in ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-Instruct", "a/one", "a/two", "a/three")} | {
    "b/below-two",
    "b/merge",
    "c/deep",
}


def tasks(hub: SimulatedHub) -> list[str]:
    """What was asked for, in order, in short."""
    asked = []
    for request in hub.requests:
        query = parse_qs(request.query)
        name = query.get("author") or query.get("filter") or [request.path.removeprefix("/api/models/")]
        asked.append(name[0].removeprefix("base_model:"))
    return asked


def found(snapshot: snapshots.Snapshot) -> set[str]:
    return set(snapshot.rows(["id"]).collect()["id"])


def test_a_family_is_its_members_and_all_below_them(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN, label="seed=3; models=11")) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now)
        asked = tasks(hub)
    manifest = snapshot.manifest
    assert found(snapshot) == SCOPE
    assert asked == [
        "Qwen",
        "Qwen/Qwen2.5-7B",
        "Qwen/Qwen2.5-7B-Instruct",
        "a/two",
        "b/below-two",
        "a/one",
        "a/three",
        "b/merge",
        "c/deep",
    ]
    assert (manifest.scope, manifest.id) == ("qwen", "qwen-20261124T055412Z")
    assert (manifest.complete, manifest.direct_exact) == (True, True)
    assert (manifest.expanded, manifest.unexpanded) == (8, 0)
    assert (manifest.requests, manifest.pages) == (9, 9)
    (note,) = manifest.notes
    assert note.endswith("listed to the end, so direct counts are exact by the Hub's tags.")
    assert manifest.source == "simulated Hub, seed 3"
    assert not list(settings.crawls.glob("*/"))


def test_few_requests_go_to_members_first_and_the_end_says_what_is_missing(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN)) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, max_requests=4, now=now)
        assert len(hub.requests) == 4
    manifest = snapshot.manifest
    assert found(snapshot) == SCOPE - {"c/deep", "b/merge"}
    assert (manifest.complete, manifest.direct_exact) == (False, True)
    assert (manifest.expanded, manifest.unexpanded) == (3, 3)
    assert "3 of 6 models were not asked" in manifest.notes[0]
    assert "lower bounds (≥ n)" in manifest.notes[0]
    assert "direct counts are exact" in manifest.notes[1]
    assert "at least 3 more requests" in manifest.notes[2]
    assert "3,300" in manifest.notes[2]


def test_direct_counts_are_no_promise_before_every_member_is_done(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN)) as hub:
        manifest = crawl(
            settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, max_requests=2, now=now
        ).manifest
    assert (manifest.complete, manifest.direct_exact) == (False, False)
    assert "direct counts are lower bounds too" in manifest.notes[1]


@pytest.mark.parametrize(
    ("depth", "left_out"), [(1, {"b/below-two", "b/merge", "c/deep"}), (2, {"c/deep"}), (3, set()), (None, set())]
)
def test_depth_bounds_the_levels_of_children(settings, source_of, now, depth, left_out):
    with SimulatedHub(rows_world(QWEN)) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, depth=depth, now=now)
    assert found(snapshot) == SCOPE - left_out
    assert snapshot.manifest.complete is (depth is None)
    assert snapshot.manifest.direct_exact


def test_a_model_is_crawled_up_to_its_roots_and_down(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN)) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("b/merge",), registry=REGISTRY, now=now)
        asked = tasks(hub)
    assert found(snapshot) == {"b/merge", "a/one", "m/mistral", "Qwen/Qwen2.5-7B"}
    assert asked == ["b/merge", "a/one", "Qwen/Qwen2.5-7B", "m/mistral", "b/merge"]
    assert snapshot.manifest.scope == "b/merge"
    assert snapshot.manifest.id.startswith("b-merge-")
    assert snapshot.manifest.complete


def test_parents_of_members_are_fetched_and_missing_ones_named(settings, source_of, now):
    world = family(
        ("deepseek-ai/DeepSeek-R1", "deepseek-ai/gone"),
        ("deepseek-ai/DeepSeek-R1", "/local/path"),
        ("deepseek-ai/DeepSeek-V3", "other/base"),
        ("other/base", "other/root"),
        ("other/root", None),
        ("other/side", "other/root"),
    )
    with SimulatedHub(rows_world(world)) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("deepseek",), registry=REGISTRY, now=now)
        asked = tasks(hub)
    assert found(snapshot) == {"deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-V3", "other/base", "other/root"}
    assert asked[:4] == ["deepseek-ai", "deepseek-ai/gone", "other/base", "other/root"]
    assert "does not show deepseek-ai/gone:" in snapshot.manifest.notes[-1]


def test_renamed_models_are_followed_and_their_old_names_kept(settings, source_of, now):
    world = rows_world(
        family(("new/name", None), ("a/child", "new/name"), ("b/asked", "old/parent"), ("now/parent", None)),
        redirects={"old/name": "new/name", "old/parent": "now/parent"},
    )
    with SimulatedHub(world) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("old/name", "b/asked"), registry=REGISTRY, now=now)
    assert found(snapshot) == {"new/name", "a/child", "b/asked", "now/parent"}
    assert snapshot.manifest.aliases == (("old/name", "new/name"), ("old/parent", "now/parent"))
    assert snapshot.manifest.scope == "b/asked+old/name"


def test_a_member_that_is_called_otherwise_now_is_found_by_who_names_it(settings, source_of, now):
    """Its children are asked for too: it is a member still, and direct counts are to be exact."""
    world = rows_world(
        family(("q/seven", None), ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B"), ("a/one", "q/seven")),
        redirects={"Qwen/Qwen2.5-7B": "q/seven"},
    )
    with SimulatedHub(world) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now)
    assert found(snapshot) == {"q/seven", "Qwen/Qwen2.5-7B-Instruct", "a/one"}
    assert snapshot.manifest.direct_exact


@pytest.mark.parametrize("times", [1, 2])
def test_a_member_that_is_called_otherwise_now_is_found_by_the_snapshot_before(settings, source_of, now, times):
    """Though nobody names it by the old name; who is gone for good is asked for once more, not ever again."""
    before = family(
        ("Qwen/Qwen2.5-7B", None), ("Qwen/Qwen3-8B", None), ("a/one", "Qwen/Qwen2.5-7B"), ("Qwen/Qwen3-4B", None)
    )
    after = family(("q/seven", None), ("Qwen/Qwen3-8B", None), ("a/one", "q/seven"))
    with SimulatedHub(rows_world(before)) as hub:
        crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now)
        hub.show(rows_world(after, redirects={"Qwen/Qwen2.5-7B": "q/seven"}))
        for _ in range(times):
            hub.requests.clear()
            options = {"scope": ("qwen",), "registry": REGISTRY, "accept_partial": True}
            snapshot = crawl(settings, source_of(hub.url), now=now, **options)
        asked = tasks(hub)
    assert found(snapshot) == {"q/seven", "Qwen/Qwen3-8B", "a/one"}
    assert snapshot.manifest.aliases == (("Qwen/Qwen2.5-7B", "q/seven"),)
    assert asked.count("Qwen/Qwen3-4B") == (1 if times == 1 else 0)


def test_cycles_self_loops_and_two_ways_end(settings, source_of, now):
    world = family(
        ("x/a", "x/c"), ("x/b", "x/a"), ("x/c", "x/b"), ("x/self", "x/self"), ("x/self", "x/a"), ("x/b2", "x/self"),
        ("x/b2", "x/a"),
    )  # fmt: skip
    with SimulatedHub(rows_world(world)) as hub:
        snapshot = crawl(settings, source_of(hub.url), scope=("x/a",), registry=REGISTRY, now=now)
        asked = Counter(tasks(hub))
    assert found(snapshot) == {"x/a", "x/b", "x/c", "x/self", "x/b2"}
    assert snapshot.manifest.complete
    assert max(asked.values()) <= 2


def test_many_children_take_several_pages(settings, source_of, now):
    world = [*family(("x/root", None)), *(raw(f"y/m{n}", n + 1, ["x/root"]) for n in range(2_500))]
    with SimulatedHub(rows_world(world)) as hub:
        manifest = crawl(
            settings, source_of(hub.url), scope=("x/root",), registry=REGISTRY, max_requests=5, now=now
        ).manifest
        cut = crawl(
            settings, source_of(hub.url), scope=("x/root",), registry=REGISTRY, max_requests=3, now=now
        ).manifest
    assert (manifest.models, manifest.direct_exact, manifest.expanded) == (2_501, True, 2)
    assert (cut.models, cut.direct_exact, cut.expanded) == (2_001, False, 0)


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (("deepsek",), "Nearest: deepseek"),
        (("family:deepsek",), "Nearest: deepseek"),
        (("a/not/an/id",), "neither a family nor a model id"),
        (("../../etc/passwd",), "neither a family nor a model id"),
        (("nobody/nothing",), "shows no model"),
        (("qwen", "nobody/nothing"), "shows no model"),
        (("model:qwen",), "shows no model"),
    ],
)
def test_unknown_names_are_not_found(settings, source_of, now, scope, words):
    with SimulatedHub(rows_world(QWEN)) as hub, pytest.raises(NotFound, match=words):
        crawl(settings, source_of(hub.url), scope=scope, registry=REGISTRY, now=now)
    assert not list(settings.crawls.glob("*/"))
    assert snapshots.listed(settings) == ()


def test_scopes_are_one_series_whatever_their_order_and_case(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN)) as hub:
        one = crawl(settings, source_of(hub.url), scope=("a/one", "Qwen"), registry=REGISTRY, now=now).manifest
        two = crawl(
            settings, source_of(hub.url), scope=("family:qwen", "model:a/one"), registry=REGISTRY, now=now
        ).manifest
    assert one.scope == two.scope == "a/one+qwen"
    assert one.sha256 == two.sha256


def test_a_model_called_hub_is_not_the_whole_hub(settings, source_of, now):
    with SimulatedHub(rows_world([raw("hub", 1), raw("a/b", 2)])) as hub:
        manifest = crawl(settings, source_of(hub.url), scope=("hub",), registry=REGISTRY, now=now).manifest
    assert (manifest.scope, manifest.models) == ("model:hub", 1)
    assert not manifest.id.startswith("hub-")


def test_cut_off_at_every_page_and_resumed_it_is_the_same(settings, source_of, now, tmp_path):
    with SimulatedHub(rows_world(QWEN)) as hub:
        whole = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now).manifest
        total = len(hub.requests)
    for at in range(1, total + 1):
        home = snapshots.Settings(tmp_path / str(at))
        with SimulatedHub(rows_world(QWEN), faults=[status(500, first=at, count=3)]) as hub:
            with pytest.raises(HubBusy):
                crawl(home, source_of(hub.url, patience=5.0), scope=("qwen",), registry=REGISTRY, now=now)
            resumed = crawl(home, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now).manifest
            assert len(hub.requests) == total + 3
        assert resumed.parts == whole.parts
        assert (resumed.expanded, resumed.notes) == (whole.expanded, whole.notes)


def test_another_depth_refuses_the_pages(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN), faults=[status(500, first=4, count=3)]) as hub:
        with pytest.raises(HubBusy):
            crawl(settings, source_of(hub.url, patience=5.0), scope=("qwen",), registry=REGISTRY, now=now)
        with pytest.raises(Refused, match="depth: then None, now 2"):
            crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, depth=2, now=now)


@pytest.mark.parametrize("redirects", [{}, {"a/mid": "a/b"}])
def test_children_are_asked_for_by_every_name_that_their_parent_had(settings, source_of, now, redirects):
    """By the `_id` of the last snapshot, then by its old names, whether the Hub redirects or not."""
    with SimulatedHub(rows_world(renamed("a/mid"))) as hub:
        source = source_of(hub.url)
        crawl(settings, source, scope=("qwen",), registry=REGISTRY, now=now)
        for mid, old in (("a/b", {"a/mid"}), ("a/b", {"a/mid"}), ("a/c", {"a/b", "a/mid"})):
            hub.show(rows_world(renamed(mid), redirects=redirects))
            again = crawl(settings, source, scope=("qwen",), registry=REGISTRY, now=now).manifest
            assert (again.models, again.complete, again.direct_exact, again.unexpanded) == (12, True, True, 0)
            assert again.aliases == tuple(sorted((name, mid) for name in old))


def renamed(mid: str) -> list[Raw]:
    """A member, a model under it, and ten below that one, which write `a/mid`."""
    kids = [raw(f"k{n}/kid", n + 10, ["a/mid"]) for n in range(10)]
    rows = [raw("Qwen/Qwen2.5-7B", 1), raw(mid, 2, ["Qwen/Qwen2.5-7B"]), *kids]
    return [{**row, "_id": f"{n:024x}"} for n, row in enumerate(rows)]


def test_a_members_children_that_its_old_name_was_not_asked_for_make_no_exact_count(settings, source_of, now):
    kids = [raw(f"k{n}/kid", n + 10, ["Qwen/Qwen2.5-7B"]) for n in range(3)]
    worlds = [[{**raw(id, 1), "_id": f"{1:024x}"}, *kids] for id in ("Qwen/Qwen2.5-7B", "Qwen/Qwen2.5-7B-v2")]
    with SimulatedHub(rows_world(worlds[0])) as hub:
        crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now)
        hub.show(rows_world(worlds[1]))
        for budget in range(3, 20):
            made = crawl(
                settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, max_requests=budget, now=now
            ).manifest
            assert made.models == 4 or not made.direct_exact
            if made.complete:
                break
    assert made.direct_exact


def test_a_name_that_another_model_has_now_is_not_asked_for_its_former_owner(settings, source_of, now):
    """Two that changed places, one of them below a member."""
    kids = [raw("k/one", 10, ["a/x"]), raw("k/two", 11, ["a/y"])]
    for first, second in (("a/x", "a/y"), ("a/y", "a/x")):
        rows = [raw("Qwen/Qwen2.5-7B", 1), raw(first, 2, ["Qwen/Qwen2.5-7B"]), raw(second, 3, ["Qwen/Qwen2.5-7B"])]
        world = rows_world([{**row, "_id": f"{n:024x}"} for n, row in enumerate([*rows, *kids])])
        with SimulatedHub(world) as hub:
            made = crawl(settings, source_of(hub.url), scope=("qwen",), registry=REGISTRY, now=now).manifest
            assert (made.models, made.aliases, made.direct_exact) == (5, (), True)
            assert max(Counter(tasks(hub)).values()) == 1


def test_a_small_family_that_lost_models_is_not_said_to_have_ended_early(settings, source_of, now):
    with SimulatedHub(rows_world(QWEN)) as hub:
        source = source_of(hub.url)
        crawl(settings, source, scope=("qwen",), registry=REGISTRY, now=now)
        hub.show(rows_world([row for row in QWEN if row["id"] != "c/deep"]))
        with pytest.raises(Incomplete, match=r"found 7 models, where .* has 8: others are gone or derive from it no"):
            crawl(settings, source, scope=("qwen",), registry=REGISTRY, now=now)


names = [f"o/m{n}" for n in range(9)]
edges = st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=20)


@given(edges=edges, asked=st.sampled_from(names), depth=st.none() | st.integers(0, 4))
def test_the_frontier_reaches_what_a_search_by_levels_reaches(edges, asked, depth):
    """The queue against the plainest search there is."""
    children = {name: sorted(child for child, parent in edges if parent == name and child != name) for name in names}
    parents = {name: sorted(parent for child, parent in edges if child == name) for name in names}
    tree = FamilyTree(REGISTRY, Asked((), (asked,)), depth)
    seen: list[Task] = []
    while (task := tree.task()) is not None:
        assert task not in seen
        seen.append(task)
        listed = [task.name] if task.kind == "model" else children[task.name]
        tree.learn(task, page(listed, parents), last=True, missing=False)
    levels = by_levels(asked, children, math.inf if depth is None else depth)
    assert tree.levels == levels
    assert tree.ancestors | {asked} == by_levels(asked, parents, math.inf).keys() | {asked}
    assert tree.expanded == {name for name, level in levels.items() if depth is None or level < depth}


def by_levels(start, after, limit):
    levels, ring = {start: 0}, [start]
    for level in range(1, 20):
        ring = sorted({n for one in ring for n in after[one]} - levels.keys()) if level <= limit else []
        levels |= dict.fromkeys(ring, level)
    return levels


def page(ids, parents) -> pl.LazyFrame:
    rows = [{"id": id, "likes": len(id), "base_tags": [f"merge:{parent}" for parent in parents[id]]} for id in ids]
    return pl.DataFrame([{c: row.get(c) for c in LISTING} for row in rows], schema=LISTING).lazy()
