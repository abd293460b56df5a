"""Asks what the first pages need before the first reader does, so that nobody waits for the first answer."""

from __future__ import annotations

from lineage import questions
from lineage.errors import LineageError
from lineage.export import html
from ui import opening, state, statements
from ui.views import families, tree


def warm() -> None:
    """Open the data and ask what every page asks at first sight; what cannot be had, the page itself will say."""
    try:
        families.answered(state.Families())
        statements.months(state.Trends())
        statements.origins()
        opening.find("what makes it look through all ids", limit=1)
        scenes, receipt = tree.answered(tree.rooted(state.Tree()))
        html.network(scenes[0], receipt)
        opening.ask(questions.claims)
        opening.ask(questions.audit)
        opening.ask(questions.families)
        opening.ask(questions.top, kind="model", limit=8)
    except LineageError:
        return
