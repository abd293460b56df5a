"""How a star in a pattern is written for the embedded engine."""

import pytest

from lineage.stores import walks
from lineage.stores.tokens import joined, read


def written(text):
    return " ".join(joined(walks.bounded(read(text))).split())


@pytest.mark.parametrize(
    ("star", "bounds"),
    [
        ("[:R*]", "[:R* SHORTEST 1..100000 ]"),
        ("[*]", "[* SHORTEST 1..100000 ]"),
        ("[:R *1..]", "[:R * SHORTEST 1..100000 ]"),
        ("[:R*..5]", "[:R* SHORTEST 1..5 ]"),
        ("[:R*1..5 {relation: 'merge'}]", "[:R* SHORTEST 1..5 {relation: 'merge'}]"),
        ("[:R|S*]", "[:R|S* SHORTEST 1..100000 ]"),
        ("[:`R x`*]", "[:`R x`* SHORTEST 1..100000 ]"),
        ("[:R*0..]", "[:R* TRAIL 0..1000 ]"),
        ("[:R*2]", "[:R* TRAIL 2..2 ]"),
        ("[:R*2..3]", "[:R* TRAIL 2..3 ]"),
        ("[e:R*]", "[e:R* TRAIL 1..1000 ]"),
        ("[e*1..4]", "[e* TRAIL 1..4 ]"),
        ("[:R* SHORTEST 1..9]", "[:R* SHORTEST 1..9]"),
        ("[:R* ACYCLIC 1..9]", "[:R* ACYCLIC 1..9]"),
        ("[:R]", "[:R]"),
        ("[e:R {n: 2 * 3}]", "[e:R {n: 2 * 3}]"),
    ],
)
def test_a_star_gets_a_mode_and_bounds(star, bounds):
    for before, after in (("-", "->"), ("<-", "-"), ("-", "-")):
        text = f"MATCH (d){before}{star}{after}(m) RETURN count(DISTINCT d)"
        assert written(text) == text.replace(star, bounds)


@pytest.mark.parametrize(
    "rest",
    [
        "RETURN d",
        "RETURN count(*)",
        "RETURN count(d), count(DISTINCT d)",
        "RETURN DISTINCT d, collect(m)",
        "WITH d LIMIT 5 RETURN DISTINCT d",
        "RETURN sum(d.likes)",
    ],
)
def test_trails_are_kept_where_duplicates_could_show(rest):
    assert "TRAIL 1..1000" in written(f"MATCH (d)-[:R*]->(m) {rest}")


def test_trails_are_kept_where_the_path_has_a_name():
    assert "TRAIL 1..1000" in written("MATCH p = (d)-[:R*]->(m) RETURN DISTINCT length(p)")


@pytest.mark.parametrize(
    "text", ["RETURN 2 * 3", "RETURN [1 * 2]", "RETURN 5 - [1][0] * 2", "MATCH (a)-->(b) RETURN count(*)"]
)
def test_a_product_is_no_star(text):
    assert written(text) == text
