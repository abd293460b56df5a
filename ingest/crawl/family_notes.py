"""What the end of a family crawl must say: what was not asked, what the numbers are then worth, what all would cost."""

from __future__ import annotations

from ingest.crawl.family_crawl import FamilyTree

WHOLE_HUB_REQUESTS = 3_300

_NAMED = 5


def notes(tree: FamilyTree, listed: int) -> tuple[str, ...]:
    """Sentences for the manifest, most important first; `listed` is how many rows came in all."""
    left, asked = len(tree.unexpanded()), len(tree.expanded)
    said: list[str] = []
    if not tree.whole:
        said.append(
            f"{left:,} of {left + asked:,} models were not asked for their derivatives, so transitive counts are lower "
            "bounds (≥ n)."
        )
    if tree.direct_exact:
        said.append("Every member's children were listed to the end, so direct counts are exact by the Hub's tags.")
    else:
        said.append("Not every member's children were listed to the end, so direct counts are lower bounds too.")
    if not tree.whole:
        said.append(
            f"All of it this way costs at least {left:,} more requests (--max-requests); the whole Hub costs about "
            f"{WHOLE_HUB_REQUESTS:,} (lineage crawl), the published daily dump one download (lineage bootstrap)."
        )
    if tree.missing:
        some = sorted(tree.missing)
        more = f" and {len(some) - _NAMED:,} more" if len(some) > _NAMED else ""
        said.append(f"The Hub does not show {', '.join(some[:_NAMED])}{more}: deleted, private or renamed.")
    return tuple(said)
