"""The commands that put snapshots on the Hub as datasets and fetch them, from there and from the weekly archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ingest.commands import fetch
from ingest.commands.live import Live
from ingest.commands.loading import landed
from ingest.commands.logs import logged
from ingest.commands.outcome import report
from lineage import console
from lineage.console import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.sharing import Published
    from lineage.settings import Settings
    from lineage.snapshots import Snapshot

_LAYER = click.Choice(["lineage", "full"])


@click.command(
    cls=Command,
    section="Get data",
    examples=["lineage publish somebody/hub-lineage", "lineage publish somebody/hub-lineage --layer lineage"],
)
@click.argument("repo", metavar="OWNER/NAME")
@click.option("--snapshot", metavar="ID", help="Which one; the newest unless named.")
@click.option("--layer", type=_LAYER, help="Only this layer; both unless named.")
@click.option("--license", metavar="ID", help="Licence of rows that were imported from a file, as the Hub names it.")
@click.option("--as-simulated", is_flag=True, help="Publish simulated data, with a card that says so.")
@click.option("--partial", is_flag=True, help="Publish an incomplete crawl, with a card that says so.")
@click.option("--private", is_flag=True, help="Where the dataset is made, let nobody else see it.")
@click.option("-q", "--quiet", is_flag=True, help="No progress; print the tag alone.")
@click.option("--json", "as_json", is_flag=True, help="Print where it is now as JSON.")
@click.option(
    "--log", type=click.Path(dir_okay=False, path_type=Path), help="Append what happens to this file, warnings too."
)
def publish(
    repo: str,
    snapshot: str | None,
    layer: str | None,
    license: str | None,
    as_simulated: bool,
    partial: bool,
    private: bool,
    quiet: bool,
    as_json: bool,
    log: Path | None,
) -> None:
    """Put a snapshot on the Hub as a dataset, for others to pull instead of crawling.

    It is tagged with its id, so it stays citable. Needs HF_TOKEN with write access.
    """
    from ingest.sharing import Said, publish
    from ingest.sharing.layers import LAYERS
    from ingest.sharing.remote import Remote
    from lineage.registry import load

    settings = console.settings()
    with logged(log, "lineage publish"), Live(quiet=quiet) as live:
        done = publish(
            settings,
            Remote(settings.endpoint, repo),
            load(settings.registry),
            snapshot=snapshot,
            layers=(layer,) if layer else LAYERS,
            said=Said(as_simulated, partial, license, private),
            progress=live.sent,
        )
    _published(done, quiet=quiet, as_json=as_json)


def _published(done: Published, *, quiet: bool, as_json: bool) -> None:
    from lineage.export import json, receipts
    from lineage.export.plain import plural, size

    if as_json:
        names = ["repo", "url", "snapshot", "tag", "commit", "bytes", "simulated", "licence", "new"]
        facts = {name: json.plain(getattr(done, name)) for name in names}
        click.echo(json.text({**facts, "layers": dict(done.layers)}))
        return
    if quiet:
        click.echo(done.tag)
        return
    if done.simulated:
        click.echo(f"{receipts.BANNER} · {receipts.BANNER_MEANING}")
    held = ", ".join(f"{name} ({plural(models, 'model')})" for name, models in done.layers.items())
    click.echo(f"{done.url}: {held}, {size(done.bytes)}{'' if done.new else '; was there already'}")
    click.echo(f"licence {done.licence}; cite and fetch it with: lineage pull {done.repo} --revision {done.tag}")


@click.command(
    cls=Command,
    section="Get data",
    examples=[
        "lineage pull somebody/hub-lineage && lineage top",
        "lineage pull somebody/hub-lineage --layer full --revision hub-20261124T031500Z",
        "lineage pull weekly@2024-07-24 weekly@2025-07-23 && lineage history qwen",
    ],
)
@click.argument("sources", nargs=-1, required=True, metavar="OWNER/NAME|weekly@DATE...")
@click.option("--revision", metavar="TAG", help="A published snapshot's id, or a commit; the newest unless named.")
@click.option("--layer", type=_LAYER, help="lineage: models with edges, in seconds (the default); full: all.")
@fetch.fetching
def pull(
    sources: tuple[str, ...],
    revision: str | None,
    layer: str | None,
    no_load: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Fetch a published snapshot of OWNER/NAME, or dated ones from the Hub's public weekly archive (ODbL).

    A published one is checked and loaded. DATE is a day within an archived week; these are resolved, not loaded:
    `history` and `diff` find them.
    """
    repos = [name for name in sources if "@" not in name]
    if (revision or layer) and (len(repos) != 1 or len(sources) != 1):
        raise click.UsageError("--revision and --layer are of one published snapshot: name one OWNER/NAME.")
    for name in sources:
        if "/" in name and "@" in name:
            repo, _, tag = name.partition("@")
            raise click.UsageError(f"A published snapshot's tag is an option: lineage pull {repo} --revision {tag}")
    settings = console.settings()
    with Live(quiet=quiet) as live:
        pulled = list(_archives(settings, [name for name in sources if "@" in name], live))
        published = [_shared(settings, repo, revision, layer, live, load=not no_load) for repo in repos]
    for snapshot in pulled:
        report(snapshot, loaded=False, quiet=quiet, as_json=as_json)
    for snapshot in published:
        report(snapshot, loaded=not no_load, quiet=quiet, as_json=as_json)


def _archives(settings: Settings, archives: Sequence[str], live: Live) -> Iterator[Snapshot]:
    from ingest.importing import weekly
    from ingest.load import resolve_snapshot
    from lineage.registry import load

    if not archives:
        return
    registry = load(settings.registry)
    for snapshot in weekly.pull(settings, archives, now=fetch.utc_now, progress=live.bytes, say=live.say):
        resolve_snapshot(settings, snapshot, registry)
        yield snapshot


def _shared(
    settings: Settings, repo: str, revision: str | None, layer: str | None, live: Live, *, load: bool
) -> Snapshot:
    from ingest.sharing import pull
    from ingest.sharing.remote import Remote

    remote = Remote(settings.endpoint, repo)
    snapshot = pull(
        settings,
        remote,
        revision=revision,
        layer=layer,
        now=fetch.utc_now,
        progress=live.bytes,
        say=live.say,
    )
    landed(settings, snapshot, live, load=load)
    return snapshot


COMMANDS = (publish, pull)
"""In the order in which `--help` lists them."""
