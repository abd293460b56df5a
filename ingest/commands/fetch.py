"""The commands that get data and keep it: each parses, calls, says what came of it. `ingest.cli` assembles them."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from click.core import ParameterSource

from ingest.commands.live import Live
from ingest.commands.loading import landed, load, up_to_date
from ingest.commands.logs import logged
from ingest.commands.outcome import report
from lineage import console
from lineage.console import Command, Form, formed

if TYPE_CHECKING:
    from lineage.answers import Check
    from lineage.settings import Settings

F = TypeVar("F", bound=Callable[..., object])

CRAWL_REQUESTS = 400
"""Requests that a family crawl may cost by default: minutes, for a user without a token."""


def utc_now() -> datetime:
    """The time, UTC and aware."""
    return datetime.now(UTC)


def fetching(function: F) -> Callable[..., None]:
    """`--no-load`, `--quiet`, `--json` and `--log`, as every command has that seals a snapshot."""

    @wraps(function)
    def run(*args: object, log: Path | None, **options: object) -> None:
        """The command, its doings appended to the log."""
        with logged(log, f"lineage {click.get_current_context().info_name}"):
            function(*args, **options)

    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the snapshot's facts as JSON."),
        click.option("-q", "--quiet", is_flag=True, help="No progress; print the snapshot's id alone."),
        click.option("--no-load", is_flag=True, help="Seal the snapshot, leave the store as it is."),
        click.option(
            "--log",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Append what happens to this file, warnings too.",
        ),
    ):
        run = option(run)
    return run


@click.command(
    cls=Command,
    section="Get data",
    examples=["lineage crawl", "lineage crawl deepseek qwen", "lineage crawl Qwen/Qwen3-8B --depth 1"],
)
@click.argument("scope", nargs=-1, metavar="[SCOPE]...")
@click.option("--depth", type=click.IntRange(min=1), help="Generations below the named, for a SCOPE.")
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    default=CRAWL_REQUESTS,
    show_default=True,
    help="Requests a crawl of a SCOPE may cost.",
)
@click.option("--fresh", is_flag=True, help="Start over instead of going on with an interrupted crawl.")
@click.option("--accept-partial", is_flag=True, help="Seal a listing that ended early.")
@click.option("--no-card", is_flag=True, help="Leave card front matter out; every answer then says so.")
@fetching
def crawl(
    scope: tuple[str, ...],
    depth: int | None,
    max_requests: int,
    fresh: bool,
    accept_partial: bool,
    no_card: bool,
    no_load: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Crawl the Hub: all of it, or the families and models named.

    A SCOPE is a family's slug or a model's id. An interrupted crawl goes on by itself.
    """
    if not scope:
        _refuse_bounds(click.get_current_context())
    from ingest.crawl import crawl
    from ingest.hub import HubSource

    settings = console.settings()
    source = HubSource(settings.endpoint)
    with Live(quiet=quiet) as live:
        snapshot = crawl(
            settings,
            source,
            scope=scope,
            depth=depth,
            max_requests=max_requests,
            card=not no_card,
            fresh=fresh,
            accept_partial=accept_partial,
            now=utc_now,
            progress=live.report,
        )
        landed(settings, snapshot, live, load=not no_load)
    report(snapshot, loaded=not no_load, quiet=quiet, as_json=as_json, spent=source.spending.so_far)


def _refuse_bounds(ctx: click.Context) -> None:
    bounds = {"depth": "--depth", "max_requests": "--max-requests"}
    given = [flag for name, flag in bounds.items() if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT]
    if given:
        needs = "needs" if len(given) == 1 else "need"
        raise click.UsageError(f"{' and '.join(given)} {needs} a SCOPE: a whole-Hub crawl cannot be bounded.")


@click.command(cls=Command, section="Get data", examples=["lineage update", "lineage update --quiet --json"])
@click.option("--fresh", is_flag=True, help="Start over instead of going on with an interrupted update.")
@fetching
def update(fresh: bool, no_load: bool, quiet: bool, as_json: bool) -> None:
    """Fetch what changed on the Hub since the newest whole snapshot, as a new snapshot.

    Where nothing changed none is made: the check is noted, and the newest one stays.
    """
    from ingest.crawl.update import Unchanged, update
    from ingest.hub import HubSource

    settings = console.settings()
    with Live(quiet=quiet) as live:
        snapshot = update(settings, HubSource(settings.endpoint), fresh=fresh, now=utc_now, progress=live.report)
        due = not no_load and not (isinstance(snapshot, Unchanged) and up_to_date(settings, snapshot))
        landed(settings, snapshot, live, load=due)
    report(snapshot, loaded=not no_load, quiet=quiet, as_json=as_json)


