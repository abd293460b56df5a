"""`claims`: what was published, held against every counter, on its day and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from lineage import resolved, snapshots
from lineage.answers import Cited, ClaimAnswer, ClaimsAnswer, FigureAnswer, Held, Rival
from lineage.atlas import WHOLE, Atlas
from lineage.counters import FLAGS, VERSIONS
from lineage.domain import Attribution, Level, Number, exact
from lineage.errors import NotFound
from lineage.questions import notes, verdicts
from lineage.questions.counting import countries
from lineage.questions.months import month_key, newcomers, number_of
from lineage.questions.timelines import GROWING, Timeline, attributed, divided, family_rows, undivided
from lineage.questions.timelines import uploader_rows as uploaded

if TYPE_CHECKING:
    from lineage.counters import Ground
    from lineage.registry import Claim, Figure
    from lineage.snapshots import Manifest

Lines = Mapping[tuple[str, Attribution], Timeline]

PAST = (
    "Where no snapshot of the time is here, the past is told by creation dates: models deleted since are missing, so "
    "it is a lower bound. lineage pull weekly@DATE fetches dated snapshots."
)

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
    past = bench.past(figure)
    return FigureAnswer(
        figure.subject,
        figure.kind,
        figure.measure,
        figure.value,
        figure.bound,
        figure.on,
        tuple(lines),
        remark,
        None if past is None else past.atlas.receipt("claims", counters=VERSIONS, threshold=past.ground.threshold),
    )


class Bench:
    """What claims are held against: an atlas at declared evidence, each subject counted once."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self.ground: Ground = atlas.ground(Level.DECLARED)
        self._rows: dict[tuple[str, str], pl.DataFrame] = {}
        self._lines: dict[tuple[str, str], Lines] = {}
        self._wholes: dict[str, dict[int, Fraction]] = {}
        self._benches: dict[str, Bench] = {}

    @property
    def last(self) -> date:
        """The snapshot's day."""
        return self.atlas.snapshot.manifest.as_of.date()

    @property
    def bounded(self) -> bool:
        """Whether the snapshot holds less than the Hub, so that numbers are of a part of it."""
        manifest = self.atlas.snapshot.manifest
        return (manifest.scope != WHOLE and manifest.whole is None) or not manifest.complete

    def past(self, figure: Figure) -> Bench | None:
        """The dated snapshot of the same scope that tells what the figure's day was, deleted models among it.

        Of a number, the newest of the week up to that day; of a month's new models, the first of the month after.
        """
        low, high = figure.on - timedelta(days=7), figure.on
        if figure.measure == "share_of_new":
            low = _month_after(figure.on)
            high = low + timedelta(days=31)
        dated = [one for one in self._dated if low <= one.as_of.date() <= high]
        if not dated or self.last <= high:
            return None
        best = dated[0] if figure.measure == "share_of_new" else dated[-1]
        if best.id not in self._benches:
            own = self.atlas
            self._benches[best.id] = Bench(Atlas(own.settings, own.registry, snapshots.opened(own.settings, best.id)))
        return self._benches[best.id]

    @cached_property
    def _dated(self) -> list[Manifest]:
        """The other snapshots of this scope that names were resolved in, oldest first."""
        own = self.atlas.snapshot.manifest
        others = (m for m in snapshots.listed(self.atlas.settings) if m.scope == own.scope and m.id != own.id)
        ready = (m for m in others if resolved.found(self.atlas.settings.resolved, m.id))
        return sorted(ready, key=lambda one: (one.as_of, one.id))

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
        told, known, past = verdicts.threshold(figure), figure.on <= self.last, self.past(figure)
        for by in _ways(figure):
            lines = self.lines(by, figure.subject)
            before = past.lines(by, figure.subject) if past else lines
            for counter, way in sorted(
                lines, key=lambda cell: (GROWING.index(cell[0]), list(Attribution).index(cell[1]))
            ):
                line = lines[counter, way]
                then = self._then(before.get((counter, way)), figure.on, past) if known else None
                others = tuple(
                    Rival(slug, self._rival(slug, (counter, way), figure.on, past) if known else None, other.now)
                    for slug in rivals
                    if by == "family" and (other := self.lines("family", slug).get((counter, way)))
                )
                day = line.passed(told, strictly=figure.bound == ">")
                passed = day.isoformat() if day and day <= self.last else None
                yield self._held(figure, counter, way, by, then, line.now, passed, others)
            yield from self._active(figure, by, past)

    def _then(self, line: Timeline | None, day: date, past: Bench | None) -> Number | None:
        if line is None:
            return None
        return line.now if past or day >= self.last else line.at(day)

    def _rival(self, slug: str, cell: tuple[str, Attribution], day: date, past: Bench | None) -> Number | None:
        return self._then((past or self).lines("family", slug).get(cell), day, past)

    def _active(self, figure: Figure, by: str, past: Bench | None) -> Iterator[Held]:
        """`active` reads a snapshot's own downloads: its past is that of a dated snapshot, or none."""
        for way in Attribution if by != "country" else (Attribution.ANY,):
            now = self.active(by, figure.subject, way)
            then = past.active(by, figure.subject, way) if past else now if figure.on == self.last else None
            if now is not None:
                yield self._held(figure, "active", way, by, then, now, None)

    def active(self, by: str, subject: str, way: Attribution) -> Number | None:
        """`active` of a subject in this snapshot; None where its rows have no downloads at all."""
        column = self.ground.column("downloads")
        if column.null_count() == len(column):
            return None
        kept = attributed(self.rows(by, subject), "active", way)
        return exact(sum((Fraction(models, k) for k, models in kept.group_by("k").len().iter_rows()), Fraction(0)))

    def share_of_new(self, figure: Figure) -> Iterator[Held]:
        """A line for each counter and attribution of a share of a month's new models."""
        month, told = number_of(figure.on), verdicts.threshold(figure)
        ended, past = number_of(self.last) - 1, self.past(figure)
        for by in _ways(figure):
            for counter in _SHARED:
                wholes = self.wholes(counter)
                for way in Attribution if by != "country" else (Attribution.ANY,):
                    shares = self.shares(figure.subject, by, counter, way)
                    then = shares.get(month) if counter != "active" or month == ended else None
                    if past:
                        then = past.shares(figure.subject, by, counter, way).get(month)
                    now = shares.get(ended)
                    reached = (n for n in sorted(shares) if _reached(shares[n], told, figure.bound))
                    first = next(reached, None) if counter != "active" else None
                    passed = None if first is None else month_key(first)
                    of_then = past.wholes(counter) if past else wholes
                    wholes_of = (of_then.get(month) if then is not None else None, wholes.get(ended))
                    yield self._held(figure, counter, way, by, then, now, passed, of=wholes_of)

    def wholes(self, counter: str) -> dict[int, Fraction]:
        """All new models of each month that a counter counts."""
        if counter not in self._wholes:
            self._wholes[counter] = _monthly(self.everyone.filter(pl.col(counter)))
        return self._wholes[counter]

    def shares(self, subject: str, by: str, counter: str, way: Attribution) -> dict[int, Fraction]:
        """A subject's share of the new models of each whole month."""
        ended = number_of(self.last) - 1
        parts = _monthly(attributed(self.rows(by, subject), counter, way))
        return {n: parts.get(n, Fraction(0)) / whole for n, whole in self.wholes(counter).items() if n <= ended}

    def share_of_downloads(self, figure: Figure) -> Iterator[Held]:
        """What a snapshot's own 30 days say: by uploader over all models, by origin over families and derivatives."""
        past = self.past(figure)
        for by in _ways(figure):
            way = Attribution.ANY if by == "country" else Attribution.FRACTIONAL
            now, whole = self.downloaded(by, figure.subject)
            then, then_whole = now if figure.on == self.last else None, None
            if past:
                then, then_whole = past.downloaded(by, figure.subject)
            yield self._held(figure, "downloads", way, by, then, now, None, of=(then_whole, whole))

    def downloaded(self, by: str, subject: str) -> tuple[Fraction | None, int | None]:
        """A subject's share of this snapshot's 30-day downloads, and how many those are; None where it cannot tell."""
        downloads, stub = self.ground.column("downloads"), self.ground.column("stub")
        layer = self.atlas.snapshot.manifest.whole
        whole = layer.downloads if layer else int(downloads.filter(~stub).sum() or 0)
        told = whole and not (layer and by == "country")
        return (self._downloads(by, subject, downloads) / whole if told else None), whole or None

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
        text = verdicts.sentence(figure, what, past, present, reached, rivals, bounded=self.bounded)
        text = text if not self.bounded else f"Of what this snapshot holds ({manifest.scope}), not of the Hub: {text}"
        told = f"Simulated data: {text}" if manifest.simulated else text
        word = verdicts.verdict(figure, then, bounded=self.bounded)
        return Held(counter, str(way), by, then, now, passed, word, told, rivals, then_of, now_of)


def _month_after(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


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
