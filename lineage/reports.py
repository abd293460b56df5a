"""The commands that report on the data itself: what is odd in it, which families are known, what is on disk."""

from __future__ import annotations

import click

from lineage import console
from lineage.console import Command, Form, formed


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


COMMANDS = (audit, families, snapshots)
"""In the order in which `--help` lists them."""
