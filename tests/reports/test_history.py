"""What changed between snapshots: by hand on a few rows, against sets on a simulated world, and pruning."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from io import StringIO
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from ingest.load import resolve_snapshot
from lineage import changes, pruning, questions, resolved
from lineage.errors import NoData, NotFound
from lineage.registry import Registry
from lineage.settings import Settings
from lineage.snapshots import listed, opened
from tests.reports.homes import TODAY, model, run, snapshot

THEN = [
    model("Qwen/Qwen3-8B", hub_id="1"),
    model("google/gemma-3-1b-it", hub_id="2"),
    model("a/tune", "Qwen/Qwen3-8B", hub_id="3", gated="false"),
    model("b/gone", "a/tune", hub_id="4"),
    model("c/old-name", "Qwen/Qwen3-8B", hub_id="5"),
    model("d/below", "c/old-name", hub_id="6"),
    model("e/mover", "Qwen/Qwen3-8B", hub_id="7"),
    model("f/reused", "Qwen/Qwen3-8B", hub_id="8"),
    model("g/bare", "Qwen/Qwen3-8B"),
]
NOW = [
    model("Qwen/Qwen3-8B", hub_id="1"),
    model("google/gemma-3-1b-it", hub_id="2"),
    model("a/tune", "Qwen/Qwen3-8B", hub_id="3", gated="manual"),
    model("c/new-name", "Qwen/Qwen3-8B", hub_id="5"),
    model("d/below", "c/new-name", hub_id="6"),
    model("e/mover", "google/gemma-3-1b-it", hub_id="7"),
    model("f/reused", "google/gemma-3-1b-it", hub_id="9"),
    model("g/bare", "Qwen/Qwen3-8B", hub_id="10"),
    model("h/new", "a/tune", hub_id="11"),
]


def _two(settings: Settings) -> tuple[str, str]:
    later = TODAY + timedelta(days=7)
    return snapshot(settings, THEN).manifest.id, snapshot(settings, NOW, later).manifest.id


def test_diff_by_hand(settings: Settings) -> None:
    """A renamed parent is no move, a reused name another model, a hub_id on one side alone leaves the name."""
    _two(settings)
    done = run(settings.home, "diff", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["new"] == ["f/reused", "h/new"]
    assert said["gone"] == ["b/gone", "f/reused"]
    assert said["renamed"] == [{"before": "c/old-name", "after": "c/new-name"}]
    assert said["moved"] == [{"id": "e/mover", "lost": ["Qwen/Qwen3-8B"], "gained": ["google/gemma-3-1b-it"]}]
    assert said["gated"] == [{"id": "a/tune", "before": "false", "after": "manual"}]
    assert said["totals"] == {"new": 2, "gone": 2, "renamed": 1, "moved": 1, "gated": 1}
    families = {line["family"]: line["derivatives"] for line in said["families"]}
    assert families == {"qwen": {"before": 7, "after": 5}, "gemma": {"before": 0, "after": 2}}
    assert said["receipt"]["snapshot"] > said["before"]["snapshot"]


def test_diff_says_it_in_text_and_table(settings: Settings) -> None:
    first, second = _two(settings)
    shown = run(settings.home, "diff", first, second)
    assert shown.exit_code == 0
    moved = "e/mover: Qwen/Qwen3-8B → google/gemma-3-1b-it"
    for text in ("gone 2", "b/gone", "c/old-name → c/new-name", moved, "gated 1"):
        assert text in shown.output
    table = run(settings.home, "diff", first, second, "--csv")
    assert len(table.stdout.splitlines()) == 1 + 7
    assert "gated,a/tune,false,manual" in table.stdout
    assert "Left out" not in table.stderr


@pytest.mark.parametrize(
    ("form", "left", "shown"), [("--csv", "1 new, 1 gone", 1 + 5), ("-q", "1 new, 1 gone", 2), ("--json", None, None)]
)
def test_diff_says_what_a_limit_left_out(settings: Settings, form: str, left: str | None, shown: int | None) -> None:
    first, second = _two(settings)
    cut = run(settings.home, "diff", first, second, "--limit", "1", form)
    assert shown in (None, len(cut.stdout.splitlines()))
    said = [] if left is None else [f"Left out: {left}; --limit 0 lists all."]
    assert [line for line in cut.stderr.splitlines() if line.startswith("Left out")] == said


def test_history_counts_each_snapshot_and_names_the_gone(settings: Settings) -> None:
    _two(settings)
    said = json.loads(run(settings.home, "history", "qwen", "--json").stdout)
    first, second = said["history"]
    assert [line["counts"]["derivatives"] for line in (first, second)] == [7, 5]
    assert (first["new"], first["gone"]) == (None, None)
    assert (second["new"], second["gone"], second["gone_names"]) == (1, 2, ["b/gone", "f/reused"])
    assert (first["left"], second["left"]) == (None, 1)
    assert first["receipt"]["snapshot"] != second["receipt"]["snapshot"]
    shown = run(settings.home, "history", "qwen")
    assert "gone by 2026-08-29: b/gone, f/reused" in shown.output
    assert "lower bound" not in shown.output


def _told(settings: Settings, name: str) -> tuple[list[int | None], str]:
    """The derivatives of each line of a history, and its notes in one text."""
    done = run(settings.home, "history", name, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    return [line["counts"]["derivatives"] for line in said["history"]], " ".join(said["notes"])


def test_history_looks_back_under_the_old_name(settings: Settings) -> None:
    first, second = _two(settings)
    counted, notes = _told(settings, "c/new-name")
    assert counted == [1, 1]
    assert f"It was c/old-name up to {first}, and c/new-name from {second} on." in notes
    assert "lower bound" not in notes
    assert "is not in" not in notes
    assert _told(settings, "c/old-name")[0] == [1, 1], "nobody is called so now; it is who was called so last"


def test_history_keeps_two_models_apart_that_change_places(settings: Settings) -> None:
    kids = [model(f"k/{n}", "a/x", hub_id=f"k{n}") for n in range(3)]
    moved = [model(f"k/{n}", "a/y", hub_id=f"k{n}") for n in range(3)]
    snapshot(settings, [model("a/x", hub_id="1"), model("a/y", hub_id="2"), *kids])
    snapshot(settings, [model("a/y", hub_id="1"), model("a/x", hub_id="2"), *moved], TODAY + timedelta(days=1))
    done = json.loads(run(settings.home, "history", "a/y", "--json").stdout)["history"]
    assert [(line["counts"]["derivatives"], line["new"], line["gone"]) for line in done] == [(3, None, None), (3, 0, 0)]
    assert _told(settings, "a/x")[0] == [0, 0]


def test_history_does_not_go_on_with_another_model_that_had_the_name(settings: Settings) -> None:
    first, _ = _two(settings)
    counted, notes = _told(settings, "f/reused")
    assert counted == [0]
    assert f"f/reused is not in {first}." in notes
    assert "lower bound" not in notes


def test_history_goes_by_the_id_alone_where_no_hub_id_is_told(settings: Settings) -> None:
    """And takes up the hub_id again where it is: between a crawl and one before lies a dump."""
    rows = (("b/then", "1"), ("a/now", None), ("a/now", "1"))
    for day, (id, hub) in enumerate(rows):
        snapshot(settings, [model(id, hub_id=hub), model("k/id", id)], TODAY + timedelta(days=day))
    counted, notes = _told(settings, "a/now")
    assert counted == [1, 1, 1]
    assert "It was b/then up to" in notes


def test_history_of_who_is_gone_ends_with_the_last_that_had_it(settings: Settings) -> None:
    _, second = _two(settings)
    counted, notes = _told(settings, "b/gone")
    assert counted == [0]
    assert f"b/gone is not in {second}." in notes
    again = run(settings.home, "history", "b/gone", "--json")
    path = settings.home / "answer.json"
    path.write_text(again.stdout, encoding="utf-8")
    assert run(settings.home, "verify", str(path)).exit_code == 0
    assert run(settings.home, "history", "b/gont").exit_code == 4


PARENTS = ("Qwen/Qwen3-8B", "google/gemma-3-1b-it", "x/a", "x/b", "x/c", "")
WORLDS = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.sampled_from(PARENTS), st.sampled_from("0123")))


def _of(world: dict[str, tuple[str, str]]) -> list[dict[str, object]]:
    """A row a letter, under a parent; the digit tells the hub_id, that of another letter's one day, or none."""
    roots = [model(PARENTS[0], hub_id="q"), model(PARENTS[1], hub_id="g")]
    marks = {"0": None, "1": "{}1", "2": "{}2", "3": "z3"}
    ids = {name: (mark := marks[digit]) and mark.format(name) for name, (_, digit) in world.items()}
    kept = [name for name in world if ids[name] is None or [*ids.values()].count(ids[name]) == 1]
    return roots + [model(f"x/{name}", world[name][0] or (), hub_id=ids[name]) for name in kept]


