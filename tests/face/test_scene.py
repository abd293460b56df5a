from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.domain import Brood, Child, Edge
from lineage.scene import COLUMN, ROW, Scene, SceneNode, build
from tests.face.world import World, model

RELATIONS = ("finetune", "merge", "adapter", "quantized", "unspecified")


@st.composite
def worlds(draw: st.DrawFn) -> World:
    size = draw(st.integers(1, 14))
    names = [f"o{number % 3}/m{number}" for number in range(size)]
    pairs = draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=40))
    world = World()
    for place, (child, parent) in enumerate(sorted(pairs)):
        if child != parent:
            world.link(child, parent, draw(st.sampled_from(RELATIONS)), position=place)
    world.link("o9/tail", names[0])
    return world


def drawn(world: World, root: str, *, up: bool = False, depth: int | None = None, limit: int = 35) -> Scene:
    return build(
        world.model(root), world.brood, world.parents, models=world.models, up=up, depth=depth, limit=limit, width=3
    )


def rest(scene: Scene, key: str) -> SceneNode | None:
    return next((node for node in scene.nodes if node.hangs_on == key and node.model is None), None)


@given(worlds(), st.booleans(), st.integers(1, 20))
def test_shown_and_hidden_make_up_the_neighbours_of_every_opened_node(world: World, up: bool, limit: int) -> None:
    scene = drawn(world, "o0/m0", up=up, limit=limit)
    for node in scene.nodes:
        if node.model is None or not node.open:
            continue
        lines = [line for line in scene.edges if line.near == node.key and line.kind != "more"]
        rest_node = rest(scene, node.key)
        hidden = Counter(rest_node.hidden) if rest_node else Counter()
        shown = Counter(line.edge.relation for line in lines if line.edge)
        expected = world.parents([node.key]) if up else world.children(node.key)
        assert shown + hidden == Counter(edge.relation for edge in expected)
        assert sum(shown.values()) == len(lines)


@given(worlds(), st.booleans(), st.integers(1, 20))
def test_rows_stay_in_the_budget_and_no_model_comes_twice(world: World, up: bool, limit: int) -> None:
    scene = drawn(world, "o0/m0", up=up, limit=limit)
    assert len(scene.nodes) <= limit
    keys = [node.key for node in scene.nodes]
    assert len(set(keys)) == len(keys)
    assert scene.hidden == sum(node.more for node in scene.nodes)


@given(worlds(), st.booleans())
def test_with_room_for_all_the_whole_reach_is_shown_with_every_edge_in_it(world: World, up: bool) -> None:
    scene = build(
        world.model("o0/m0"), world.brood, world.parents, models=world.models, up=up, limit=10_000, width=10_000
    )
    reach = {"o0/m0"}
    while True:
        step = (
            {e.parent for e in world.edges if e.child in reach}
            if up
            else {e.child for e in world.edges if e.parent in reach}
        )
        if step <= reach:
            break
        reach |= step
    assert {node.key for node in scene.nodes} == reach
    inside = {(e.child, e.parent) for e in world.edges if e.child in reach and e.parent in reach}
    assert {(line.edge.child, line.edge.parent) for line in scene.edges if line.edge} == inside
    assert (scene.hidden, scene.truncated) == (0, False)


@given(worlds(), st.booleans(), st.integers(1, 20))
def test_leaves_take_slots_from_the_top_and_parents_the_mean(world: World, up: bool, limit: int) -> None:
    scene = drawn(world, "o0/m0", up=up, limit=limit)
    leaves = [node for node in scene.nodes if not any(other.hangs_on == node.key for other in scene.nodes)]
    assert [node.y for node in leaves] == [slot * ROW for slot in range(len(leaves))]
    for node in scene.nodes:
        hung = [other.y for other in scene.nodes if other.hangs_on == node.key]
        assert node.x == node.depth * (-COLUMN if up else COLUMN)
        if hung:
            assert node.y == pytest.approx(sum(hung) / len(hung))


@given(worlds(), st.integers(1, 20))
def test_a_scene_that_is_not_truncated_holds_every_derivative(world: World, limit: int) -> None:
    scene = drawn(world, "o0/m0", limit=limit)
    if not scene.truncated:
        assert len(scene.nodes) - 1 == world.model("o0/m0").derivatives


def test_the_biggest_opens_first(world: World) -> None:
    for number in range(4):
        world.link(f"a/child{number}", "a/root")
    for number in range(5):
        world.link(f"b/grand{number}", "a/child3")
    world.link("b/only", "a/child0")
    scene = drawn(world, "a/root", limit=8)
    assert [node.key for node in scene.nodes] == [
        "a/root", "a/child3", "b/grand0", "b/grand1", "a/child3 +more", "a/child0", "a/child1", "a/root +more",
    ]  # fmt: skip
    assert scene.truncated


