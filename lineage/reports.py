"""The commands that report on the data itself: what is odd in it, which families are known, what is on disk."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from lineage import console
from lineage.console import Command, Form, formed
from lineage.domain import Level
from lineage.wording import evidence

if TYPE_CHECKING:
    from lineage.licences import Kept

FINDINGS = ("kept", "tightened", "loosened", "dropped", "unknown")
"""What `license` finds on an edge, spelt here so that the help needs no registry."""


@click.command(cls=Command, section="Reports", examples=["lineage audit", "lineage audit --examples 20 --json"])
@click.option("--examples", type=click.IntRange(min=0), default=5, show_default=True, help="Examples of each finding.")
@formed(ids=False)
def audit(examples: int, form: Form) -> None:
    """Show what is odd in the data, and that the sums balance."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.audit(atlas, examples=examples)
    form.show(answer, text=text.audit, json=json.audit, sheet=sheets.findings, receipt=answer.receipt)


@click.command(cls=Command, section="Reports", examples=["lineage families", "lineage families --check"])
@click.option("--check", is_flag=True, help="Also patterns without a match, double claims, large roots of no family.")
@formed()
def families(check: bool, form: Form) -> None:
    """List the families that are known, and their members here."""
    from lineage import questions
    from lineage.export import json, sheets, text

    with console.atlas() as atlas:
        answer = questions.families(atlas, check=check)
    form.show(
        answer,
        text=text.families,
        json=json.families,
        sheet=sheets.families,
        ids=lambda found: (line.slug for line in found.families),
        receipt=answer.receipt,
    )


def _several(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """The findings of `--fail-on`, told by commas or by repeating the option."""
    names = [name.strip().lower() for value in values for name in value.split(",") if name.strip()]
    for name in names:
        if name not in FINDINGS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(FINDINGS)}.")
    return tuple(dict.fromkeys(names))


@click.command(
    "license",
    cls=Command,
    section="Reports",
    examples=["lineage license b/tune", "lineage license b/tune --fail-on loosened,dropped"],
)
@click.argument("id")
@click.option(
    "--fail-on",
    multiple=True,
    callback=_several,
    metavar="FINDING,...",
    help=f"Exit 1 where the chain has one of these: {', '.join(FINDINGS)}.",
)
@evidence
@formed()
@click.pass_context
def license_(ctx: click.Context, id: str, fail_on: tuple[str, ...], evidence: Level, form: Form) -> None:
    """Follow a model's licence upwards: class, finding on each edge, strictest class inherited.

    As declared on the Hub; no legal advice.
    """
    from lineage import questions
    from lineage.export import licences

    with console.atlas() as atlas:
        answer = questions.license(atlas, id, evidence=evidence)
    failed: tuple[Kept, ...] = tuple(sorted(kind for kind in answer.findings if str(kind) in fail_on))
    form.show(
        answer,
        text=licences.text,
        json=partial(licences.document, failed=failed),
        sheet=licences.sheet,
        ids=lambda found: (one.id for one in found.above),
        receipt=answer.receipt,
    )
    if failed:
        console.complain(f"{answer.model.id}: {', '.join(failed)} on its way down, which --fail-on asks to fail on.")
        ctx.exit(1)


@click.command(cls=Command, section="Stores", examples=["lineage snapshots", "lineage snapshots -q | tail -1"])
@formed()
def snapshots(form: Form) -> None:
    """List the sealed snapshots, oldest first."""
    from lineage import questions
    from lineage.export import json, sheets, text

    form.show(
        questions.snapshots(console.settings()),
        text=text.snapshots,
        json=json.snapshots,
        sheet=sheets.snapshots,
        ids=lambda lines: (line.id for line in lines),
    )


COMMANDS = (audit, families, license_, snapshots)
"""In the order in which `--help` lists them."""
