"""`claims`: what was published, held against every counter, on its day and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from lineage.answers import Cited, ClaimAnswer, ClaimsAnswer, FigureAnswer, Held, Rival
from lineage.counters import FLAGS, VERSIONS
from lineage.domain import Attribution, Level, Number
from lineage.errors import NotFound
from lineage.questions import notes, verdicts
from lineage.questions.counting import countries
from lineage.questions.months import month_key, newcomers, number_of
from lineage.questions.timelines import GROWING, Timeline, attributed, divided, family_rows, undivided
from lineage.questions.timelines import uploader_rows as uploaded

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.counters import Ground
    from lineage.registry import Claim, Figure

Lines = Mapping[tuple[str, Attribution], Timeline]

PAST = "The past is told by creation dates in one snapshot: models deleted since are missing, so it is a lower bound."

_SHARED = tuple(counter for counter in FLAGS if counter != "external")
"""Counters with a share of new: those that have a whole, whoever made the family."""


def claims(atlas: Atlas, slugs: Sequence[str] = ()) -> ClaimsAnswer:
    """Every claim of the registry, or those named, against every counter and attribution at declared evidence.

    Raises `NotFound` for an unknown claim.
    """
    known = {claim.slug: claim for claim in atlas.registry.published}
    for slug in slugs:
        if slug not in known:
            raise NotFound(f"No claim {slug!r} in the registry.", get_close_matches(slug, list(known), 5, 0.3))
    bench = Bench(atlas)
    chosen = [known[slug] for slug in dict.fromkeys(slugs)] if slugs else list(known.values())
    return ClaimsAnswer(
        receipt=atlas.receipt("claims", counters=VERSIONS, threshold=bench.ground.threshold),
        claims=tuple(_claim(atlas, bench, claim) for claim in chosen),
        notes=(
            *notes.about(atlas, Level.DECLARED, None),
            *notes.about_scope(atlas),
            PAST,
        ),
    )


def _claim(atlas: Atlas, bench: Bench, claim: Claim) -> ClaimAnswer:
    cited = [atlas.registry.sources[key] for key in claim.source]
    figures = (
        _figure(bench, figure, claim.ahead_of if place == 0 else ()) for place, figure in enumerate(claim.figures)
    )
    return ClaimAnswer(
        slug=claim.slug,
        text=claim.text,
        who=claim.who,
        published=claim.published,
        counted=claim.counted,
        sources=tuple(Cited(source.title, source.date, source.where) for source in cited),
        figures=tuple(figures),
    )


def _figure(bench: Bench, figure: Figure, rivals: Sequence[str]) -> FigureAnswer:
    lines = {
        "derivatives": lambda: bench.derivatives(figure, rivals),
        "share_of_new": lambda: bench.share_of_new(figure),
        "share_of_downloads": lambda: bench.share_of_downloads(figure),
    }[figure.measure]()
    remark = None
    if figure.measure == "share_of_downloads":
        remark = (
            "A snapshot knows the downloads of the 30 days before it and no others: what the share was over any other "
            "time cannot be answered, only what it is in this snapshot."
        )
    return FigureAnswer(
        figure.subject, figure.kind, figure.measure, figure.value, figure.bound, figure.on, tuple(lines), remark
    )


class Bench:
    """What claims are held against: an atlas at declared evidence, each subject counted once."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self.ground: Ground = atlas.ground(Level.DECLARED)
        self._rows: dict[tuple[str, str], pl.DataFrame] = {}
        self._lines: dict[tuple[str, str], Lines] = {}

    @property
    def last(self) -> date:
        """The snapshot's day."""
        return self.atlas.snapshot.manifest.as_of.date()

    def rows(self, by: str, subject: str) -> pl.DataFrame:
        """A subject's derivatives, a row for each family they count for."""
        if (by, subject) not in self._rows:
            self._rows[by, subject] = self._read(by, subject)
        return self._rows[by, subject]

    def _read(self, by: str, subject: str) -> pl.DataFrame:
        if by == "country":
            return uploaded(self.atlas, self.ground, newcomers(self.atlas, self.ground), subject)
        slugs = [subject] if by == "family" else self._of_country(subject)
        every = [family_rows(self.ground, self.atlas.family_target(slug)) for slug in slugs]
        return pl.concat(every) if every else self.everyone.clear()

    def _of_country(self, code: str) -> list[str]:
        makers = {one.slug for one in self.atlas.registry.organizations if one.country == code}
        return [family.slug for family in self.atlas.registry.families if family.organization in makers]

    @cached_property
    def everyone(self) -> pl.DataFrame:
        """All new models that shares are of."""
        return uploaded(self.atlas, self.ground, newcomers(self.atlas, self.ground))

    def lines(self, by: str, subject: str) -> Lines:
        """Every timeline of a subject."""
        if (by, subject) not in self._lines:
            found = divided(self.rows(by, subject), Attribution if by != "country" else (Attribution.ANY,))
            if by == "family":
                found |= undivided(self.ground, self.atlas.family_target(subject))
            self._lines[by, subject] = found
        return self._lines[by, subject]

    def derivatives(self, figure: Figure, rivals: Sequence[str]) -> Iterator[Held]:
        """A line for each counter and attribution of a number of derivatives."""
        told, known = verdicts.threshold(figure), figure.on <= self.last
        for by in _ways(figure):
            lines = self.lines(by, figure.subject)
            for counter, way in sorted(
                lines, key=lambda cell: (GROWING.index(cell[0]), list(Attribution).index(cell[1]))
            ):
                line = lines[counter, way]
                then = self._then(line, figure.on) if known else None
                others = tuple(
                    Rival(slug, self._then(other, figure.on) if known else None, other.now)
                    for slug in rivals
                    if by == "family" and (other := self.lines("family", slug).get((counter, way)))
                )
                day = line.passed(told, strictly=figure.bound == ">")
                passed = day.isoformat() if day and day <= self.last else None
                yield self._held(figure, counter, way, by, then, line.now, passed, others)
            yield from self._active(figure, by)

    def _then(self, line: Timeline, day: date) -> Number:
        return line.now if day >= self.last else line.at(day)

    def _active(self, figure: Figure, by: str) -> Iterator[Held]:
        """`active` reads today's downloads, so it has no past."""
        rows = self.rows(by, figure.subject)
        if self.ground.column("downloads").null_count() == len(self.ground.column("downloads")):
            return
        for way in Attribution if by != "country" else (Attribution.ANY,):
            kept = attributed(rows, "active", way)
            value = sum((Fraction(1, k) for k in kept["k"].to_list()), Fraction(0))
            now: Number = int(value) if value.denominator == 1 else value
            yield self._held(figure, "active", way, by, now if figure.on == self.last else None, now, None)

    def share_of_new(self, figure: Figure) -> Iterator[Held]:
        """A line for each counter and attribution of a share of a month's new models."""
        month, told = number_of(figure.on), verdicts.threshold(figure)
        ended = number_of(self.atlas.snapshot.manifest.as_of.date()) - 1
        for by in _ways(figure):
            for counter in _SHARED:
                wholes = _monthly(self.everyone.filter(pl.col(counter)))
                for way in Attribution if by != "country" else (Attribution.ANY,):
                    parts = _monthly(attributed(self.rows(by, figure.subject), counter, way))
                    shares = {n: parts.get(n, Fraction(0)) / whole for n, whole in wholes.items() if n <= ended}
                    then = shares.get(month) if counter != "active" or month == ended else None
                    now = shares.get(ended)
                    reached = (n for n in sorted(shares) if _reached(shares[n], told, figure.bound))
                    first = next(reached, None) if counter != "active" else None
                    passed = None if first is None else month_key(first)
                    wholes_of = (wholes.get(month) if then is not None else None, wholes.get(ended))
                    yield self._held(figure, counter, way, by, then, now, passed, of=wholes_of)

    def share_of_downloads(self, figure: Figure) -> Iterator[Held]:
        """What the snapshot's own 30 days say: by uploader over all models, by origin over families and derivatives."""
        downloads, stub = self.ground.column("downloads"), self.ground.column("stub")
        layer = self.atlas.snapshot.manifest.whole
        whole = layer.downloads if layer else int(downloads.filter(~stub).sum() or 0)
        for by in _ways(figure):
            told = whole and not (layer and by == "country")
            part = self._downloads(by, figure.subject, downloads) if told else None
            now = None if part is None else part / whole
            way = Attribution.ANY if by == "country" else Attribution.FRACTIONAL
            known = now if figure.on == self.last else None
            yield self._held(figure, "downloads", way, by, known, now, None, of=(None, whole or None))

    def _downloads(self, by: str, subject: str, downloads: pl.Series) -> Fraction:
        if by == "country":
            owners = self.ground.owners(self.ground.column("publisher"))
            mine = (countries(self.atlas, owners) == subject).fill_null(False) & ~self.ground.column("stub")
            return Fraction(int(downloads.filter(mine).sum() or 0))
        slugs = [subject] if by == "family" else self._of_country(subject)
        places = [place for place, family in enumerate(self.atlas.registry.families) if family.slug in slugs]
        own = self.atlas.members.filter(pl.col("family").is_in(places))["node"]
        below = self.rows(by, subject).filter(~pl.col("node").is_in(self.atlas.members["node"].to_list()))
        parts = (
            below.with_columns(n=downloads.gather(below["node"].to_numpy()).fill_null(0))
            .group_by("k")
            .agg(pl.col("n").sum())
        )
        derived = sum((Fraction(n, k) for k, n in parts.select("k", "n").iter_rows()), Fraction(0))
        return derived + int(downloads.gather(own).sum() or 0)

    def _held(
        self,
        figure: Figure,
        counter: str,
        way: Attribution,
        by: str,
        then: Number | None,
        now: Number | None,
        passed: str | None,
        rivals: tuple[Rival, ...] = (),
        of: tuple[Number | None, Number | None] = (None, None),
    ) -> Held:
        manifest = self.atlas.snapshot.manifest
        then_of, now_of = (None if whole is None else int(whole) for whole in of)
        what, reached = _what(figure, counter, way, by), _reaching(figure, counter, passed)
        past, present = verdicts.Told(then, then_of), verdicts.Told(now, now_of)
        text = verdicts.sentence(figure, what, past, present, reached, rivals)
        text = text if manifest.complete else f"Lower bound of a partial crawl: {text}"
        told = f"Simulated data: {text}" if manifest.simulated else text
        word = verdicts.verdict(figure, then)
        return Held(counter, str(way), by, then, now, passed, word, told, rivals, then_of, now_of)


