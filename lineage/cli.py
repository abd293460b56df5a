"""The commands that ask: each parses, calls `lineage.questions`, prints. `ingest.cli` assembles them with the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import click

from lineage import console
from lineage.console import Command, Form, formed
from lineage.domain import Attribution, Level
from lineage.stores import examples
from lineage.wording import RELATIONS, ROWS, Back, Given, Since, as_of, attribution, country_scheme, evidence, limited

if TYPE_CHECKING:
    from lineage.answers import ListAnswer
    from lineage.domain import Receipt, Table
    from lineage.export.plain import Look
    from lineage.scene import Scene

PER = ("month", "publisher", "organisation", "country", "origin", "relation", "series")
KINDS = ("family", "model", "publisher", "organisation", "country", "origin")
SORTS = ("derivatives", "downloads", "likes", "created", "id", "distance")
HTML_ROWS = 300
"""A page of more nodes than this takes seconds to open."""

FORMATS = ("text", "json", "mermaid", "dot", "html")


def _rules() -> Mapping[str, str]:
    """What every counter counts, in one sentence each."""
    from lineage.counters import COUNTERS

    return {counter.id: counter.counts for counter in COUNTERS}


def _listed_ids(answer: ListAnswer) -> Iterator[str]:
    return (row.model.id for row in answer.rows)


def _most(limit: int | None, form: Form) -> int | None:
    if limit is None:
        return None if form.json or form.csv or form.ids else ROWS
    return limit or None


@click.command(
    cls=Command,
    section="Ask",
    examples=["lineage count qwen llama", "lineage count deepseek --per month --csv", "lineage count Qwen/Qwen3-8B"],
)
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@attribution
@evidence
@as_of
@click.option("--per", type=click.Choice(PER), help="Break the counts down.")
@click.option("--threshold", type=click.IntRange(min=1), default=500, show_default=True, help="Bulk begins above this.")
@country_scheme
@formed(ids=False)
def count(
    names: tuple[str, ...],
    attribution: Attribution,
    evidence: Level,
    as_of: date | None,
    per: str | None,
    threshold: int,
    scheme: str,
    form: Form,
) -> None:
    """Count the derivatives of families or models, by every counter.

    A NAME is a model id, else a family's slug; family:X and model:X force it.
    """
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.count(
            atlas,
            names,
            attribution=attribution,
            evidence=evidence,
            as_of=as_of,
            per=per,
            threshold=threshold,
            scheme=scheme,
        )
    shown = partial(text.count, rules=_rules())
    form.show(answer, text=shown, json=json.count, sheet=sheets.count, receipt=answer.receipt)


@click.command(
    cls=Command,
    section="Ask",
    examples=["lineage top", "lineage top --kind country --by organic", "lineage top --kind model --limit 50 --csv"],
)
@click.option("--kind", type=click.Choice(KINDS), default="family", show_default=True, help="What is ranked.")
@click.option("--by", default="derivatives", show_default=True, metavar="COUNTER", help="The counter to rank by.")
@limited(20)
@attribution
@evidence
@as_of
@country_scheme
@formed()
def top(
    kind: str,
    by: str,
    limit: int,
    attribution: Attribution,
    evidence: Level,
    as_of: date | None,
    scheme: str,
    form: Form,
) -> None:
    """Rank families, models, publishers, organisations or countries."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.top(
            atlas,
            kind=kind,
            by=by,
            limit=limit or sys.maxsize,
            attribution=attribution,
            evidence=evidence,
            as_of=as_of,
            scheme=scheme,
        )
    form.show(
        answer,
        text=partial(text.top, rules=_rules()),
        json=json.top,
        sheet=sheets.top,
        ids=lambda found: (line.name for line in found.results),
        receipt=answer.receipt,
    )


@click.command(
    cls=Command,
    section="Ask",
    examples=[
        "lineage derivatives qwen --relation merge --since 30d",
        "lineage derivatives Qwen/Qwen3-8B -q --limit 0",
    ],
)
@click.argument("name")
@click.option("--relation", type=RELATIONS, help="Only those that derive by this relation.")
@click.option("--depth", type=click.IntRange(min=1), help="Only those within so many edges.")
@click.option("--publisher", help="Only those of this namespace.")
@click.option("--since", type=Back(), help="Created since a date, or a span (7d, 12h, 4w) before the snapshot.")
@click.option("--sort", type=click.Choice(SORTS), default="derivatives", show_default=True, help="What comes first.")
@limited(None)
@evidence
@formed()
def derivatives(
    name: str,
    relation: str | None,
    depth: int | None,
    publisher: str | None,
    since: Since | None,
    sort: str,
    limit: int | None,
    evidence: Level,
    form: Form,
) -> None:
    """List what derives from a family or model."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.derivatives(
            atlas,
            name,
            relation=relation,
            depth=depth,
            publisher=publisher,
            since=since.before(atlas.snapshot.manifest.as_of) if since else None,
            sort=sort,
            limit=_most(limit, form),
            evidence=evidence,
        )
    form.show(
        answer, text=text.listing, json=json.listing, sheet=sheets.listing, ids=_listed_ids, receipt=answer.receipt
    )


@click.command(cls=Command, section="Ask", examples=["lineage ancestors deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"])
@click.argument("id")
@click.option("--depth", type=click.IntRange(min=1), help="Only those within so many edges.")
@limited(None)
@evidence
@formed()
def ancestors(id: str, depth: int | None, limit: int | None, evidence: Level, form: Form) -> None:
    """List what a model derives from, nearest first."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.ancestors(atlas, id, depth=depth, limit=_most(limit, form), evidence=evidence)
    form.show(
        answer, text=text.listing, json=json.listing, sheet=sheets.listing, ids=_listed_ids, receipt=answer.receipt
    )


