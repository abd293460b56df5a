"""The commands for publishing: trends, claims, charts, exports, and whether a number comes out again."""

from __future__ import annotations

import json as standard
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import IO

import click

from lineage import console
from lineage.console import Command, Form, formed
from lineage.domain import Attribution, Level
from lineage.errors import Fatal
from lineage.wording import Day, attribution, country_scheme, evidence

SPLITS = ("family", "origin", "country")
SUFFIXES = (".svg", ".png", ".csv")
HTML_ROWS = 300
"""A page of more nodes than this takes seconds to open."""

_by = click.option("--by", type=click.Choice(SPLITS), default="family", show_default=True, help="What is told apart.")


@click.command(
    cls=Command,
    section="Reports",
    examples=["lineage trends", "lineage trends --by origin CN US", "lineage trends qwen llama --since 2025-01 --csv"],
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_by
@click.option("--since", type=Day(), help="From this month on.")
@click.option("--until", type=Day(), help="Up to this month.")
@country_scheme
@attribution
@evidence
@formed(ids=False)
def trends(
    names: tuple[str, ...],
    by: str,
    since: date | None,
    until: date | None,
    scheme: str,
    attribution: Attribution,
    evidence: Level,
    form: Form,
) -> None:
    """Show new derivatives month by month, and shares of new.

    A NAME is a family's slug or, by origin and country, an ISO code or region; the rest is then one band.
    """
    from lineage import questions
    from lineage.export import published as write

    with console.atlas() as atlas:
        answer = questions.trends(
            atlas,
            by=by,
            names=names,
            evidence=evidence,
            attribution=attribution,
            since=since,
            until=until,
            scheme=scheme,
        )
    form.show(answer, text=write.trends_text, json=write.trends_json, sheet=write.trends_sheet, receipt=answer.receipt)


@click.command(cls=Command, section="Reports", examples=["lineage claims", "lineage claims hf-113k --csv"])
@click.argument("names", nargs=-1, metavar="[CLAIM]...")
@formed()
def claims(names: tuple[str, ...], form: Form) -> None:
    """Hold published claims against every counter, then and now.

    Claims are entries of the registry; --registry FILE adds your own.
    """
    from lineage import questions
    from lineage.export import published as write

    with console.atlas() as atlas:
        answer = questions.claims(atlas, names)
    form.show(
        answer,
        text=write.claims_text,
        json=write.claims_json,
        sheet=write.claims_sheet,
        ids=lambda found: (claim.slug for claim in found.claims),
        receipt=answer.receipt,
    )


@click.command(cls=Command, section="Reports", examples=["lineage count qwen --json > q.json && lineage verify q.json"])
@click.argument("receipt", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@formed(csv=False, ids=False)
@click.pass_context
def verify(ctx: click.Context, receipt: Path, form: Form) -> None:
    """Make a printed answer again and say whether its numbers are equal.

    RECEIPT is what a question printed with --json, or the receipt.json of an export. Exit 1 where they are not.
    """
    from lineage import questions
    from lineage.export import published as write

    try:
        with click.open_file(str(receipt), "r", encoding="utf-8") as file:
            document = standard.load(file)
    except ValueError as error:
        raise Fatal(f"{receipt} is no JSON: {error}. Give the file that --json wrote.") from error
    answer = questions.verify(console.settings(), document)
    form.show(answer, text=write.verify_text, json=write.verify_json)
    if not answer.equal:
        ctx.exit(1)


class Target(click.ParamType[Path]):
    """A file whose ending says what is drawn into it."""

    name = "FILE"

    def convert(self, value: str | Path, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path; its ending is one that charts have."""
        path = Path(value)
        if path.suffix.lower() not in SUFFIXES:
            self.fail(f"{str(value)!r} ends in none of {', '.join(SUFFIXES)}.", param, ctx)
        return path


_out = click.option("--out", type=Target(), required=True, help="Where to draw; the ending says what: svg, png, csv.")


@click.group(cls=console.Section, section="Reports")
def chart() -> None:
    """Draw trends, claims, a family or the curve of organic as SVG, PNG or CSV, with the receipt."""


@chart.command("trends", examples=["lineage chart trends --share --out share.svg"])
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_by
@click.option("--share", is_flag=True, help="Shares of new instead of numbers; fractional.")
@click.option("--since", type=Day(), help="From this month on.")
@click.option("--until", type=Day(), help="Up to this month.")
@country_scheme
@evidence
@_out
def chart_trends(
    names: tuple[str, ...],
    by: str,
    share: bool,
    since: date | None,
    until: date | None,
    scheme: str,
    evidence: Level,
    out: Path,
) -> None:
    """Draw new derivatives a month."""
    from lineage import questions
    from lineage.export import published as write

    way = Attribution.FRACTIONAL if share else Attribution.ANY
    with console.atlas() as atlas:
        answer = questions.trends(
            atlas,
            by=by,
            names=names,
            evidence=evidence,
            attribution=way,
            since=since,
            until=until,
            scheme=scheme,
        )
    from lineage.export import chart as drawn
    from lineage.export import files

    files.charted(out, drawn.trends(answer, share=share), write.trends_sheet(answer), answer.receipt)
    click.echo(str(out), err=True)


@chart.command("claims", examples=["lineage chart claims --out claims.svg"])
@click.argument("names", nargs=-1, metavar="[CLAIM]...")
@_out
def chart_claims(names: tuple[str, ...], out: Path) -> None:
    """Draw claims against what the counters give."""
    from lineage import questions
    from lineage.export import chart as drawn
    from lineage.export import files
    from lineage.export import published as write

    with console.atlas() as atlas:
        answer = questions.claims(atlas, names)
    files.charted(out, drawn.claims(answer), write.claims_sheet(answer), answer.receipt)
    click.echo(str(out), err=True)


@chart.command("family", examples=["lineage chart family qwen --out qwen.svg"])
@click.argument("name")
@evidence
@_out
def chart_family(name: str, evidence: Level, out: Path) -> None:
    """Draw one family's or model's new derivatives a month, by relation."""
    from lineage import questions
    from lineage.export import chart as drawn
    from lineage.export import files, sheets

    with console.atlas() as atlas:
        answer = questions.count(atlas, [name], evidence=evidence, per="month")
    files.charted(out, drawn.family(answer, name), sheets.count(answer), answer.receipt)
    click.echo(str(out), err=True)


@chart.command("organic", examples=["lineage chart organic qwen --out curve.csv"])
@click.argument("name")
@evidence
@_out
def chart_organic(name: str, evidence: Level, out: Path) -> None:
    """Draw `organic` of a family or model over its threshold."""
    from lineage import questions
    from lineage.export import chart as drawn
    from lineage.export import files, sheets

    with console.atlas() as atlas:
        answer = questions.curve(atlas, name, evidence=evidence)
    files.charted(out, drawn.curve(answer), sheets.curve(answer), answer.receipt)
    click.echo(str(out), err=True)


@click.command(cls=Command, section="Reports", examples=["lineage reproduce hf-113k --out hf-113k"])
@click.argument("claim")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="The folder to write.")
@click.option("--snapshot", metavar="ID", help="The snapshot to count; the loaded one by default.")
def reproduce(claim: str, out: Path, snapshot: str | None) -> None:
    """Write all that a claim's check rests on into a folder: the same bytes every time."""
    from lineage import atlas as atlases
    from lineage import questions
    from lineage.export import files

    settings = console.settings()
    with atlases.opened(settings, snapshot=snapshot) as atlas:
        answer = questions.claims(atlas, [claim])
        manifest = atlas.snapshot.manifest.to_json()
    for name in files.parcel(out, answer, manifest, settings.registry):
        click.echo(name)


EXPORTS = ("csv", "parquet", "json", "graphml", "neo4j-admin", "html")


@click.command(
    cls=Command,
    section="Reports",
    examples=["lineage export --format parquet --out graph", "lineage export qwen --format graphml --out qwen.graphml"],
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--format", "form", type=click.Choice(EXPORTS), required=True, help="For which tools.")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="A folder for csv, parquet and neo4j-admin; else a file."
)
def export(names: tuple[str, ...], form: str, out: Path | None) -> None:
    """Write the graph, or what stands around families and models, for other tools.

    Of a family: its members and derivatives; of a model: all above and below it. json, graphml and html go to stdout
    without --out. html is one model's tree, at most 300 rows of it.
    """
    from lineage import questions
    from lineage.export import html, whole

    if out is None and form in whole.FOLDERS:
        raise click.UsageError(f"{form} is a folder of tables: name it with --out DIR.")
    if form == "html" and len(names) != 1:
        raise click.UsageError("html draws one model's tree: name it.")
    with console.atlas() as atlas:
        if form == "html":
            page = html.page(*questions.tree(atlas, names[0], limit=HTML_ROWS))
            _written(out, lambda file: file.write(page))
            return
        answer = questions.export(atlas, names)
    if out is not None and form in whole.FOLDERS:
        for name in whole.folder(answer, form, out):
            click.echo(name)
    else:
        _written(out, lambda file: whole.document(answer, form, file))


def _written(out: Path | None, write: Callable[[IO[str]], object]) -> None:
    """A document into a file, whole or not at all, or onto stdout."""
    if out is None:
        write(sys.stdout)
        return
    beside = out.with_name(f".{out.name}.part")
    with beside.open("w", encoding="utf-8", newline="\n") as file:
        write(file)
    beside.replace(out)
    click.echo(str(out), err=True)


COMMANDS = (trends, claims, chart, export, verify, reproduce)
"""In the order in which `--help` lists them."""