@settings_of(max_examples=15, deadline=None)
@given(st.lists(WORLDS, min_size=2, max_size=3))
def test_history_adds_up(worlds: list[dict[str, tuple[str, str]]]) -> None:
    with TemporaryDirectory() as folder:
        here = Settings(home=Path(folder))
        for day, world in enumerate(worlds):
            snapshot(here, _of(world), TODAY + timedelta(days=day))
        lines = json.loads(run(here.home, "history", "qwen", "--json").stdout)["history"]
    for before, after in pairwise(lines):
        told = before["counts"]["derivatives"] + after["new"] - after["gone"] - after["left"]
        assert told == after["counts"]["derivatives"]
        assert min(after["new"], after["gone"], after["left"]) >= 0


def test_the_columns_of_a_history_add_up_where_they_are_read(settings: Settings) -> None:
    _two(settings)
    rows = list(csv.DictReader(StringIO(run(settings.home, "history", "qwen", "--csv").stdout)))
    assert [(row["derivatives"], row["new"], row["gone"], row["left"]) for row in rows] == [
        ("7", "", "", ""), ("5", "1", "2", "1"),
    ]  # fmt: skip
    assert "left" in run(settings.home, "history", "qwen").output


def test_two_snapshots_that_hold_the_same_are_said_to(settings: Settings) -> None:
    first = snapshot(settings, NOW).manifest.id
    second = snapshot(settings, NOW, TODAY + timedelta(days=1)).manifest.id
    assert questions.pair(settings) == (first, second)
    shown = run(settings.home, "diff")
    assert shown.exit_code == 0, shown.output
    assert "Both hold the same: nothing changed between them." in shown.output
    with pytest.raises(NoData):
        questions.pair(settings, "prev", first)


