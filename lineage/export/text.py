"""Answers as text that a person enjoys: aligned, every number under its rule, two lines of receipt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from lineage import answers as given
from lineage.domain import Counts, Edge, Model, Receipt, Table
from lineage.export import receipts, sheets
from lineage.export.plain import LETTERS, Look, cells, clip, counted, day, mix, number, pad, plural, printable, size
from lineage.export.sheet import Column, Sheet, drawn

HEADLINE = ("derivatives", "organic", "trained", "publishers")
"""Counters that stand together: a headline is never one bare number."""

LIST = ("id", "distance", "relations", "derivatives", "downloads", "likes", "created_at")
"""Columns of a list on a terminal; CSV has more."""


_page = receipts.page


def _bounded(sheet: Sheet, receipt: Receipt) -> Sheet:
    """The sheet with its transitive counters marked as lower bounds, where the crawl did not reach all."""
    if receipt.complete:
        return sheet
    own = (
        {"rank", "distance", "downloads", "likes"}
        if "id" in {c.name for c in sheet.columns}
        else {"rank", "arena_rank"}
    )
    rows = [
        tuple(
            counted(cell, column.name, receipt)
            if isinstance(cell, (int, Fraction)) and column.kind == "number" and column.name not in own
            else cell
            for cell, column in zip(row, sheet.columns, strict=True)
        )
        for row in sheet.rows
    ]
    return Sheet(sheet.columns, tuple(rows))


def count(answer: given.CountAnswer, look: Look, rules: Mapping[str, str]) -> str:
    """Counters down, names across, the rule under each number; with a breakdown the table of its slices."""
    if answer.per is not None:
        body = drawn(_bounded(sheets.slices(answer, HEADLINE), answer.receipt), look)
        names = list(dict.fromkeys(piece.name for piece in answer.slices))
        counters = HEADLINE if len(names) == 1 else HEADLINE[:1]
        body += ["", *(look.dim(f"{name}: {rules[name]}") for name in counters if name in rules)]
        return _page(answer.receipt, look, body, answer.notes)
    body = []
    each = max(1, (look.width - 20) // 18)
    for start in range(0, len(answer.results), each):
        body += ([""] if start else []) + _counters(answer.results[start : start + each], answer.receipt, look, rules)
    return _page(answer.receipt, look, body, answer.notes)


def _counters(results: Sequence[Counts], receipt: Receipt, look: Look, rules: Mapping[str, str]) -> list[str]:
    counters = list(dict.fromkeys(counter for result in results for counter in result.values))
    counters.sort(key=lambda counter: counter not in HEADLINE)
    table = [[counted(result.values.get(c), c, receipt) for result in results] for c in counters]
    heads = [printable(result.name) for result in results]
    first = max(map(len, counters), default=0)
    widest = [max([8, *(len(row[place]) for row in table)]) for place in range(len(heads))]
    room = (look.width - first) // max(len(heads), 1) - 2
    widths = [max(wide, min(cells(head), room)) for head, wide in zip(heads, widest, strict=True)]
    titles = [pad(clip(head, width), width, right=True) for head, width in zip(heads, widths, strict=True)]
    lines = [look.bold("  ".join([" " * first, *titles]))]
    for counter, row in zip(counters, table, strict=True):
        values = [pad(value, width, right=True) for value, width in zip(row, widths, strict=True)]
        lines.append("  ".join([look.bold(pad(counter, first)), *values]))
        lines.append(look.dim(clip(f"  {rules.get(counter, '')}", look.width)))
    return lines


def top(answer: given.TopAnswer, look: Look, rules: Mapping[str, str]) -> str:
    """The leaderboard, what its shares are of, and the rule it counts by."""
    body = drawn(_bounded(sheets.only(sheets.top(answer), (*sheets.BRIEF, answer.by)), answer.receipt), look)
    body += ["", f"{answer.by}: {rules[answer.by]}"] if answer.by in rules else [""]
    if any(line.share is not None for line in answer.results):
        body.append(f"share: of {answer.whole:,} {printable(answer.whole_meaning)}")
    return _page(answer.receipt, look, body, answer.notes)


def listing(answer: given.ListAnswer, look: Look) -> str:
    """The models of a list and how many more there are."""
    bound = "" if answer.receipt.complete else "≥ "
    what = plural(answer.total, answer.receipt.question.removesuffix("s"))
    body = [f"{bound}{what} of {printable(answer.name)}", ""]
    if answer.rows:
        body += drawn(_bounded(sheets.only(sheets.listing(answer), LIST), answer.receipt), look)
    if answer.total > len(answer.rows):
        body += ["", f"{answer.total - len(answer.rows):,} more; --limit 0 lists all"]
    return _page(answer.receipt, look, body, answer.notes)


def search(answer: given.SearchAnswer, look: Look) -> str:
    """The hits as a table, or that there is none."""
    body = (
        drawn(_bounded(sheets.search(answer), answer.receipt), look)
        if answer.results
        else [f"No id holds {printable(answer.text)!r}."]
    )
    if answer.truncated:
        body += ["", "more match; --limit shows more"]
    return _page(answer.receipt, look, body, answer.notes)


def model(answer: given.ModelAnswer, look: Look, rules: Mapping[str, str]) -> str:
    """One model: who, what, its parents with the proof of each, its counts, its children by relation."""
    body = [look.bold(printable(answer.model.id)), *(f"  {line}" for line in _facts(answer.model)), ""]
    if answer.parents:
        body += [f"derives from {plural(len(answer.parents), 'model')}", *_indented(sheets.parents(answer), look)]
    else:
        body.append("derives from no model known here")
    if answer.families:
        body.append("derivative of " + ", ".join(map(printable, answer.families)))
    if answer.teachers:
        body.append("taught by " + ", ".join(map(printable, answer.teachers)))
    if answer.arena:
        body.append(f"arena: {_arena(answer.arena)}")
    if answer.children:
        body.append(f"children: {mix(answer.children.items())}")
    body += ["", *_counters([answer.counts], answer.receipt, look, rules)]
    return _page(answer.receipt, look, body, answer.notes)


def _arena(place: given.Place) -> str:
    rank = "unranked" if place.rank is None else f"rank {place.rank:,}"
    said = [rank, place.score and f"score {place.score:,.0f}", place.votes and f"{place.votes:,} votes", place.name]
    return " · ".join(printable(str(part)) for part in said if part)


def _facts(model: Model) -> list[str]:
    if model.stub:
        return ["not in the snapshot: deleted, private, renamed or misspelt; known because others name it"]
    maker = f"{model.organization} ({model.country or 'country unknown'})" if model.organization else None
    who = [model.publisher, maker, f"official {model.family} model" if model.family else None]
    what = [
        model.pipeline_tag,
        model.library,
        model.license,
        f"gated: {model.gated}" if model.gated not in (None, "false") else None,
    ]
    if model.parameters:
        what.append(f"{model.parameters / 1e9:,.2f} B parameters")
    when = [f"created {day(model.created_at)}", f"changed {day(model.last_modified)}"]
    use = [f"{number(model.downloads)} downloads in 30 days", f"{number(model.likes)} likes"]
    return [" · ".join(printable(part) for part in parts if part) for parts in (who, what, when + use) if any(parts)]


def _indented(sheet: Sheet, look: Look) -> list[str]:
    return [f"  {line}" for line in drawn(sheet, Look(look.width - 2, look.colour))]


def path(answer: given.PathAnswer, look: Look) -> str:
    """The chain from the lower to the higher, or the two chains up to where they meet."""
    start, end = printable(answer.start), printable(answer.end)
    above = {edge.parent for edge in answer.edges}
    lows = [edge.child for edge in answer.edges if edge.child not in above]
    chains = [line for low in lows for line in _chain(low, answer.edges, look)]
    if not answer.edges:
        body = [f"{start} and {end} are one model." if answer.nodes else f"No derivation joins {start} and {end}."]
    elif answer.joint is not None:
        body = [f"{start} and {end} meet in {look.bold(printable(answer.joint))}", "", *chains[:-1]]
    else:
        body = [f"{plural(len(answer.edges), 'step')} of derivation", "", *chains[:-1]]
    return _page(answer.receipt, look, body, answer.notes)


def _chain(start: str, edges: Sequence[Edge], look: Look) -> list[str]:
    """The edges upwards from `start`, one line each."""
    above = {edge.child: edge for edge in reversed(edges)}
    lines = [printable(start)]
    here, seen = start, {start}
    while here in above and above[here].parent not in seen:
        edge = above[here]
        mark = look.relation(f"{LETTERS.get(edge.relation, '?')} {', '.join(edge.relations)}", edge.relation)
        lines.append(f"  ↑ {mark} · {', '.join(edge.evidence)}")
        lines.append(printable(edge.parent))
        here = edge.parent
        seen.add(here)
    return [*lines, ""]


def audit(answer: given.AuditAnswer, look: Look) -> str:
    """The sums that must balance, edges by evidence and relation, and every finding with examples."""
    accounted = answer.values_in - answer.values_behind_edges
    body = [
        f"rows in {answer.rows:,} = models {answer.models:,} + quarantined {answer.quarantined:,}",
        f"parent values {answer.values_in:,} = behind edges {answer.values_behind_edges:,} + findings {accounted:,}",
        f"stubs {answer.stubs:,} · edges {answer.edges:,}",
        f"  by strongest evidence: {mix(answer.edges_by_evidence.items()) or 'none'}",
        f"  by strongest relation: {mix(answer.edges_by_relation.items()) or 'none'}",
        "",
    ]
    if answer.missing_columns:
        body[-1:-1] = [f"the input lacks: {', '.join(map(printable, answer.missing_columns))}"]
    body += drawn(sheets.findings(answer), look) if answer.findings else ["no findings"]
    for finding in answer.findings:
        if finding.examples:
            body += ["", look.bold(printable(finding.kind))]
            body += [look.dim(clip(f"  {_example(example)}", look.width)) for example in finding.examples]
    return _page(answer.receipt, look, body)


def _example(example: given.Example) -> str:
    where = f"{example.child} → {example.value}" if example.child and example.value else example.child or example.value
    said = [where or "", f"({example.detail})" if example.detail else ""]
    return " ".join(printable(part) for part in said if part)


def families(answer: given.FamiliesAnswer, look: Look) -> str:
    """The registry's families, and with `--check` what does not fit."""
    body = drawn(sheets.families(answer), look)
    unmatched = [(line.slug, line.unmatched_patterns) for line in answer.families if line.unmatched_patterns]
    if unmatched:
        body += ["", look.bold("patterns that match nothing here")]
        body += [f"  {printable(slug)}: {', '.join(map(printable, patterns))}" for slug, patterns in unmatched]
    if answer.double_claims:
        twice = (Column("id", title="claimed twice"), Column("first"), Column("second"))
        body += ["", *drawn(Sheet(twice, answer.double_claims), look)]
    if answer.unclaimed_roots:
        roots = (Column("id", title="large roots of no family"), Column("derivatives", "number"))
        body += ["", *drawn(Sheet(roots, answer.unclaimed_roots), look)]
    return _page(answer.receipt, look, body)