def test_a_merge_is_drawn_once_with_a_second_parent(world: World) -> None:
    world.link("a/one", "a/root").link("a/two", "a/root")
    world.link("b/merge", "a/one", "merge").link("b/merge", "a/two", "merge", position=1)
    scene = drawn(world, "a/root")
    assert [node.key for node in scene.nodes].count("b/merge") == 1
    assert Counter(line.kind for line in scene.edges) == {"tree": 3, "second": 1}


def test_cycles_end_both_ways(world: World) -> None:
    world.link("a/two", "a/one").link("a/one", "a/two")
    for up in (False, True):
        scene = drawn(world, "a/one", up=up)
        assert [node.key for node in scene.nodes] == ["a/one", "a/two"]
        assert [line.kind for line in scene.edges] == ["tree", "second"]


def test_a_chain_deeper_than_pythons_stack_is_laid_out() -> None:
    def brood(id: str, limit: int) -> Brood:
        number = int(id) + 1
        child = model(str(number), direct=int(number < 3000), derivatives=3000 - number)
        return Brood(id, (Child(Edge(child.id, id, ("finetune",), ("hub",), 0), child),), {}, 0)

    scene = build(model("0", direct=1, derivatives=3000), brood, lambda ids: (), limit=5000)
    assert len(scene.nodes) == 3001
    assert {node.y for node in scene.nodes} == {0.0}


def test_depth_stops_and_says_so(world: World) -> None:
    world.link("a/two", "a/one").link("a/three", "a/two")
    scene = drawn(world, "a/one", depth=1)
    assert [node.key for node in scene.nodes] == ["a/one", "a/two"]
    assert scene.truncated
    assert not drawn(world, "a/one", depth=2).truncated


def test_a_hundred_parents_upwards_show_the_first_by_position(world: World) -> None:
    for number in range(100):
        world.link("a/soup", f"o{number % 5}/p{number:02}", "merge", position=number)
    scene = drawn(world, "a/soup", up=True)
    more = scene.nodes[-1]
    assert [node.key for node in scene.nodes[1:4]] == ["o0/p00", "o1/p01", "o2/p02"]
    assert (more.more, more.hidden, more.publishers) == (97, {"merge": 97}, 5)


def test_ancestors_need_models(world: World) -> None:
    with pytest.raises(ValueError, match="models"):
        build(world.model("a/b"), world.brood, world.parents, up=True)


def sized(world: World, root: str, limit: int, *, up: bool = False) -> Scene:
    return build(world.model(root), world.brood, world.parents, models=world.models, up=up, limit=limit)


def wide(world: World, children: int, root: str = "a/root") -> World:
    for number in range(children):
        world.link(f"{root}-{number:03}", root, "quantized")
    return world


@given(worlds(), st.booleans(), st.integers(1, 20))
def test_a_tree_that_fits_in_the_limit_is_drawn_whole(world: World, up: bool, limit: int) -> None:
    reach = len(sized(world, "o0/m0", 10_000, up=up).nodes)
    scene = sized(world, "o0/m0", limit, up=up)
    assert len(scene.nodes) <= limit
    if reach <= limit:
        assert (len(scene.nodes), scene.hidden, scene.truncated) == (reach, 0, False)
    else:
        assert scene.wider


@pytest.mark.parametrize("limit", [41, 42, 500])
def test_forty_children_are_all_drawn_where_the_limit_has_room(world: World, limit: int) -> None:
    scene = sized(wide(world, 40), "a/root", limit)
    assert (len(scene.nodes), scene.hidden, scene.truncated) == (41, 0, False)


def test_the_default_look_at_a_tree_that_does_not_fit_keeps_seven_children_a_model(world: World) -> None:
    scene = sized(wide(world, 40), "a/root", 35)
    assert (len(scene.nodes), scene.nodes[-1].more) == (9, 33)


@given(st.integers(36, 120), st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_a_larger_limit_is_spent_to_the_last_row(limit: int, families: list[int]) -> None:
    world = wide(World(), len(families))
    for place, children in enumerate(families):
        wide(world, children, f"a/root-{place:03}")
    whole = world.model("a/root").derivatives + 1
    scene = sized(world, "a/root", limit)
    assert len(scene.nodes) == min(limit, whole)
    assert scene.truncated == (whole > limit)
    for node in scene.nodes:
        if node.open and node.model:
            under = [other for other in scene.nodes if other.hangs_on == node.key]
            assert sum(max(other.more, 1) for other in under) == node.model.direct


def test_what_would_show_more_is_told_apart(world: World) -> None:
    world.link("a/three", "a/two").link("a/two", "a/one")
    deep = drawn(world, "a/one", depth=1)
    assert (deep.wider, deep.deeper) == (False, True)
    cut = drawn(world, "a/one", limit=2)
    assert (cut.wider, cut.deeper) == (True, False)