@click.command(
    "import",
    cls=Command,
    section="Get data",
    examples=["lineage import models.jsonl.zst", "lineage import --arena leaderboard_table_20250910.csv"],
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--arena", is_flag=True, help="FILE is a published LMArena table, CSV or Parquet.")
@fetching
def import_(file: Path, arena: bool, no_load: bool, quiet: bool, as_json: bool) -> None:
    """Take listing rows from a file: JSON Lines (.gz, .zst too), or a models.parquet of the published daily dump.

    With --arena the leaderboard, whose rank and score `top` and `model` then show.
    """
    from ingest.importing import import_file

    settings = console.settings()
    if arena:
        _arena(settings, file, quiet=quiet, as_json=as_json)
        return
    with Live(quiet=quiet) as live:
        snapshot = import_file(settings, file, now=utc_now, progress=live.bytes, say=live.say)
        landed(settings, snapshot, live, load=not no_load)
    report(snapshot, loaded=not no_load, quiet=quiet, as_json=as_json)


def _arena(settings: Settings, file: Path, *, quiet: bool, as_json: bool) -> None:
    """Keep a leaderboard, and say which of its names map to the Hub."""
    from ingest.importing.arena import import_arena
    from lineage import questions
    from lineage.errors import NoData
    from lineage.export import json
    from lineage.export.plain import plural, printable

    day, table = import_arena(settings, file, now=utc_now)
    try:
        with console.atlas() as atlas:
            shown = questions.standing(atlas)
            notes = questions.remarks(shown) if shown else []
    except NoData:
        shown, notes = None, ["no snapshot yet, so no name is mapped; top and model map them once there is one"]
    if as_json:
        places: list[json.Json] = [json.fields(place) for place in shown.places] if shown else []
        click.echo(json.text({"on": day.isoformat(), "rows": table.height, "places": places, "notes": notes}))
        return
    if quiet:
        click.echo(day.isoformat())
        return
    click.echo(f"{printable(file.name)}: {plural(table.height, 'name')} of the arena, {day}")
    for note in notes:
        click.echo(f"note: {printable(note)}")
    for place in shown.unmapped if shown else ():
        click.echo(f"not mapped: {printable(place.name)} ({printable(place.organization or 'maker not stated')})")


@click.command(cls=Command, section="Get data", examples=["lineage bootstrap && lineage count qwen llama"])
@fetching
def bootstrap(no_load: bool, quiet: bool, as_json: bool) -> None:
    """Get the whole Hub from the published daily dump, within minutes."""
    from ingest.importing import bootstrap_hub

    settings = console.settings()
    remarks: list[str] = []
    with Live(quiet=quiet) as live:
        snapshot = bootstrap_hub(settings, now=utc_now, progress=live.bytes, say=live.say, remark=remarks.append)
        landed(settings, snapshot, live, load=not no_load)
    report(snapshot, loaded=not no_load, quiet=quiet, as_json=as_json, remarks=remarks)


@click.command(cls=Command, section="Stores", examples=["lineage doctor", "lineage doctor --network"])
@click.option("--network", is_flag=True, help="Also ask the Hub whether it answers.")
@formed(ids=False)
@click.pass_context
def doctor(ctx: click.Context, network: bool, form: Form) -> None:
    """Look for what is wrong here, and what to try."""
    from lineage import doctor
    from lineage.export import json, sheets, text

    checks = doctor.check(console.settings(), env=os.environ, hub=_hub if network else None)
    form.show(checks, text=text.checks, json=json.checks, sheet=sheets.checks)
    ctx.exit(0 if all(line.ok for line in checks) else 1)


def _hub(settings: Settings) -> Check:
    """Whether the Hub answers one small request."""
    from ingest.hub import HubSource
    from ingest.parse import page
    from lineage.answers import Check
    from lineage.errors import LineageError

    try:
        HubSource(settings.endpoint, patience=10).fetch(f"{settings.endpoint}/api/models?limit=1", page)
    except LineageError as error:
        return Check("hub", False, str(error), "the network, a proxy, HF_ENDPOINT, HF_TOKEN")
    return Check("hub", True, f"{settings.endpoint} answers")


def demo_home() -> Path:
    """Where the demo lives: the folder of an explicit --home, else one of its own in the user's cache."""
    from platformdirs import user_cache_path

    chosen = click.get_current_context().ensure_object(dict).get("home")
    return Path(chosen).expanduser() if chosen else user_cache_path("lineage", appauthor=False) / "demo"


@click.command(cls=Command, section="Get data", examples=["lineage demo", "lineage demo --models 200000"])
@click.option(
    "--models", type=click.IntRange(1000, 5_000_000), default=20_000, show_default=True, help="Models to invent."
)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Another seed, another world.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option(
    "--ui/--no-ui", "ui", default=None, help="End in the page. Left out: only where a person sits at a terminal."
)
@click.pass_context
def demo(ctx: click.Context, models: int, seed: int, quiet: bool, ui: bool | None) -> None:
    """Crawl a simulated Hub for real, offline, answer from it, end in the page; all of it is simulated data."""
    from ingest.commands import demo, page

    with Live(quiet=quiet) as live:
        settings, snapshot = demo.crawled(demo_home(), models, seed, now=utc_now, live=live)
        landed(settings, snapshot, live, load=True)
    click.echo(demo.opening(snapshot))
    root = ctx.find_root().command
    for arguments in demo.STEPS:
        click.echo(f"\n$ {demo.typed(arguments)}\n")
        root.main([*arguments, "--home", str(settings.home), "--store", "embedded"], "lineage", standalone_mode=False)
    click.echo(demo.closing(settings))
    if ui if ui is not None else demo.attended():
        click.echo("\nThe page, until Ctrl-C:")
        page.serve(settings, address="127.0.0.1", port=None, browser=True)


COMMANDS = (crawl, bootstrap, update, import_, demo, load, doctor)
"""In the order in which `--help` lists them."""
