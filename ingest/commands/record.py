"""The commands about the record over time: what changed, what may go. Snapshots resolve as needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineage import console
from lineage.console import Command, Form, formed
from lineage.domain import Attribution, Level
from lineage.wording import attribution, evidence

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.registry import Registry
    from lineage.settings import Settings
    from lineage.snapshots import Manifest

_SHOWN = 20


def opened(settings: Settings, registry: Registry, id: str) -> Atlas:
    """The atlas of a snapshot under a registry, its names resolved now where they were not yet."""
    from ingest.load import resolve_snapshot
    from lineage.atlas import Atlas
    from lineage.snapshots import opened

    snapshot = opened(settings, id)
    resolve_snapshot(settings, snapshot, registry)
    return Atlas(settings, registry, snapshot)


def _most(limit: int | None, form: Form) -> int | None:
    if limit is None:
        return None if form.json or form.csv or form.ids else _SHOWN
    return limit or None


@click.command(cls=Command, section="Reports", examples=["lineage diff", "lineage diff prev newest --json"])
@click.argument("before", default="prev", metavar="[A]")
@click.argument("after", default="newest", metavar="[B]")
@click.option("--limit", type=click.IntRange(min=0), help="Names of each kind; 0 for all.  [default: 20 as text]")
@attribution
@evidence
@formed()
def diff(before: str, after: str, limit: int | None, attribution: Attribution, evidence: Level, form: Form) -> None:
    """Show what changed between two snapshots: new, gone, renamed, moved, gated; families then and now.

    A and B are snapshot ids, newest, or prev: the one before the other.
    """
    from lineage import questions
    from lineage.export import changes
    from lineage.registry import load

    settings = console.settings()
    first, second = questions.pair(settings, before, after)
    registry = load(settings.registry)
    with opened(settings, registry, first) as old, opened(settings, registry, second) as new:
        answer = questions.diff(old, new, limit=_most(limit, form), evidence=evidence, attribution=attribution)
    form.show(
        answer,
        text=changes.diff_text,
        json=changes.diff_document,
        sheet=changes.diff_sheet,
        ids=lambda found: (*found.new, *found.gone),
        receipt=answer.after,
        before=answer.before,
    )
    if form.csv or form.ids:
        left_out = changes.left_out(answer, ("new", "gone")) if form.ids else changes.left_out(answer)
        click.echo(left_out, err=True, nl=bool(left_out))


@click.command(cls=Command, section="Reports", examples=["lineage history qwen", "lineage history qwen --csv"])
@click.argument("name")
@click.option("--scope", help="Which series of snapshots; the whole Hub's unless named.")
@click.option("--limit", type=click.IntRange(min=0), help="Names of the gone, a snapshot; 0 for all.")
@attribution
@evidence
@formed(ids=False)
def history(
    name: str, scope: str | None, limit: int | None, attribution: Attribution, evidence: Level, form: Form
) -> None:
    """Count a family or model on every snapshot of a scope: who is new, gone (by name), or left it."""
    from lineage import questions
    from lineage.export import changes
    from lineage.registry import load

    settings = console.settings()
    registry = load(settings.registry)

    def atlas(manifest: Manifest) -> Atlas:
        """The atlas of one snapshot of the series."""
        return opened(settings, registry, manifest.id)

    answer = questions.history(
        settings,
        name,
        atlas,
        scope=scope,
        evidence=evidence,
        attribution=attribution,
        limit=_most(limit, form),
    )
    form.show(
        answer,
        text=changes.history_text,
        json=changes.history_document,
        sheet=changes.history_sheet,
        receipt=answer.receipt,
    )


@click.command(cls=Command, section="Stores", examples=["lineage prune --keep 4 --dry-run", "lineage prune --keep 4"])
@click.option("--keep", type=click.IntRange(min=1), required=True, help="Snapshots of each scope that stay.")
@click.option("--dry-run", is_flag=True, help="Say what would go, remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="What goes, as JSON.")
def prune(keep: int, dry_run: bool, as_json: bool) -> None:
    """Remove old snapshots, never the loaded one, and resolved tables of no use."""
    from lineage import pruning
    from lineage.export import json
    from lineage.export.plain import printable, size

    settings = console.settings()
    found = pruning.doomed(settings, keep)
    if not dry_run:
        pruning.remove(settings, found)
    freed = sum(one.frees for one in found)
    if as_json:
        gone: list[json.Json] = [
            {"kind": one.kind, "name": one.name, "bytes": one.bytes, "frees": one.frees} for one in found
        ]
        click.echo(json.text({"removed": gone, "frees": freed, "dry_run": dry_run}))
        return
    for one in found:
        click.echo(f"{one.kind} {printable(one.name)}: frees {size(one.frees)} of the {size(one.bytes)} that it holds")
    click.echo(f"{size(freed)} {'would be free' if dry_run else 'freed'}")


COMMANDS = (diff, history, prune)
"""In the order in which `--help` lists them."""