@click.command(
    cls=Command, section="Ask", examples=["lineage model Qwen/Qwen3-8B", "lineage model Qwen/Qwen3-8B --web"]
)
@click.argument("id")
@click.option("--web", is_flag=True, help="Open the Hub's page of it too.")
@evidence
@formed(ids=False)
def model(id: str, web: bool, evidence: Level, form: Form) -> None:
    """Look at one model: its parents and their proof, its counts, its children."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.model(atlas, id, evidence=evidence)
    shown = partial(text.model, rules=_rules())
    form.show(answer, text=shown, json=json.one, sheet=sheets.parents, receipt=answer.receipt)
    if web:
        console.open_on_hub(answer.model.id)


@click.command(cls=Command, section="Ask", examples=["lineage search qwen3 coder", "lineage search r1 distill -q"])
@click.argument("words", nargs=-1, required=True, metavar="TEXT...")
@limited(20)
@formed()
def search(words: tuple[str, ...], limit: int, form: Form) -> None:
    """Find models whose id holds every word."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.search(atlas, " ".join(words), limit=limit or sys.maxsize - 1)
    form.show(
        answer,
        text=text.search,
        json=json.search,
        sheet=sheets.search,
        ids=lambda found: (hit.id for hit in found.results),
        receipt=answer.receipt,
    )


@click.command(
    cls=Command,
    section="Ask",
    examples=["lineage tree Qwen/Qwen3-8B", "lineage tree Qwen/Qwen3-8B --format html > tree.html"],
)
@click.argument("id")
@click.option("--up", is_flag=True, help="Ancestors instead of derivatives.")
@click.option("--depth", type=click.IntRange(min=1), help="Generations to go.")
@click.option("--limit", type=click.IntRange(min=1), default=35, show_default=True, help="Rows to draw.")
@click.option("--relation", "relations", type=RELATIONS, multiple=True, help="Only by this relation.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to draw.")
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("-q", "--ids", is_flag=True, help="Ids alone, one a line.")
@click.option("--web", is_flag=True, help="Open the Hub's page of it too.")
def tree(
    id: str, up: bool, depth: int | None, limit: int, relations: tuple[str, ...], form: str, ids: bool, web: bool
) -> None:
    """Draw a family tree, the largest branches first."""
    from lineage import questions

    form = "ids" if ids else form
    if form == "html" and limit > HTML_ROWS:
        click.echo(f"A page holds at most {HTML_ROWS} rows: drawing {HTML_ROWS} instead of {limit:,}.", err=True)
        limit = HTML_ROWS
    with console.atlas() as atlas:
        scene, receipt = questions.tree(atlas, id, up=up, depth=depth, limit=limit, relations=relations)
    click.echo(drawing(scene, receipt, form), nl=False)
    if web:
        console.open_on_hub(scene.root)


def drawing(scene: Scene, receipt: Receipt, form: str) -> str:
    """The scene in one of `FORMATS`, or its ids."""
    from lineage.export import dot, html, json, mermaid, plain, trees

    writers: Mapping[str, Callable[[Scene, Receipt], str]] = {
        "text": lambda shown, rests_on: trees.text(shown, rests_on, console.look()),
        "json": lambda shown, rests_on: json.text(json.tree(shown, rests_on)) + "\n",
        "mermaid": mermaid.text,
        "dot": dot.text,
        "html": html.page,
        "ids": lambda shown, _: "".join(f"{plain.printable(node.key)}\n" for node in shown.nodes if node.model),
    }
    return writers[form](scene, receipt)


@click.command(cls=Command, section="Ask", examples=["lineage path b/tune Qwen/Qwen3-8B", "lineage path A B --common"])
@click.argument("a")
@click.argument("b")
@click.option("--common", is_flag=True, help="Where neither derives from the other: meet in a common ancestor.")
@evidence
@formed()
def path(a: str, b: str, common: bool, evidence: Level, form: Form) -> None:
    """Show how one model derives from another."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.path(atlas, a, b, common=common, evidence=evidence)
    form.show(
        answer,
        text=text.path,
        json=json.path,
        sheet=sheets.path,
        ids=lambda found: (node.id for node in found.nodes),
        receipt=answer.receipt,
    )


@click.command(
    cls=Command,
    section="Ask",
    examples=[f"lineage cypher '{examples.MOST_DERIVED}'"],
)
@click.argument("query")
@click.option("--param", "-p", "parameters", type=Given(), multiple=True, help="A parameter, $NAME in the query.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Rows at most.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), default=30, show_default=True, help="Seconds.")
@formed(ids=False)
def cypher(query: str, parameters: tuple[tuple[str, object], ...], limit: int, timeout: float, form: Form) -> None:
    """Ask the graph in Cypher, read-only."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.cypher(atlas, query, dict(parameters), limit=limit, timeout=timeout)
        receipt = atlas.receipt("cypher")

    def shown(table: Table, look: Look) -> str:
        return text.table(table, look, receipt)

    form.show(answer, text=shown, json=json.table, sheet=sheets.table, receipt=receipt)


COMMANDS = (count, top, derivatives, ancestors, model, search, tree, path, cypher)
"""In the order in which `--help` lists them."""
