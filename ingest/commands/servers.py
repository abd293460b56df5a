"""`lineage ui`, the page, and `lineage neo4j up|down|status`, a local server of this home's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lineage import console
from lineage.console import Command, Section

if TYPE_CHECKING:
    from ingest.neo4j_server import Status

_as_json = click.option("--json", "as_json", is_flag=True, help="JSON: running, url, version.")


@click.group("neo4j", cls=Section, section="Stores")
def neo4j() -> None:
    """A local Neo4j for this home: start, stop, look."""


@neo4j.command(cls=Command, examples=["lineage neo4j up", "lineage --store neo4j load"])
@click.option("--release", metavar="LINE", help="5.26 (the default) or 2026.")
@_as_json
def up(release: str | None, as_json: bool) -> None:
    """Start the server; downloads Neo4j (GPLv3) on first use."""
    from ingest import neo4j_server

    _say(neo4j_server.up(console.settings(), release=release), as_json)


@neo4j.command(cls=Command)
@_as_json
def down(as_json: bool) -> None:
    """Stop the server; its data stays."""
    from ingest import neo4j_server

    _say(neo4j_server.down(console.settings()), as_json)


@neo4j.command(cls=Command)
@_as_json
def status(as_json: bool) -> None:
    """Say whether the server runs, and where."""
    from ingest import neo4j_server

    _say(neo4j_server.status(console.settings()), as_json)


@click.command(cls=Command, section="Reports", examples=["lineage ui", "lineage ui --port 8600 --no-browser"])
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Where to listen; the first free from 8501 on, if left out."
)
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="Whom to listen to; this machine alone by default."
)
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def ui(port: int | None, address: str, no_browser: bool) -> None:
    """Explore it all in the browser: families, trees, models, trends."""
    from ingest.commands import page

    page.serve(console.settings(), address=address, port=port, browser=not no_browser)


def _say(status: Status, as_json: bool) -> None:
    if as_json:
        from lineage.export import json

        click.echo(json.text({"running": status.running, "url": status.url, "version": status.version}))
    elif status.running:
        click.echo(f"Neo4j {status.version} runs at {status.url}; use it with: --store {status.url}")
    elif status.url:
        click.echo(f"Neo4j {status.version} is stopped; lineage neo4j up starts it.")
    else:
        click.echo("No local Neo4j here yet; lineage neo4j up makes one.")
