"""Answers as the JSON of the command-line contract: exact fractions as `p/q`, times as ISO with Z, ASCII only."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TypeAlias

from lineage import answers as given
from lineage.domain import Counts, Edge, Model, Number, Receipt, Table
from lineage.scene import Scene, SceneNode

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


_Plain: TypeAlias = Receipt | Model | given.FamilyLine | given.SnapshotLine | given.Check | given.Example | given.Place


def text(value: Json) -> str:
    """The document, indented; ASCII only, so neither a terminal nor an encoding can be hurt by a name in it."""
    return json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False)


def compact(value: Json) -> str:
    """The value on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def time(moment: date | datetime | None) -> str | None:
    """ISO 8601 with Z for moments (naive ones are UTC), plain ISO for dates."""
    if not isinstance(moment, datetime):
        return moment.isoformat() if moment else None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(value: Number | None) -> int | str | None:
    """Whole numbers as such, others exact as `p/q`."""
    if value is None:
        return None
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else int(value)


def _numbers(values: Mapping[str, Number | None]) -> dict[str, Json]:
    """`counts`, and `decimals` for those that are not whole."""
    counts: dict[str, Json] = {name: number(value) for name, value in values.items()}
    decimals = _decimals(values)
    return {"counts": counts, "decimals": decimals} if decimals else {"counts": counts}


def _decimals(values: Mapping[str, Number | None]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items() if value is not None and value.denominator != 1}


def fields(value: _Plain) -> dict[str, Json]:
    """Every field of a flat answer by its name."""
    return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def count(answer: given.CountAnswer) -> Json:
    """Every name's counters, exact; slices where a breakdown was asked for."""
    results: list[Json] = [_counts(result) for result in answer.results]
    value: dict[str, Json] = {"receipt": fields(answer.receipt), "results": results}
    if answer.per is not None:
        value |= {
            "per": answer.per,
            "country_scheme": answer.scheme,
            "slices": [{"name": s.name, "key": s.key, **_numbers(s.values)} for s in answer.slices],
        }
    return value | _notes(answer.notes)


def _counts(counts: Counts) -> dict[str, Json]:
    return {"name": counts.name, "kind": counts.kind} | _numbers(counts.values)


def _notes(notes: Sequence[str]) -> dict[str, Json]:
    return {"notes": list(notes)} if notes else {}


def top(answer: given.TopAnswer) -> Json:
    """The leaderboard, its denominator beside it."""
    return {
        "receipt": fields(answer.receipt),
        "kind": answer.kind,
        "by": answer.by,
        "country_scheme": answer.scheme,
        "whole": answer.whole,
        "whole_meaning": answer.whole_meaning,
        "results": [_ranked(line) for line in answer.results],
        **_notes(answer.notes),
    }


def _ranked(line: given.Ranked) -> dict[str, Json]:
    counts: dict[str, Json] = {name: number(value) for name, value in line.values.items()}
    value: dict[str, Json] = {"name": line.name, "label": line.label, "value": number(line.value)}
    value |= {"counts": counts, "country": line.country, "share": line.share, **_arena(line.arena)}
    decimals = _decimals({"value": line.value} | dict(line.values))
    return value | ({"decimals": decimals} if decimals else {})


def _arena(place: given.Place | None) -> dict[str, Json]:
    return {"arena": fields(place)} if place else {}


def edge(value: Edge) -> dict[str, Json]:
    """One derivation: child, parent and what was said of the pair."""
    return {
        "child": value.child,
        "parent": value.parent,
        "relation": value.relation,
        "relations": list(value.relations),
        "evidence": list(value.evidence),
        "position": value.position,
    }


def listing(answer: given.ListAnswer) -> Json:
    """The models of a list with distance and relations; `total` counts beyond the limit."""
    rows: list[Json] = [
        fields(row.model) | {"distance": row.distance, "relations": list(row.relations)} for row in answer.rows
    ]
    return {
        "receipt": fields(answer.receipt),
        "name": answer.name,
        "kind": answer.kind,
        "total": answer.total,
        "asked": {key: plain(value) for key, value in answer.asked.items()},
        "results": rows,
        **_notes(answer.notes),
    }


