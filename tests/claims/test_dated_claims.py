"""Claims where dated snapshots are here, which know what was deleted since; and on snapshots that are no whole Hub."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from ingest.load import resolve_snapshot
from lineage import questions
from lineage.answers import FigureAnswer, Held
from lineage.registry import Registry, load
from lineage.settings import Settings
from tests.reports.homes import model, run, snapshot

MINE = """
[claims.mine]
text = "three of Qwen, ahead of Llama"
who = "me"
counted = "derivatives"
ahead_of = ["llama"]
figures = [
    { subject = "qwen", kind = "family", measure = "derivatives", value = 3, bound = "=", on = 2026-05-20 },
    { subject = "qwen", kind = "family", measure = "derivatives", value = 1, bound = ">", on = 2026-05-20 },
    { subject = "qwen", kind = "family", measure = "share_of_new", value = 75, bound = "=", on = 2026-05-31 },
    { subject = "CN", kind = "country", measure = "share_of_downloads", value = 50, bound = ">", on = 2026-05-20 },
]
"""
MAY, JUNE, NOW = (datetime(2026, month, 18, tzinfo=UTC) for month in (5, 6, 8))
QWEN, LLAMA = "Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B"


def made(id: str, parent: str, day: int, **more: object) -> dict[str, object]:
    return model(id, parent, created_at=datetime(2026, 5, day, tzinfo=UTC), **more)


ROOTS = [model(QWEN, created_at=datetime(2025, 4, 1, tzinfo=UTC)), model(LLAMA)]
STAYED = [made("a/one", QWEN, 2, downloads=9), made("b/other", LLAMA, 3, downloads=1)]
DELETED = [made("a/two", QWEN, 4, downloads=9), made("a/three", QWEN, 5)]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    own = tmp_path_factory.mktemp("claims") / "own.toml"
    own.write_text(MINE, encoding="utf-8")
    return load(own, today=date(2026, 9, 1))


def asked(place: Path, registry: Registry, scope: str = "hub", *, dated: bool = True) -> list[FigureAnswer]:
    settings = Settings(place)
    for rows, at in ((DELETED, MAY), (DELETED, JUNE), ([], NOW)):
        if dated or at is NOW:
            sealed = snapshot(settings, [*ROOTS, *STAYED, *rows], at, scope=scope)
            resolve_snapshot(settings, sealed, registry)
    with questions.Atlas(settings, registry, sealed) as atlas:
        return list(questions.claims(atlas, ["mine"]).claims[0].figures)


def line(figure: FigureAnswer, counter: str, by: str = "family", way: str = "any") -> Held:
    return next(h for h in figure.lines if (h.counter, h.by, h.attribution) == (counter, by, way))


def test_then_is_the_dated_snapshots(tmp_path: Path, registry: Registry) -> None:
    """By creation dates in today's rows one derivative is left of three; a share's month is read once it is over."""
    number, more, share, downloads = asked(tmp_path, registry)
    assert number.then_from is not None
    assert number.then_from.as_of == MAY
    held = line(number, "derivatives")
    assert (held.then, held.now, held.verdict) == (3, 1, "agrees")
    assert (held.rivals[0].then, held.rivals[0].now) == (1, 1)
    assert (line(number, "active").then, line(number, "active").now) == (2, 1)
    assert line(more, "derivatives").verdict == "holds"
    assert share.then_from is not None
    assert share.then_from.as_of == JUNE
    assert line(share, "derivatives", way="fractional").verdict == "agrees"
    assert line(share, "derivatives", way="fractional").then_of == 4
    origin = line(downloads, "downloads", "origin", "fractional")
    assert (origin.then, origin.then_of, origin.verdict) == (Fraction(18, 19), 19, "holds")


def test_without_one_it_is_told_by_creation_dates(tmp_path: Path, registry: Registry) -> None:
    number, more, share, downloads = asked(tmp_path, registry, dated=False)
    assert [figure.then_from for figure in (number, more, share, downloads)] == [None] * 4
    held = line(number, "derivatives")
    assert (held.then, held.now, held.verdict) == (1, 1, "below")
    assert (line(number, "active").then, line(share, "derivatives", way="fractional").then_of) == (None, 2)
    assert line(downloads, "downloads", "origin", "fractional").verdict == "cannot be told"


def test_a_part_of_the_hub_bears_out_only_what_it_exceeds(tmp_path: Path, registry: Registry) -> None:
    """A sample's count is a lower bound: more than 1 holds, 3 cannot be told; a share of it is of nothing larger."""
    number, more, share, _ = asked(tmp_path, registry, scope="import")
    assert (line(number, "derivatives").then, line(number, "derivatives").verdict) == (3, "cannot be told")
    assert line(more, "derivatives").verdict == "holds"
    assert {held.verdict for held in share.lines} == {"cannot be told"}
    said = line(number, "derivatives").sentence
    assert said.startswith("Of what this snapshot holds (import), not of the Hub: ")
    assert "neither bears out nor denies the 3 claimed" in said


def test_text_and_json_name_the_snapshot_and_it_verifies(tmp_path: Path, registry: Registry) -> None:
    asked(tmp_path / "home", registry)
    own = tmp_path / "own.toml"
    own.write_text(MINE, encoding="utf-8")
    words = ("--registry", str(own), "claims", "mine")
    done = run(tmp_path / "home", *words)
    assert done.exit_code == 0, done.output
    assert "then: as snapshot hub-20260518T000000Z" in done.stdout
    file = tmp_path / "claims.json"
    file.write_text(run(tmp_path / "home", *words, "--json").stdout, encoding="utf-8")
    figures = json.loads(file.read_text(encoding="utf-8"))["results"][0]["figures"]
    assert figures[0]["then_from"]["snapshot"] == "hub-20260518T000000Z"
    done = run(tmp_path / "home", "--registry", str(own), "verify", str(file))
    assert "equal: all" in done.stdout, done.output