def _ways(figure: Figure) -> tuple[str, ...]:
    return ("family",) if figure.kind == "family" else ("origin", "country")


def _what(figure: Figure, counter: str, way: Attribution, by: str) -> str:
    whose = {
        "family": figure.subject,
        "origin": f"families from {figure.subject}",
        "country": f"uploaders in {figure.subject}",
    }[by]
    names = {"share_of_new": "share of new by ", "share_of_downloads": "share of 30-day "}
    return f"{names.get(figure.measure, '')}{counter} ({way}) of {whose}"


def _reaching(figure: Figure, counter: str, passed: str | None) -> str | None:
    """A clause on when the figure was reached; None where no date could tell."""
    if counter == "active" or figure.measure == "share_of_downloads":
        return None
    if passed is None:
        return "not reached on any known date"
    return f"first reached {'in' if figure.measure == 'share_of_new' else 'on'} {passed}"


def _reached(share: Fraction, told: Fraction, bound: str) -> bool:
    return share > told or (bound == "=" and share == told)


def _monthly(rows: pl.DataFrame) -> dict[int, Fraction]:
    """Models by month, each 1/k; those without a date are in none."""
    made = pl.col("made")
    months = rows.drop_nulls("made").group_by(
        n=made.dt.year().cast(pl.Int64) * 12 + made.dt.month().cast(pl.Int64) - 1, k="k"
    )
    out: dict[int, Fraction] = {}
    for n, k, models in months.len().select("n", "k", "len").iter_rows():
        out[n] = out.get(n, Fraction(0)) + Fraction(models, k)
    return out