def one(answer: given.ModelAnswer) -> Json:
    """One model: its fields, parents, counts, and what stands around it."""
    return {
        **fields(answer.model),
        "parents": [_parent(parent) for parent in answer.parents],
        **_numbers(answer.counts.values),
        "children": dict(answer.children),
        "families": list(answer.families),
        "teachers": list(answer.teachers),
        **_arena(answer.arena),
        "receipt": fields(answer.receipt),
        **_notes(answer.notes),
    }


def _parent(parent: given.Parent) -> Json:
    said = edge(parent.edge)
    del said["child"], said["parent"]
    return {"id": parent.edge.parent, "stub": parent.model.stub, **said, "written": list(parent.written)}


def search(answer: given.SearchAnswer) -> Json:
    """The hits, best first."""
    return {
        "receipt": fields(answer.receipt),
        "text": answer.text,
        "results": [fields(hit) for hit in answer.results],
        "truncated": answer.truncated,
        **_notes(answer.notes),
    }


def path(answer: given.PathAnswer) -> Json:
    """Nodes and edges of the way between two models."""
    return {
        "receipt": fields(answer.receipt),
        "start": answer.start,
        "end": answer.end,
        "joint": answer.joint,
        "nodes": [fields(node) for node in answer.nodes],
        "edges": [edge(line) for line in answer.edges],
        **_notes(answer.notes),
    }


def tree(scene: Scene, scene_receipt: Receipt) -> Json:
    """Models in drawing order, derivations among them, and under `hidden` what each "+N more" stands for."""
    return {
        "receipt": fields(scene_receipt),
        "root": scene.root,
        "direction": scene.direction,
        "nodes": [_placed(node, node.model) for node in scene.nodes if node.model],
        "edges": [edge(line.edge) | {"kind": line.kind} for line in scene.edges if line.edge],
        "hidden": [
            {
                "of": node.hangs_on,
                "count": node.more,
                "relations": dict(node.hidden),
                "publishers": node.publishers,
                "x": node.x,
                "y": node.y,
            }
            for node in scene.nodes
            if node.model is None
        ],
        "truncated": scene.truncated,
    }


def _placed(node: SceneNode, shown: Model) -> Json:
    relation = node.edge.relation if node.edge else None
    place: dict[str, Json] = {"distance": node.depth, "relation": relation, "open": node.open, "x": node.x, "y": node.y}
    return fields(shown) | place


def audit(answer: given.AuditAnswer) -> Json:
    """The sums of a snapshot and every finding by kind."""
    findings: dict[str, Json] = {
        finding.kind: {
            "count": finding.count,
            "examples": [fields(example) for example in finding.examples],
            "meaning": finding.meaning,
            "share": finding.share,
        }
        for finding in answer.findings
    }
    return {
        "receipt": fields(answer.receipt),
        "rows": answer.rows,
        "models": answer.models,
        "stubs": answer.stubs,
        "quarantined": answer.quarantined,
        "edges": answer.edges,
        "edges_by_evidence": dict(answer.edges_by_evidence),
        "edges_by_relation": dict(answer.edges_by_relation),
        "values_in": answer.values_in,
        "values_behind_edges": answer.values_behind_edges,
        "findings": findings,
        "missing_columns": list(answer.missing_columns),
    }


def families(answer: given.FamiliesAnswer) -> Json:
    """The registry as the snapshot sees it."""
    return {
        "receipt": fields(answer.receipt),
        "families": [fields(line) for line in answer.families],
        "double_claims": [{"id": id, "first": first, "second": second} for id, first, second in answer.double_claims],
        "unclaimed_roots": [{"id": id, "derivatives": count} for id, count in answer.unclaimed_roots],
    }


def snapshots(lines: Iterable[given.SnapshotLine]) -> Json:
    """A list of snapshots, oldest first."""
    return [fields(line) for line in lines]


def checks(lines: Sequence[given.Check]) -> Json:
    """`ok` over all, and every check."""
    return {"ok": all(line.ok for line in lines), "checks": [fields(line) for line in lines]}


def table(answer: Table) -> Json:
    """A list of row objects, as `cypher --json` prints it."""
    return [dict(zip(answer.columns, map(plain, row), strict=True)) for row in answer.rows]


def plain(value: object) -> Json:
    """Whatever a Cypher engine returns, as JSON: maps and lists stay, times become ISO, the unknown its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Fraction):
        return number(value)
    if isinstance(value, date):
        return time(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)
