"""What a query found, as nodes and lines."""

from lineage.domain import Edge, Table
from ui.answered import MOST, Dot, Found, columns, found


def node(id: str, label: str = "Model") -> dict[str, object]:
    return {"label": label, "id": id, "properties": {"id": id}}


A, B, C = (Dot("Model", name) for name in "abc")


def test_nodes_are_found_wherever_a_row_holds_them() -> None:
    table = Table(("x", "y", "n"), ((node("a"), [node("b"), {"deep": 1}], 3), (node("a"), None, "text")))
    assert found(table) == Found((A, B), ())


def test_a_path_joins_its_neighbours_by_relation_or_label() -> None:
    lines = [
        {"label": "DERIVED_FROM", "properties": {"relation": "merge"}},
        {"label": "MEMBER_OF", "properties": {}},
    ]
    path = {"nodes": [node("a"), node("b"), node("f", "Family")], "relationships": lines}
    graph = found(Table(("p",), ((path,),)))
    assert graph.lines == ((A, B, "merge"), (B, Dot("Family", "f"), "MEMBER_OF"))
    assert columns(graph) == [[A], [B], [Dot("Family", "f")]]


def test_derivations_are_added_once() -> None:
    graph = Found((A, B, C), ((B, A, "merge"),))
    edges = (Edge("b", "a", ("merge",), ("hub",), 0), Edge("c", "a", ("adapter",), ("hub",), 0))
    assert graph.related(edges).lines == ((B, A, "merge"), (A, C, "adapter"))


def test_what_is_too_much_is_left_out_and_said() -> None:
    graph = found(Table(("m",), tuple((node(str(n)),) for n in range(MOST + 5))))
    assert (len(graph.dots), graph.left_out) == (MOST, 5)


def test_a_circle_ends() -> None:
    graph = Found((A, B), ((A, B, ""), (B, A, "")))
    assert {dot for column in columns(graph) for dot in column} == {A, B}


def test_scalars_alone_are_no_graph() -> None:
    assert found(Table(("n",), ((1,), ("a/b",), (None,)))) == Found((), ())
