"""What is published of counts: trends, claims and verifications as JSON, sheets and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from lineage import answers as given
from lineage.domain import Number, Receipt
from lineage.export import json, receipts
from lineage.export.json import Json
from lineage.export.plain import Look, counted, day, plural, printable
from lineage.export.sheet import Cell, Column, Kind, Sheet, drawn


def _exact(cells: Sequence[Number | None]) -> list[Json]:
    return [json.number(cell) for cell in cells]


def _decimals(cells: Sequence[Number | None]) -> list[Json]:
    return [None if cell is None else float(cell) for cell in cells]


def trends_json(answer: given.TrendsAnswer) -> Json:
    """Months with their wholes, and a line a family or country: exact numbers, shares as p/q, decimals beside them."""
    asked: dict[str, Json] = {
        "names": list(answer.asked.names),
        "since": json.time(answer.asked.since),
        "until": json.time(answer.asked.until),
        "country_scheme": answer.asked.scheme,
    }
    return {
        "receipt": json.fields(answer.receipt),
        "by": answer.by,
        "asked": asked,
        "whole": answer.whole,
        "whole_meaning": answer.whole_meaning,
        "undated": answer.undated,
        "months": [{"month": m.key, "whole": m.whole, "finished": m.finished} for m in answer.months],
        "lines": [_trend(line) for line in answer.lines],
        "marks": [
            {"marker": m.slug, "on": json.time(m.on), "text": m.text, "source": list(m.source)} for m in answer.marks
        ],
        "notes": list(answer.notes),
    }


def _trend(line: given.Trend) -> Json:
    return {
        "name": line.name,
        "label": line.label,
        "band": line.band,
        "total": json.number(line.total),
        "new": _exact(line.new),
        "share": _exact(line.share),
        "decimals": {"total": float(line.total), "new": _decimals(line.new), "share": _decimals(line.share)},
    }


def trends_sheet(answer: given.TrendsAnswer) -> Sheet:
    """A row a month and line: new models, their share exact and in decimals, the month's whole."""
    columns = (
        Column("month"),
        Column(answer.by),
        Column("new", "number"),
        Column("share"),
        Column("share_decimal", "number"),
        Column("whole", "number"),
        Column("finished"),
    )
    rows: list[tuple[Cell, ...]] = []
    for place, month in enumerate(answer.months):
        for line in answer.lines:
            share = line.share[place]
            decimal = None if share is None else float(share)
            rows.append((month.key, line.name, line.new[place], share, decimal, month.whole, month.finished))
    return Sheet(columns, tuple(rows))


WIDE = 6
"""Lines that stand side by side on a terminal; JSON and CSV have all."""


def trends_text(answer: given.TrendsAnswer, look: Look) -> str:
    """A row a month: new models of the largest lines and their shares."""
    shown = [line for line in answer.lines if not line.band][:WIDE] + [line for line in answer.lines if line.band]
    heads = [column for line in shown for column in (Column(line.label, "number"), Column("%", "share", whole=True))]
    rows: list[tuple[Cell, ...]] = []
    for place, month in enumerate(answer.months):
        cells: list[Cell] = []
        for line in shown:
            share = line.share[place]
            cells += [line.new[place], None if share is None else float(share)]
        rows.append((month.key + ("" if month.finished else " *"), *cells, month.whole))
    body = drawn(Sheet((Column("month", whole=True), *heads, Column("all new", "number")), tuple(rows)), look)
    hidden = len(answer.lines) - len(shown)
    body += ["", f"derivatives made in each month; %: fractional share of {answer.whole_meaning}"]
    body += [f"{plural(hidden, 'smaller line')} not shown; --csv and --json have all"] * bool(hidden)
    body += ["* not over when the snapshot was taken"] * any(not month.finished for month in answer.months)
    body += [f"{day(mark.on)}: {printable(mark.text)} ({', '.join(mark.source)})" for mark in answer.marks]
    return page(answer, look, body)


def page(answer: given.TrendsAnswer | given.ClaimsAnswer, look: Look, body: Sequence[str]) -> str:
    """An answer with its banner, notes and receipt."""
    remarks = ["", *(f"note: {printable(note)}" for note in answer.notes)] if answer.notes else []
    lines = [*receipts.banner(answer.receipt, look), *body, *remarks, *receipts.footer(answer.receipt, look)]
    return "\n".join(lines) + "\n"


def claims_json(answer: given.ClaimsAnswer) -> Json:
    """Every claim with its sources, its figures, and each figure against every counter and attribution."""
    return {
        "receipt": json.fields(answer.receipt),
        "results": [_claim(claim) for claim in answer.claims],
        "notes": list(answer.notes),
    }


def _claim(claim: given.ClaimAnswer) -> Json:
    return {
        "claim": claim.slug,
        "text": claim.text,
        "who": claim.who,
        "published": json.time(claim.published),
        "counted": claim.counted,
        "sources": [{"title": s.title, "date": json.time(s.date), "where": s.where} for s in claim.sources],
        "figures": [_figure(figure) for figure in claim.figures],
    }


def _figure(figure: given.FigureAnswer) -> Json:
    return {
        "subject": figure.subject,
        "kind": figure.kind,
        "measure": figure.measure,
        "value": figure.value,
        "bound": figure.bound,
        "on": json.time(figure.on),
        "remark": figure.remark,
        "then_from": json.fields(figure.then_from) if figure.then_from else None,
        "lines": [_held(line) for line in figure.lines],
    }


