"""Asks what the first pages need before the first reader does, so that nobody waits for the first answer."""

from __future__ import annotations

from lineage import questions
from lineage.errors import LineageError
from ui import opening, state, statements
from ui.views import families


def warm() -> None:
    """Open the data and ask the questions of the first page; what cannot be had, the page itself will say."""
    try:
        families.answered(state.Families())
        opening.ask(questions.trends)
        statements.origins()
        opening.find("a", limit=1)
        opening.ask(questions.claims)
    except LineageError:
        return
