"""What a figure of a claim comes to when a value stands beside it: one word, and one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from lineage.answers import Rival
from lineage.domain import Number
from lineage.registry import Figure

UNKNOWN = "cannot be told"


def threshold(figure: Figure) -> Fraction:
    """The figure's value as it is held against; percents are parts of 1."""
    value = Fraction(str(figure.value))
    return value if figure.measure == "derivatives" else value / 100


def _slack(figure: Figure) -> Fraction:
    """Half of the last digit that the figure was written with: 113,000 is good to 500, 69 % to half a percent."""
    exponent = Decimal(str(figure.value)).normalize().as_tuple().exponent
    unit = Fraction(10) ** int(exponent) / 2
    return unit if figure.measure == "derivatives" else unit / 100


def verdict(figure: Figure, value: Number | None, *, bounded: bool = False) -> str:
    """One word: holds or falls short for `>`; agrees (as rounded), below or above for `=`.

    `bounded`: the value is of a part of the Hub. Then a count is a lower bound, which bears out only what it exceeds,
    and a share bears out nothing.
    """
    if value is None:
        return UNKNOWN
    told = threshold(figure)
    if bounded and (figure.measure != "derivatives" or value <= told + (0 if figure.bound == ">" else _slack(figure))):
        return UNKNOWN
    if figure.bound == ">":
        return "holds" if value > told else "falls short"
    if abs(value - told) <= _slack(figure):
        return "agrees"
    return "below" if value < told else "above"


def shown(figure: Figure, value: Number) -> str:
    """A value in the figure's own unit."""
    if figure.measure != "derivatives":
        return f"{float(value) * 100:.1f} %"
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,.2f}"


def _claimed(figure: Figure) -> str:
    return f"{figure.value:,g} %" if figure.measure != "derivatives" else f"{figure.value:,.0f}"


def compared(figure: Figure, value: Number, *, bounded: bool = False) -> str:
    """A clause that sets a value beside the figure."""
    told, word = threshold(figure), verdict(figure, value, bounded=bounded)
    claimed = f"the {_claimed(figure)} claimed"
    if word == UNKNOWN:
        return f"which neither bears out nor denies {claimed}"
    if word == "holds":
        return f"more than {claimed}"
    if word == "falls short":
        return f"no more than {claimed}"
    if word == "agrees":
        return f"which agrees with {claimed}"
    if not told:
        return f"{word} {claimed}"
    return f"{float(abs(value - told) / told) * 100:,.1f} % {word} {claimed}"


@dataclass(frozen=True)
class Told:
    """A value and, of a share, how many it is of."""

    value: Number | None
    of: int | None = None

    def shown(self, figure: Figure) -> str:
        """The value in the figure's unit, with what it is of."""
        text = "nothing" if self.value is None else shown(figure, self.value)
        return text if self.of is None else f"{text} of {self.of:,}"


def sentence(
    figure: Figure,
    what: str,
    then: Told,
    now: Told,
    reached: str | None,
    rivals: tuple[Rival, ...],
    *,
    bounded: bool = False,
) -> str:
    """One sentence: then, now, when it was passed, and whether the subject was ahead."""
    if then.value is None and now.value is None:
        return f"{what} cannot be told from this snapshot."
    parts = []
    if then.value is not None:
        parts.append(
            f"{what} gives {then.shown(figure)} for {figure.on}, {compared(figure, then.value, bounded=bounded)}"
        )
    else:
        parts.append(f"{what} cannot be told for {figure.on}")
    if now.value is not None:
        parts.append(f"{now.shown(figure)} now" if then.value is not None else f"it is {now.shown(figure)} now")
    if reached is not None:
        parts.append(reached)
    for rival in rivals:
        parts += _ahead(figure, then.value, now.value, rival)
    return "; ".join(parts) + "."


def _ahead(figure: Figure, then: Number | None, now: Number | None, rival: Rival) -> list[str]:
    said: list[str] = []
    for when, mine, other in (("then", then, rival.then), ("now", now, rival.now)):
        if mine is not None and other is not None:
            place = "ahead of" if mine > other else "level with" if mine == other else "behind"
            said.append(f"{place} {'it' if said else rival.name} {when} ({shown(figure, other)})")
    return [" and ".join(said)] if said else []
