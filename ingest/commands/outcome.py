"""What a command that seals a snapshot says in the end: as JSON, as an id alone, or in a few lines; and in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ingest.hub.spending import Spent
    from lineage.export import json
    from lineage.snapshots import Manifest, Snapshot

_TOLD = "id scope kind source as_of simulated complete card rows models quarantined pages requests sha256 based_on"
_log = logging.getLogger(__name__)


def report(
    snapshot: Snapshot,
    *,
    loaded: bool,
    quiet: bool,
    as_json: bool,
    spent: Spent | None = None,
    new: bool = True,
    remarks: Sequence[str] = (),
) -> None:
    """Print what was sealed and what that cost, or that an update found nothing new, and what to do next.

    `new` is False for a command that seals nothing. `remarks`, said on stderr, are notes in JSON and log.
    """
    from ingest.commands import costs
    from ingest.crawl.update import Unchanged
    from lineage.export import json

    manifest = snapshot.manifest
    new = new and not isinstance(snapshot, Unchanged)
    notes = snapshot.notes if isinstance(snapshot, Unchanged) else manifest.notes
    in_all = {"pages": manifest.pages, "requests": manifest.requests}
    cost = "" if spent is None else costs.sentence(spent, **in_all)
    if cost:
        _log.info("%s", cost)
    _log.info("%s", _logged(manifest, (*notes, *remarks), new=new, loaded=loaded))
    if as_json:
        facts = {name: json.plain(getattr(manifest, name)) for name in _TOLD.split()} | {"new": new}
        paid = {} if spent is None else {"cost": costs.facts(spent, **in_all)}
        click.echo(json.text({**facts, **_checked(snapshot), "notes": [*notes, *remarks], "loaded": loaded, **paid}))
    elif quiet:
        click.echo(manifest.id)
    else:
        _say(manifest, notes, cost, loaded=loaded)


def _checked(snapshot: Snapshot) -> dict[str, json.Json]:
    """The check that found it to be the newest still, where one did."""
    from ingest.crawl.update import Unchanged
    from lineage.export import json

    if not isinstance(snapshot, Unchanged):
        return {}
    return {"checked": {"at": json.time(snapshot.checked.at), "requests": snapshot.checked.requests}}


def _logged(manifest: Manifest, notes: tuple[str, ...], *, new: bool, loaded: bool) -> str:
    """One line for the log."""
    after = f"{'loaded' if loaded else 'not loaded'}. {' '.join(notes)}"
    if not new:
        return f"nothing sealed; {manifest.id} is {after}"
    held = f"{manifest.models} models, {manifest.quarantined} unreadable rows, {manifest.requests} requests"
    return f"sealed {manifest.id}: {held}; {after}"


def _say(manifest: Manifest, notes: tuple[str, ...], cost: str, *, loaded: bool) -> None:
    """The same for a person."""
    from lineage.export import receipts
    from lineage.export.plain import plural, printable

    if manifest.simulated:
        click.echo(f"{receipts.BANNER} · {receipts.BANNER_MEANING}")
    held = f"{plural(manifest.models, 'model')}, {plural(manifest.quarantined, 'unreadable row')}"
    click.echo(f"{printable(manifest.id)}: {held} from {printable(manifest.source)}")
    if cost:
        click.echo(cost)
    for note in notes:
        click.echo(f"note: {printable(note)}")
    named = manifest.kind == "crawl" and manifest.scope != "hub"
    next_one = f"lineage count {manifest.scope.replace('+', ' ')}" if named else "lineage top"
    click.echo(f"loaded; try: {next_one}" if loaded else f"not loaded; lineage load --snapshot {manifest.id} does")
