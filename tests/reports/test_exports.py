"""`export`: what is written for other tools, read back as they would read it, is what the graph holds."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from ingest.load import tables_of
from lineage import questions
from lineage.registry import Registry
from lineage.schema import EDGE_TYPES, LABELS, GraphTables
from lineage.settings import Settings
from lineage.snapshots import opened
from tests.reports.homes import TODAY, atlas, model, run

ROWS = [
    model("Qwen/Qwen3-8B", created_at=TODAY, downloads=5),
    model("google/gemma-3-1b-it", license="gemma"),
    model("a/tune", "Qwen/Qwen3-8B", "finetune", card_license_name='=HYPERLINK("x")', library="two\nlines"),
    model("b/merge", ["a/tune", "google/gemma-3-1b-it"], "merge"),
    model("c/other", "lost/base", "quantized", library="\x00\x1b[31m,;\"'"),
    model("d/alone"),
]
SPACE = "{http://graphml.graphdrawing.org/xmlns}"


@pytest.fixture
def home(settings: Settings, registry: Registry) -> Settings:
    with atlas(settings, ROWS, registry):
        return settings


@pytest.fixture
def tables(home: Settings, registry: Registry) -> GraphTables:
    return tables_of(home, opened(home), registry, TODAY)[1]


def exported(home: Settings, form: str, out: Path, *names: str) -> Path:
    done = run(home.home, "export", *names, "--format", form, "--out", str(out))
    assert done.exit_code == 0, done.output
    return out


def everything(tables: GraphTables) -> dict[str, pl.DataFrame]:
    return {**tables.nodes, **tables.edges}


def test_parquet_is_the_graph_itself(home: Settings, tables: GraphTables, tmp_path: Path) -> None:
    out = exported(home, "parquet", tmp_path / "x")
    for name, table in everything(tables).items():
        found = pl.read_parquet(out / f"{name}.parquet")
        assert found.drop("run", strict=False).equals(table.drop("run", strict=False)), name
    totals = json.loads((out / "receipt.json").read_text())["totals"]
    assert totals == {name: table.height for name, table in everything(tables).items()}


def test_csv_holds_every_cell_and_runs_none(home: Settings, tables: GraphTables, tmp_path: Path) -> None:
    out = exported(home, "csv", tmp_path / "x")
    with (out / "Model.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["a/tune"]["license_name"] == '\'=HYPERLINK("x")'
    assert rows["a/tune"]["library"] == "two\nlines"
    assert rows["Qwen/Qwen3-8B"]["created_at"] == "2026-08-22T00:00:00.000Z"
    assert (rows["lost/base"]["stub"], rows["Qwen/Qwen3-8B"]["derivatives"]) == ("true", "2")
    with (out / "DERIVED_FROM.csv").open(encoding="utf-8", newline="") as file:
        edges = {(e["source"], e["target"]): e for e in csv.DictReader(file)}
    derived = tables.edges["DERIVED_FROM"]
    assert edges.keys() == set(zip(derived["source"], derived["target"], strict=True))
    assert edges["b/merge", "a/tune"]["relations"] == "merge"


def test_json_is_one_document_with_its_receipt(home: Settings, tables: GraphTables, tmp_path: Path) -> None:
    said = json.loads(exported(home, "json", tmp_path / "x.json").read_text(encoding="utf-8"))
    assert said["receipt"]["question"] == "export"
    models = tables.nodes["Model"]
    assert {m["id"]: m["derivatives"] for m in said["models"]} == dict(models.select("id", "derivatives").iter_rows())
    assert {(e["child"], e["parent"], *e["evidence"]) for e in said["edges"]} == {
        (c, p, *evidence)
        for c, p, evidence in tables.edges["DERIVED_FROM"].select("source", "target", "evidence").rows()
    }
    assert run(home.home, "export", "--format", "json").stdout.splitlines()[0] == "{"


def test_graphml_is_xml_whatever_a_name_says(home: Settings, tables: GraphTables, tmp_path: Path) -> None:
    root = ElementTree.parse(exported(home, "graphml", tmp_path / "x.graphml")).getroot()
    nodes = [node.attrib["id"] for node in root.iter(f"{SPACE}node")]
    assert sorted(nodes) == tables.nodes["Model"]["id"].to_list()
    edges = {(e.attrib["source"], e.attrib["target"]) for e in root.iter(f"{SPACE}edge")}
    assert edges == set(tables.edges["DERIVED_FROM"].select("source", "target").rows())
    odd = next(node for node in root.iter(f"{SPACE}node") if node.attrib["id"] == "c/other")
    data = {one.attrib["key"]: one.text for one in odd}
    assert data["node.library"] == "[31m,;\"'"
    keys = {key.attrib["id"] for key in root.iter(f"{SPACE}key")}
    assert {one.attrib["key"] for one in root.iter(f"{SPACE}data")} <= keys
    (receipt,) = (one.text for one in root.iter(f"{SPACE}data") if one.attrib["key"] == "receipt")
    assert json.loads(str(receipt))["receipt"]["counters"]["derivatives"] == 1


def test_neo4j_admin_has_a_head_for_every_column(home: Settings, tables: GraphTables, tmp_path: Path) -> None:
    out = exported(home, "neo4j-admin", tmp_path / "x")
    for thing in (*LABELS, *EDGE_TYPES):
        with (out / f"{thing.name}.csv").open(encoding="utf-8", newline="") as file:
            head, *rows = list(csv.reader(file))
        assert len(rows) == everything(tables)[thing.name].height
        assert all(len(row) == len(head) for row in rows)
        ids = [cell for cell in head if ":ID(" in cell or ":START_ID(" in cell or ":END_ID(" in cell]
        assert len(ids) == (1 if thing in LABELS else 2), thing.name
    line = (out / "import.txt").read_text(encoding="utf-8")
    assert all(f"={thing.name}={thing.name}.csv" in line for thing in (*LABELS, *EDGE_TYPES))


def test_a_part_is_closed_over_what_it_names(home: Settings, tmp_path: Path) -> None:
    with questions.opened(home) as opened:
        qwen, gemma = (questions.export(opened, [name]).tables for name in ("qwen", "google/gemma-3-1b-it"))
        below = questions.export(opened, ["b/merge"]).tables
    assert qwen.nodes["Model"]["id"].to_list() == ["Qwen/Qwen3-8B", "a/tune", "b/merge"]
    assert gemma.nodes["Model"]["id"].to_list() == ["b/merge", "google/gemma-3-1b-it"]
    assert below.nodes["Model"].height == 4
    for part in (qwen, gemma, below):
        known = {label.name: set(part.nodes[label.name][label.key]) for label in LABELS}
        for edge in EDGE_TYPES:
            assert set(part.edges[edge.name]["source"]) <= known[edge.source], edge.name
            assert set(part.edges[edge.name]["target"]) <= known[edge.target], edge.name


def test_html_is_one_models_tree(home: Settings, tmp_path: Path) -> None:
    assert run(home.home, "load").exit_code == 0
    page = exported(home, "html", tmp_path / "x.html", "Qwen/Qwen3-8B").read_text(encoding="utf-8")
    assert "a/tune" in page
    assert run(home.home, "export", "--format", "html").exit_code == 2


@pytest.mark.parametrize("words", [("--format", "csv"), ("--format", "xlsx", "--out", "x"), ()])
def test_what_cannot_be_written_is_a_usage_error(home: Settings, words: tuple[str, ...]) -> None:
    assert run(home.home, "export", *words).exit_code == 2


def test_an_unknown_name_is_not_found_and_writes_nothing(home: Settings, tmp_path: Path) -> None:
    done = run(home.home, "export", "no-such", "--format", "csv", "--out", str(tmp_path / "x"))
    assert done.exit_code == 4
    assert not (tmp_path / "x").exists()
