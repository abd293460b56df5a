"""What stands around every page: its title, what is loaded, by which rule it counts, what went wrong."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import streamlit as st

from lineage.domain import Receipt
from lineage.errors import LineageError, NoData, NotFound, Retriable
from lineage.export import receipts
from lineage.export.plain import day
from ui import inert, opening, routes, state

STALE = timedelta(days=7)
"""From this age on a snapshot is called old."""

ATTRIBUTIONS = {"any": "Any", "fractional": "Fractional", "primary": "Primary", "exclusive": "Exclusive"}
ATTRIBUTION_HELP = (
    "What a family gets of a derivative that reaches several. Any: 1 for each. Fractional: 1/k for each of k. "
    "Primary: 1 for the family met first. Exclusive: 1 only where there is one."
)
LEVELS = {"declared": "Declared", "hub": "Hub"}
LEVEL_HELP = "Which parents count. Declared: all that tags, cards or the registry state. Hub: what the Hub computed."

_RULES = {
    "any": "a derivative counts for every family it reaches",
    "fractional": "a derivative of k families counts 1/k for each",
    "primary": "a derivative counts for the family it meets first",
    "exclusive": "a derivative counts only where it reaches one family",
}
_EVIDENCE = {"declared": "all stated parents", "hub": "only parents that the Hub computed"}


def top(title: str, refused: Iterable[str] = ()) -> None:
    """The title, the line that says what is loaded, and what the address could not mean."""
    st.html(f'<h1 class="ln-title">{inert.html(title, 120)}</h1>')
    _loaded()
    for sentence in refused:
        st.warning(inert.words(sentence), icon=":material/link_off:")


def _loaded() -> None:
    atlas = opening.atlas()
    receipt = atlas.receipt("page")
    now = datetime.now(UTC)
    facts = [
        f"Snapshot of {day(receipt.as_of)} ({_age(now - receipt.as_of)})",
        f"{atlas.summary.models:,} models",
        f"{atlas.summary.edges:,} edges",
        inert.html(receipt.source),
    ]
    if not receipt.complete:
        facts.append("partial: counts are lower bounds")
    if not receipt.card:
        facts.append("without card data")
    badge = ""
    if receipt.simulated:
        badge = f'<span class="ln-badge" title="{receipts.BANNER_MEANING}">{receipts.BANNER}</span>'
    st.html(f'<p class="ln-line">{badge}{" · ".join(facts)}</p>')
    if now - receipt.as_of > STALE:
        st.warning(
            f"This snapshot is of {day(receipt.as_of)}, {_age(now - receipt.as_of)}. Newer models are missing: "
            "`lineage update` brings them.",
            icon=":material/schedule:",
        )


def _age(age: timedelta) -> str:
    days = max(age.days, 0)
    return "today" if days == 0 else "1 day old" if days == 1 else f"{days:,} days old"


def rule(receipt: Receipt, *, counts: str, divided: bool = False) -> None:
    """By which rule this page counts, in words: `counts` is what one unit is; `divided` where families share it."""
    parts = [
        f"Counted: {counts}",
        *([_RULES.get(receipt.attribution, receipt.attribution)] if divided else []),
        _EVIDENCE.get(receipt.evidence, receipt.evidence),
        f"as of {day(receipt.as_of)}",
    ]
    st.html(f'<p class="ln-rule">{" · ".join(inert.html(part) for part in parts)}</p>')


def bottom(receipt: Receipt, notes: Sequence[str], command: Sequence[str]) -> None:
    """Remarks, the receipt, and how to make the same answer elsewhere."""
    st.html('<hr class="ln-end">')
    for note in notes:
        st.html(f'<p class="ln-note">{inert.html(note)}</p>')
    left, right = st.columns([0.8, 0.2], vertical_alignment="top")
    with left:
        lines = "".join(f"<p>{inert.html(line)}</p>" for line in receipts.lines(receipt))
        st.html(f'<div class="ln-receipt">{lines}</div>')
    with right, st.popover("Share", icon=":material/share:", width="stretch"):
        share(receipt, command)


def share(receipt: Receipt, command: Sequence[str]) -> None:
    """The command that makes this answer again, and the snapshot it must be made from."""
    st.html(
        '<p class="ln-line">An address of this page works on this machine alone. Elsewhere, the same snapshot and '
        "this command give the same answer:</p>"
    )
    st.code(shlex.join(("lineage", *command)), language=None, wrap_lines=True)
    st.html('<p class="ln-line">Snapshot and its SHA-256:</p>')
    st.code(f"{receipt.snapshot}\n{receipt.snapshot_sha256}", language=None, wrap_lines=True)


def guarded(view: Callable[[], None]) -> Callable[[], None]:
    """The view; what lineage raises on the way becomes a state of the page."""

    def run() -> None:
        """The view, or what stands in its place."""
        try:
            view()
        except NoData as error:
            _empty(error)
        except NotFound as error:
            _unknown(error)
        except LineageError as error:
            _failed(error)

    return run


def _empty(error: NoData) -> None:
    st.html('<h1 class="ln-title">Nothing is loaded yet</h1>')
    st.html(f'<p class="ln-line">{inert.html(str(error))}</p>')
    for words, command in (
        ("Everything on the Hub, from its published daily dump, in minutes:", "lineage bootstrap"),
        ("One family, from the Hub itself:", "lineage crawl deepseek"),
        ("No network? A simulated Hub, crawled for real and labelled as simulated:", "lineage demo"),
    ):
        st.html(f'<p class="ln-line">{words}</p>')
        st.code(command, language=None)
    _again()


def _unknown(error: NotFound) -> None:
    st.warning(inert.words(str(error)), icon=":material/search_off:")
    if error.nearest:
        st.html('<p class="ln-line">Did you mean</p>')
    for name in error.nearest:
        routes.link(name, state.Model(id=name) if "/" in name else state.Tree(root=name), icon=":material/north_east:")


def _failed(error: LineageError) -> None:
    first, _, rest = str(error).partition("\n")
    st.error(inert.words(first), icon=":material/error:")
    if isinstance(error, Retriable):
        st.html('<p class="ln-line">The same may work in a moment.</p>')
    _again()
    with st.expander("Details"):
        st.code(f"{type(error).__name__}\n{rest or first}", language=None, wrap_lines=True)


def _again() -> None:
    if st.button("Try again", icon=":material/refresh:"):
        opening.retry()
        st.rerun()
