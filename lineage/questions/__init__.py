"""The read API: one function per question a user asks. The command line and the page call these and nothing else.

Every function takes an opened `Atlas` (or `Settings`, where no data is needed), returns a frozen answer of
`lineage.answers` and raises `LineageError` only.
"""

from lineage.atlas import Atlas, opened
from lineage.counters import COUNTERS
from lineage.questions.counting import count
from lineage.questions.curves import curve
from lineage.questions.editions import edition
from lineage.questions.exporting import export
from lineage.questions.history import diff, history, pair, series
from lineage.questions.leaderboards import KINDS, top
from lineage.questions.licensing import license
from lineage.questions.listing import ancestors, derivatives, path
from lineage.questions.looking import cypher, model, search, tree
from lineage.questions.months import SPLITS, trends
from lineage.questions.quality import audit, families, snapshots
from lineage.questions.standing import remarks, standing
from lineage.questions.statements import claims
from lineage.questions.verifying import verify
from lineage.stores.saved import SAVED

__all__ = [
    "COUNTERS",
    "KINDS",
    "SAVED",
    "SPLITS",
    "Atlas",
    "ancestors",
    "audit",
    "claims",
    "count",
    "curve",
    "cypher",
    "derivatives",
    "diff",
    "edition",
    "export",
    "families",
    "history",
    "license",
    "model",
    "opened",
    "pair",
    "path",
    "remarks",
    "search",
    "series",
    "snapshots",
    "standing",
    "top",
    "tree",
    "trends",
    "verify",
]
