"""What a Cypher query returns, as plain values that JSON can hold; both stores answer in these shapes.

A node is `{"label", "id", "properties"}` with the label's key as `id`; a relationship `{"label", "properties"}`; a path
`{"nodes", "relationships"}`. Properties that are null are left out. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from lineage.schema import LABELS

_KEYS = {label.name: label.key for label in LABELS}


def node(label: str, properties: Mapping[str, object]) -> dict[str, object]:
    """A node as the answer of a query shows it."""
    kept = _present(properties)
    return {"label": label, "id": kept.get(_KEYS.get(label, "")), "properties": kept}


def relationship(label: str, properties: Mapping[str, object]) -> dict[str, object]:
    """A relationship as the answer of a query shows it."""
    return {"label": label, "properties": _present(properties)}


def path(nodes: Iterable[object], relationships: Iterable[object]) -> dict[str, object]:
    """A path as the answer of a query shows it."""
    return {"nodes": list(nodes), "relationships": list(relationships)}


def plain(value: object) -> object:
    """A value of either driver as JSON can hold it: dates and durations as text, a number that is none as null."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)


def _present(properties: Mapping[str, object]) -> dict[str, object]:
    return {name: plain(value) for name, value in properties.items() if value is not None}
