"""Places by ISO country or by ATOM's regions: two facts of an organisation, each whole with its unknown bands."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from lineage import questions
from lineage.errors import Misuse, NotFound
from lineage.registry import load
from lineage.settings import Settings
from tests.claims.worlds import ROOTS, atlas, roots, row
from tests.reports.homes import run

QWEN, LLAMA, MISTRAL, NOBODY = ROOTS
MADE = date(2026, 6, 3)
ROWS = [
    *roots(),
    row("ai21labs/of-qwen", [(QWEN, "finetune")], MADE),
    row("mistralai/of-llama-1", [(LLAMA, "finetune")], MADE),
    row("bigcode/of-mistral", [(MISTRAL, "finetune")], MADE),
    row("swiss-ai/of-mistral", [(MISTRAL, "finetune")], MADE),
    row("somebody/of-nobody", [(NOBODY, "finetune")], MADE),
]
UPLOADERS = {
    "iso": {"IL": 1, "FR": 1, "CH": 1, "unknown": 2},
    "atom": {"us": 1, "eu": 2, "unknown": 2},
}
ORIGINS = {
    "iso": {"CN": 1, "US": 1, "FR": 2, "-": 1},
    "atom": {"china": 1, "us": 1, "eu": 2, "-": 1},
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("regions")
    atlas(place, load(), ROWS).close()
    return place


@pytest.mark.parametrize("scheme", ["iso", "atom"])
@pytest.mark.parametrize(("kind", "expected"), [("country", UPLOADERS), ("origin", ORIGINS)])
def test_leaderboards_and_months_agree_and_add_up(
    home: Path, kind: str, expected: dict[str, dict[str, int]], scheme: str
) -> None:
    done = run(home, "top", "--kind", kind, "--country-scheme", scheme, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert {line["name"]: line["value"] for line in said["results"]} == expected[scheme]
    assert (said["whole"], said["country_scheme"]) == (5, scheme)
    assert sum(line["share"] for line in said["results"]) == pytest.approx(1)
    months = json.loads(run(home, "trends", "--by", kind, "--country-scheme", scheme, "--json").stdout)
    assert {line["name"].replace("none", "-"): line["total"] for line in months["lines"]} == expected[scheme]
    assert months["asked"]["country_scheme"] == scheme
    assert ("Places are ATOM's regions, not ISO countries." in months["notes"]) is (scheme == "atom")


def test_a_familys_derivatives_per_region(home: Path) -> None:
    done = run(home, "count", "mistral", "--per", "country", "--country-scheme", "atom", "--json")
    assert {(s["key"], s["counts"]["derivatives"]) for s in json.loads(done.stdout)["slices"]} == {("eu", 1), (None, 1)}


def test_names_are_those_of_the_scheme(home: Path) -> None:
    with questions.opened(Settings(home)) as opened:
        picked = questions.trends(opened, by="origin", names=["EU", "china"], scheme="atom")
        assert [line.name for line in picked.lines] == ["eu", "china", "others", "none"]
        with pytest.raises(NotFound, match="region 'FR'"):
            questions.trends(opened, by="origin", names=["FR"], scheme="atom")
        with pytest.raises(NotFound, match="country 'eu'"):
            questions.trends(opened, by="origin", names=["eu"])
        with pytest.raises(Misuse, match="No country scheme 'un'"):
            questions.top(opened, kind="country", scheme="un")


@pytest.mark.parametrize(
    "words", [("top", "--kind", "country"), ("trends", "--by", "origin", "us"), ("count", "qwen", "--per", "origin")]
)
def test_what_was_asked_by_region_verifies(home: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "answer.json"
    file.write_text(run(home, *words, "--country-scheme", "atom", "--json").stdout, encoding="utf-8")
    done = run(home, "verify", str(file))
    assert "equal: all" in done.stdout, done.output
    told = json.loads(file.read_text(encoding="utf-8"))
    told.get("asked", told)["country_scheme"] = "iso"
    file.write_text(json.dumps(told), encoding="utf-8")
    assert run(home, "verify", str(file)).exit_code != 0