def test_what_comes_back_after_something_else_is_a_snapshot_of_its_own(settings: Settings) -> None:
    ids = [snapshot(settings, rows, TODAY + timedelta(days=n)).manifest.id for n, rows in enumerate((NOW, THEN, NOW))]
    assert [m.id for m in questions.series(settings)] == ids
    assert questions.pair(settings) == (ids[1], ids[2])


def test_an_as_of_question_points_to_the_snapshot_of_that_date(settings: Settings) -> None:
    first, second = _two(settings)
    assert run(settings.home, "load", "--snapshot", second, "-q").exit_code == 0
    assert first in run(settings.home, "count", "qwen", "--as-of", "2026-08-23").output
    assert "lineage history counts" not in run(settings.home, "count", "qwen", "--as-of", "2026-05-01").output


def test_one_snapshot_is_a_lower_bound_and_has_no_diff(settings: Settings) -> None:
    snapshot(settings, NOW)
    shown = run(settings.home, "history", "qwen")
    assert shown.exit_code == 0
    assert "lower bound" in shown.output
    none = run(settings.home, "diff")
    assert none.exit_code == 1
    assert "no snapshot of hub before" in none.output
    assert run(settings.home, "history", "qwerty").exit_code == 4


def test_which_two(settings: Settings) -> None:
    ids = [snapshot(settings, NOW[:n], TODAY + timedelta(days=n)).manifest.id for n in (1, 2, 3)]
    again = snapshot(settings, NOW[:3], TODAY + timedelta(days=5)).manifest.id
    other = snapshot(settings, NOW[:4], TODAY + timedelta(days=9), scope="qwen").manifest.id
    assert [m.id for m in questions.series(settings)] == ids, "equal content stands once, other scopes apart"
    assert questions.pair(settings) == (ids[1], ids[2])
    assert questions.pair(settings, ids[0], "newest") == (ids[0], ids[2])
    assert questions.pair(settings, "prev", ids[1]) == (ids[0], ids[1])
    assert questions.pair(settings, other, again) == (other, again)
    with pytest.raises(NoData):
        questions.pair(settings, "prev", other)
    with pytest.raises(NotFound):
        questions.pair(settings, "prev", "hub-19990101T000000Z")
    with pytest.raises(NotFound):
        questions.series(settings, "llama")


KEYS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("12345678"), max_size=8).map(
    lambda named: {id: hub for hub, id in {hub: id for id, hub in named.items()}.items()}
)