def _held(line: given.Held) -> Json:
    values = {"then": line.then, "now": line.now}
    decimals: dict[str, Json] = {
        name: float(value) for name, value in values.items() if isinstance(value, Fraction) and value.denominator != 1
    }
    return {
        "counter": line.counter,
        "attribution": line.attribution,
        "by": line.by,
        "then": json.number(line.then),
        "now": json.number(line.now),
        "then_of": line.then_of,
        "now_of": line.now_of,
        "passed": line.passed,
        "verdict": line.verdict,
        "sentence": line.sentence,
        "rivals": [{"name": r.name, "then": json.number(r.then), "now": json.number(r.now)} for r in line.rivals],
        **({"decimals": decimals} if decimals else {}),
    }


_CLAIMED = (
    *("claim", "subject", "measure", "on", "claimed", "bound", "counter", "attribution", "by", "then", "now"),
    *("then_of", "now_of", "passed", "verdict", "sentence"),
)


def claims_sheet(answer: given.ClaimsAnswer) -> Sheet:
    """A row for each claim, figure, counter and attribution; shares of downloads and of new in parts of 1."""
    rows: list[tuple[Cell, ...]] = [
        (
            *(claim.slug, figure.subject, figure.measure, figure.on, f"{figure.value:.15g}"),
            *("more" if figure.bound == ">" else "equal", line.counter, line.attribution, line.by),
            *(line.then, line.now, line.then_of, line.now_of, line.passed, line.verdict, line.sentence),
        )
        for claim in answer.claims
        for figure in claim.figures
        for line in figure.lines
    ]
    return Sheet(tuple(map(Column, _CLAIMED)), tuple(rows))


def claims_text(answer: given.ClaimsAnswer, look: Look) -> str:
    """Each claim, each of its figures as a table of counters, and a sentence of verdict for each counter."""
    body: list[str] = []
    for claim in answer.claims:
        body += [""] if body else []
        body.append(f"{look.bold(printable(claim.slug))}  {printable(claim.text)}")
        body.append(f"  {printable(claim.who)}, {day(claim.published)}; counted: {printable(claim.counted)}")
        body += [f"  source: {printable(s.title)}, {day(s.date)}, {printable(s.where)}" for s in claim.sources]
        for figure in claim.figures:
            body += ["", *_figure_text(figure, answer.receipt, look)]
    return page(answer, look, body or ["The registry holds no claim."])


def _figure_text(figure: given.FigureAnswer, receipt: Receipt, look: Look) -> list[str]:
    unit = "" if figure.measure == "derivatives" else " %"
    bound = "more than " if figure.bound == ">" else ""
    told = f"{bound}{figure.value:,g}{unit}" if unit else f"{bound}{figure.value:,.0f}"
    lines = [
        look.bold(f"  {printable(figure.subject)} · {figure.measure.replace('_', ' ')} · {told} on {day(figure.on)}")
    ]
    lines += [f"  {printable(figure.remark)}"] if figure.remark else []
    if figure.then_from:
        lines.append(f"  then: as snapshot {_dated(figure.then_from)} has it, models deleted since among it")
    kind: Kind = "share" if unit else "number"
    columns = (
        Column("counter"), Column("attribution"), Column("by"), Column("then", kind), Column("now", kind),
        Column("reached", whole=True), Column("verdict", whole=True),
    )  # fmt: skip
    rows = tuple(
        (
            h.counter,
            h.attribution,
            h.by,
            _told(h, h.then, unit, receipt),
            _told(h, h.now, unit, receipt),
            h.passed,
            h.verdict,
        )
        for h in figure.lines
    )
    lines += [f"  {line}" for line in drawn(Sheet(columns, rows), look)]
    headline = "any" if figure.measure == "derivatives" else "fractional"
    return lines + [
        f"  - {printable(h.sentence)}" for h in figure.lines if h.attribution == headline or h.by == "country"
    ]


def _dated(receipt: Receipt) -> str:
    return f"{printable(receipt.snapshot)} (sha {receipt.snapshot_sha256[:6]}) of {day(receipt.as_of)}"


def _told(line: given.Held, value: Number | None, unit: str, receipt: Receipt) -> Cell:
    if value is None or unit:
        return None if value is None else float(value)
    return value if receipt.complete else counted(value, line.counter, replace(receipt, attribution=line.attribution))


def verify_json(answer: given.VerifyAnswer) -> Json:
    """Equal or not, why not, and the values that moved."""
    return {
        "receipt": json.fields(answer.receipt) if answer.receipt else None,
        "question": answer.question,
        "equal": answer.equal,
        "checked": answer.checked,
        "reasons": list(answer.reasons),
        "differences": [{"where": d.where, "said": d.said, "found": d.found} for d in answer.differences],
    }


def verify_text(answer: given.VerifyAnswer, look: Look) -> str:
    """One line of verdict, the reasons, the values that moved, and the receipt of the new count."""
    if answer.equal:
        body = [f"equal: all {answer.checked:,} values of this `{printable(answer.question)}` come out again"]
    else:
        body = [look.bold("not equal"), *(f"  {printable(reason)}" for reason in answer.reasons)]
    body += [
        f"  {printable(d.where)}: the document says {printable(d.said)}, the count gives {printable(d.found)}"
        for d in answer.differences
    ]
    if answer.receipt is None:
        return "\n".join(body) + "\n"
    return "\n".join([*receipts.banner(answer.receipt, look), *body, *receipts.footer(answer.receipt, look)]) + "\n"
