"""What the derivatives of one family or model come to: its counters, and the figures that are said beside them. Pure.

Those of every family under the default rule (attribution any, declared evidence, the snapshot's own date, the default
threshold) are kept beside the resolved tables as `schema.TALLIES`, so that nobody waits for them twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from lineage import counters, schema
from lineage.counters import VERSIONS, Ground, Target
from lineage.domain import Attribution, Number, exact


@dataclass(frozen=True)
class Tally:
    """Every counter under attribution any; how many derivatives are bulk, and by what; how many have several relations.

    `share` is the family's fractional part of all derivatives, None for a model.
    """

    values: Mapping[str, Number | None]
    bulk: int
    bulk_by_publisher: int
    bulk_by_template: int
    several: int
    share: Number | None = None


def tally(ground: Ground, target: Target) -> Tally:
    """The tally of one target, without its share."""
    table = counters.derivative_table(ground, target)
    values = counters.count(ground, target, table, Attribution.ANY) | counters.loose(ground, target, Attribution.ANY)
    bulk = table.filter(~pl.col("organic"))
    return Tally(
        values={counter: values[counter] for counter in VERSIONS},
        bulk=bulk.height,
        bulk_by_publisher=int(bulk["farmed_by_publisher"].sum()),
        bulk_by_template=int(bulk["farmed_by_template"].sum()),
        several=table.filter(pl.col("bits").bitwise_count_ones() > 1).height,
    )


def share(ground: Ground, family: int) -> Number:
    """The family's fractional part of all derivatives, exact."""
    nodes = ground.eligible(ground.shared.of(family)[0])
    k = pl.Series(ground.shared.k[nodes]).value_counts(name="times")
    parts = [Fraction(times, families) for families, times in k.iter_rows()]
    return exact(sum(parts, Fraction(0)))


def table(ground: Ground, targets: Sequence[Target]) -> pl.DataFrame:
    """`schema.TALLIES` of families, by their places in the registry."""
    rows = []
    for target in targets:
        if target.family is None:
            raise ValueError(f"{target.name} is no family")
        one = tally(ground, target)
        said = (one.bulk, one.bulk_by_publisher, one.bulk_by_template, one.several)
        rows.append((target.family, *one.values.values(), *said, str(share(ground, target.family))))
    return pl.DataFrame(rows, schema=dict(schema.TALLIES), orient="row")


def read(kept: pl.DataFrame) -> Mapping[int, Tally]:
    """The tallies of a `schema.TALLIES`, by the family's place in the registry."""
    return {
        row["family"]: Tally(
            {counter: row[counter] for counter in VERSIONS},
            row["bulk"],
            row["bulk_by_publisher"],
            row["bulk_by_template"],
            row["several"],
            exact(Fraction(row["share"])),
        )
        for row in kept.iter_rows(named=True)
    }
