"""What a number rests on, in two lines of text, and the banner over invented data."""

from __future__ import annotations

from collections.abc import Sequence

from lineage.domain import Receipt
from lineage.export.plain import Look, day, printable

BANNER = "SIMULATED DATA"
"""Stands over everything that shows invented models."""

BANNER_MEANING = "invented models below real roots; no fact about the Hub"


def banner(receipt: Receipt, look: Look) -> list[str]:
    """The banner and a blank line where the data is simulated, else nothing."""
    return (
        [f"{look.warn(f' {BANNER} ' if look.colour else BANNER)} · {BANNER_MEANING}", ""] if receipt.simulated else []
    )


def lines(receipt: Receipt) -> tuple[str, str]:
    """Two lines: the rule of counting, and what was counted."""
    rule = [_counters(receipt), receipt.attribution, receipt.evidence, f"as of {day(receipt.as_of)}"]
    if receipt.threshold is not None:
        rule.append(f"bulk above {receipt.threshold:,}")
    if receipt.era:
        rule.append(receipt.era)
    data = [
        f"{receipt.snapshot} (sha {receipt.snapshot_sha256[:6]})",
        f"registry {receipt.registry_version} ({receipt.registry_digest[:6]})",
        receipt.source,
    ]
    if not receipt.card:
        data.append("no card data")
    if not receipt.complete:
        data.append("partial")
    return _joined(rule), _joined(data)


def _joined(parts: list[str]) -> str:
    return " · ".join(printable(part) for part in parts if part)


def footer(receipt: Receipt, look: Look) -> list[str]:
    """A blank line and the receipt, dimmed."""
    return ["", *(look.dim(line) for line in lines(receipt))]


def page(receipt: Receipt, look: Look, body: Sequence[str], notes: Sequence[str] = ()) -> str:
    """A whole answer as text: the banner, the body, its notes, the receipt."""
    remarks = ["", *(f"note: {printable(note)}" for note in notes)] if notes else []
    return "\n".join([*banner(receipt, look), *body, *remarks, *footer(receipt, look)]) + "\n"


def _counters(receipt: Receipt) -> str:
    versions = receipt.counters
    if len(versions) <= 3:
        return ", ".join(f"{name} v{version}" for name, version in versions.items())
    if len(set(versions.values())) == 1:
        return f"{len(versions)} counters v{next(iter(versions.values()))}"
    return f"{len(versions)} counters (" + ", ".join(f"{name} v{version}" for name, version in versions.items()) + ")"