def snapshots(lines: Sequence[given.SnapshotLine], look: Look) -> str:
    """The sealed snapshots, oldest first; the loaded one is marked."""
    if not lines:
        return "No snapshot yet: `lineage bootstrap` fetches the whole Hub, `lineage crawl deepseek` one family.\n"
    texts = [Column("snapshot", whole=True), Column("scope"), Column("as of", whole=True)]
    numbers = [Column("models", "number"), Column("bad rows", "number")]
    sizes = [Column("holds", whole=True), Column("frees", whole=True)]
    columns = (*texts, *numbers, *sizes, Column("marks"), Column("source"))
    rows = tuple(
        (s.id, s.scope, day(s.as_of), s.models, s.quarantined, size(s.bytes), size(s.frees), _marks(s), s.source)
        for s in lines
    )
    body = drawn(Sheet(columns, rows), look)
    if any(line.frees < line.bytes for line in lines):
        body += ["", "frees: what the disk gets back where that one alone is pruned; the rest it shares with others"]
    return "\n".join(body) + "\n"


def _marks(line: given.SnapshotLine) -> str | None:
    marks = [
        "loaded" * line.loaded,
        receipts.BANNER.lower() * line.simulated,
        "partial" * (not line.complete),
        "no card data" * (not line.card),
        f"nothing new on {day(line.checked_at)}" if line.checked_at else "",
    ]
    return ", ".join(mark for mark in marks if mark) or None


def checks(lines: Sequence[given.Check], look: Look) -> str:
    """One line a check, and under it what to try."""
    first = max((cells(line.name) for line in lines), default=0)
    body: list[str] = []
    for line in lines:
        mark = "✗" if not line.ok else "•" if line.remedy else "✓"
        body.append(f"{look.bold(mark)} {pad(printable(line.name), first)}  {printable(line.seen)}")
        if line.remedy:
            body.append(f"  {' ' * first}  {look.dim('try: ' + printable(line.remedy))}")
    return "\n".join(body) + "\n"


def table(answer: Table, look: Look, receipt: Receipt) -> str:
    """The rows of a Cypher answer and how many they are."""
    rows = plural(len(answer.rows), "row")
    end = f"{rows}, cut there; --limit shows more" if answer.truncated else rows
    return _page(receipt, look, [*drawn(sheets.table(answer), look), "", look.dim(end)])