@given(KEYS, KEYS)
def test_matching_is_that_of_sets(then: dict[str, str], now: dict[str, str]) -> None:
    before, after = (
        pl.DataFrame({"id": list(side), "hub_id": list(side.values())}, schema={"id": pl.String, "hub_id": pl.String})
        for side in (then, now)
    )
    found = changes.matched(before, after)
    old, new = ({hub: id for id, hub in side.items()} for side in (then, now))
    assert set(found.gone) == {id for hub, id in old.items() if hub not in new}
    assert set(found.new) == {id for hub, id in new.items() if hub not in old}
    assert set(found.matched.iter_rows()) == {(old[hub], new[hub]) for hub in old.keys() & new.keys()}
    back = changes.matched(after, before)
    assert (set(back.new), set(back.gone)) == (set(found.gone), set(found.new))


@given(KEYS)
def test_nothing_changes_against_itself(named: dict[str, str]) -> None:
    side = pl.DataFrame(
        {"id": [*named, "z"], "hub_id": [*named.values(), None]}, schema={"id": pl.String, "hub_id": pl.String}
    )
    found = changes.matched(side, side)
    assert found.new.is_empty()
    assert found.gone.is_empty()
    assert found.renamed.is_empty()
    edges = pl.DataFrame(
        {"child": ["z"] * len(named), "parent": list(named)}, schema=dict.fromkeys(("child", "parent"), pl.String)
    )
    assert changes.moved(edges, edges, found.matched).is_empty()


def _names(folder: Path) -> set[str]:
    return {place.name for place in folder.iterdir() if not place.name.startswith(".")}


def test_prune_keeps_the_newest_and_the_loaded(settings: Settings, registry: Registry) -> None:
    made = [snapshot(settings, NOW[:n], TODAY + timedelta(days=n)) for n in (1, 2, 3, 4)]
    for one in made[:2]:
        resolve_snapshot(settings, one, registry)
    family = snapshot(settings, NOW, TODAY, scope="qwen")
    ids = [one.manifest.id for one in made]
    assert run(settings.home, "load", "--snapshot", ids[0], "-q").exit_code == 0
    (settings.resolved / "hub-20200101T000000Z-0123456789ab-r2").mkdir()
    before = _names(settings.snapshots)
    planned = json.loads(run(settings.home, "prune", "--keep", "1", "--dry-run", "--json").stdout)
    assert _names(settings.snapshots) == before
    done = json.loads(run(settings.home, "prune", "--keep", "1", "--json").stdout)
    assert done["removed"] == planned["removed"]
    assert done["frees"] == sum(one["frees"] for one in done["removed"]) > 0
    assert {m.id for m in listed(settings)} == {ids[0], ids[3], family.manifest.id}
    kept = resolved.folder(settings.resolved, ids[0], registry.digest).name
    assert _names(settings.resolved) == {kept}
    opened(settings, ids[3]).verify()
    assert pruning.doomed(settings, 1) == ()
    assert run(settings.home, "count", "qwen").exit_code == 0


def test_prune_frees_nothing_where_there_is_nothing(settings: Settings) -> None:
    shown = run(settings.home, "prune", "--keep", "2")
    assert shown.exit_code == 0
    assert shown.output.strip() == "0 B freed"


def test_attribution_divides_then_as_now(settings: Settings) -> None:
    """Of qwen: all of a/tune and c, half of a merge that gemma shares."""
    shared = [*THEN, model("z/merge", ["Qwen/Qwen3-8B", "google/gemma-3-1b-it"], "merge", hub_id="12")]
    before = snapshot(settings, THEN).manifest.id
    after = snapshot(settings, shared, TODAY + timedelta(days=7)).manifest.id
    for way, qwen, gemma in (("any", 8, 1), ("fractional", "15/2", "1/2"), ("primary", 8, 0), ("exclusive", 7, 0)):
        done = run(settings.home, "diff", before, after, "--attribution", way, "--json")
        assert done.exit_code == 0, done.output
        said = json.loads(done.stdout)
        found = {line["family"]: line["derivatives"] for line in said["families"]}
        assert found == {"qwen": {"before": 7, "after": qwen}, "gemma": {"before": 0, "after": gemma}}
        assert (said["receipt"]["attribution"], said["before"]["attribution"]) == (way, way)
        told = json.loads(run(settings.home, "history", "qwen", "--attribution", way, "--json").stdout)
        assert [line["counts"]["derivatives"] for line in told["history"]] == [7, qwen]
        assert [line["new"] for line in told["history"]] == [None, 1]
        assert told["receipt"]["attribution"] == way
