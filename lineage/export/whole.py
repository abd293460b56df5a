"""The graph as files for other tools: a folder of CSV or Parquet, one for neo4j-admin, one JSON or GraphML document.

Beside a folder's tables lies `receipt.json`, which `verify` takes; a document carries its receipt inside. Rows are
written a batch at a time. Only CSV changes a text: what opens like a formula gets a leading apostrophe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from lineage.export import json
from lineage.schema import EDGE_TYPES, LABELS, EdgeType, Kind, Label
from lineage.stores import neo4j_csv

if TYPE_CHECKING:
    from lineage.answers import ExportAnswer

FOLDERS = ("csv", "parquet", "neo4j-admin")
DOCUMENTS = ("json", "graphml")
BATCH = 20_000

_XML: Mapping[Kind, str] = {"string": "string", "int": "long", "float": "double", "bool": "boolean"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def receipt(answer: ExportAnswer) -> json.Json:
    """What `verify` takes: the receipt, the names and how many rows each table has."""
    return {
        "receipt": json.fields(answer.receipt),
        "names": list(answer.names),
        "totals": dict(answer.totals),
        **({"notes": list(answer.notes)} if answer.notes else {}),
    }


def _things(answer: ExportAnswer) -> Iterator[tuple[Label | EdgeType, pl.DataFrame]]:
    for label in LABELS:
        yield label, answer.tables.nodes[label.name]
    for edge in EDGE_TYPES:
        yield edge, answer.tables.edges[edge.name]


def folder(answer: ExportAnswer, form: str, place: Path) -> tuple[str, ...]:
    """Write one of `FOLDERS`, a file a table; returns the files' names, `receipt.json` last."""
    place.mkdir(parents=True, exist_ok=True)
    names = []
    for thing, table in _things(answer):
        name = f"{thing.name}.{'parquet' if form == 'parquet' else 'csv'}"
        if form == "parquet":
            table.write_parquet(place / name, compression="zstd")
        elif form == "csv":
            _guarded(_flat(thing, table)).write_csv(place / name)
        else:
            _for_admin(thing, table, place / name)
        names.append(name)
    if form == "neo4j-admin":
        (place / "import.txt").write_text(_command(), encoding="utf-8")
        names.append("import.txt")
    (place / "receipt.json").write_text(json.text(receipt(answer)) + "\n", encoding="utf-8")
    return (*names, "receipt.json")


def _flat(thing: Label | EdgeType, table: pl.DataFrame) -> pl.DataFrame:
    return table.select(neo4j_csv.cells(_columns(thing)))


def _guarded(table: pl.DataFrame) -> pl.DataFrame:
    """The texts so that no spreadsheet takes one for a formula."""
    text = pl.col(pl.String)
    opens = text.str.contains(r"^[=+\-@]")
    return table.with_columns(pl.when(opens).then(pl.lit("'") + text).otherwise(text).name.keep())


def _for_admin(thing: Label | EdgeType, table: pl.DataFrame, path: Path) -> None:
    with path.open("wb") as file:
        file.write(neo4j_csv.head(thing, _columns(thing)).encode())
        _flat(thing, table).write_csv(file, include_header=False, quote_style="necessary")


def _columns(thing: Label | EdgeType) -> list[tuple[str, Kind]]:
    own: list[tuple[str, Kind]] = [(one.name, one.kind) for one in thing.properties]
    return [("source", "string"), ("target", "string"), *own] if isinstance(thing, EdgeType) else own


def _command() -> str:
    """The line that imports the folder into an empty database of a stopped server."""
    nodes = [f"--nodes={label.name}={label.name}.csv" for label in LABELS]
    edges = [f"--relationships={edge.name}={edge.name}.csv" for edge in EDGE_TYPES]
    words = ["neo4j-admin database import full", "--id-type=string", "--multiline-fields=true", *nodes, *edges]
    return " ".join([*words, "--overwrite-destination=true", "neo4j"]) + "\n"


def document(answer: ExportAnswer, form: str, out: IO[str]) -> None:
    """Write one of `DOCUMENTS`."""
    {"json": _json, "graphml": _graphml}[form](answer, out)


def _json(answer: ExportAnswer, out: IO[str]) -> None:
    """One object: the facts of `receipt`, `models`, `edges` (child, parent, …), then every other table by its name."""
    out.write(json.text(receipt(answer))[:-2])
    plain = {"Model": "models", "DERIVED_FROM": "edges"}
    for thing, every in _things(answer):
        table = every.rename({"source": "child", "target": "parent"}) if thing.name == "DERIVED_FROM" else every
        out.write(f',\n  "{plain.get(thing.name, thing.name)}": [')
        for number, rows in enumerate(table.iter_slices(BATCH)):
            lines = [json.compact(json.plain(row)) for row in rows.iter_rows(named=True)]
            out.write((",\n    " if number else "\n    ") + ",\n    ".join(lines))
        out.write("\n  ]")
    out.write("\n}\n")


def _graphml(answer: ExportAnswer, out: IO[str]) -> None:
    """Models and what they derive from, as one directed graph; the receipt is data of the graph."""
    models, edges = LABELS[0], EDGE_TYPES[0]
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n')
    for thing, kind in ((models, "node"), (edges, "edge")):
        for one in thing.properties:
            out.write(
                f'  <key id="{kind}.{one.name}" for="{kind}" attr.name="{one.name}" '
                f'attr.type="{_XML.get(one.kind, "string")}"/>\n'
            )
    out.write('  <key id="receipt" for="graph" attr.name="receipt" attr.type="string"/>\n')
    out.write('  <graph id="lineage" edgedefault="directed">\n')
    out.write(f'    <data key="receipt">{_text(json.compact(receipt(answer)))}</data>\n')
    for rows in _flat(models, answer.tables.nodes["Model"]).iter_slices(BATCH):
        for row in rows.iter_rows(named=True):
            out.write(f"    <node id={_quoted(row['id'])}>{_data('node', row, models)}</node>\n")
    for rows in _flat(edges, answer.tables.edges["DERIVED_FROM"]).iter_slices(BATCH):
        for row in rows.iter_rows(named=True):
            ends = f"source={_quoted(row['source'])} target={_quoted(row['target'])}"
            out.write(f"    <edge {ends}>{_data('edge', row, edges)}</edge>\n")
    out.write("  </graph>\n</graphml>\n")


def _data(kind: str, row: Mapping[str, object], thing: Label | EdgeType) -> str:
    said = ((one.name, row[one.name]) for one in thing.properties)
    return "".join(f'<data key="{kind}.{name}">{_text(_cell(v))}</data>' for name, v in said if v is not None)


def _cell(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(value: str) -> str:
    """Text that XML can hold: escaped, what it forbids left out."""
    return escape(_NOT_XML.sub("", value))


def _quoted(value: object) -> str:
    return quoteattr(_NOT_XML.sub("", str(value)))
