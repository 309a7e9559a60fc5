"""The targets of the figures, and whether they are met. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from benchmarks.names import (
    AGAIN,
    FEW_ROWS,
    FIRST,
    INFLOW,
    LARGER,
    LATENCY,
    SCALE,
    SPREAD,
    TOGETHER,
    WRITER_COUNTS,
    WRITERS,
    file_of,
    table_of,
    writers_of,
)
from benchmarks.results import Measurement, Results
from benchmarks.rivals.catalog import CORE, DLT, LOOKED_UP, ORM, RESOLVED

_RIVALS = ((RESOLVED, 1.0), (LOOKED_UP, 3.0), (ORM, 20.0), (CORE, 20.0), (DLT, 20.0))
_EDITIONS = ((AGAIN, 15.0), (SPREAD, 10.0), (TOGETHER, 10.0))
_MAX_MIB = 150.0
#: Variation of the peaks of the same program on the same day.
_SAME_PEAK = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One figure and its target."""

    what: str
    value: float
    wanted: float
    #: Whether the target is a minimum; otherwise it is a maximum.
    at_least: bool
    unit: str = "×"
    #: Whether the rival did not finish, so that the true value is above this one.
    is_lower_bound: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the target is met."""
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted


def targets(results: Results, *, rows: int) -> list[Target]:
    """Return the targets of the figures that were measured."""
    return [
        *_against_rivals(results),
        *_editions(results),
        *_latency(results, rows),
        *_writers(results),
        *_scale(results, rows),
    ]


def ratio(ours: Measurement, theirs: Measurement) -> float:
    """Return the ratio of the speeds in rows per second."""
    return ours.rows_per_second / theirs.rows_per_second


def after_completion(latency: Measurement) -> float:
    """Return the seconds from the last commit to the new summary: relay, event, aggregator."""
    return median(sample.seconds - sample.moments["completed"] for sample in latency.samples)


def _against_rivals(results: Results) -> Iterator[Target]:
    ours = results.find(FIRST, INFLOW)
    for rival, wanted in _RIVALS:
        theirs = results.find(FIRST, rival.title)
        if ours and theirs:
            yield Target(
                what=f"rows/s of the first load ({ours.rows:,} rows) against {rival.title} ({theirs.rows:,} rows)",
                value=ratio(ours, theirs),
                wanted=wanted,
                at_least=True,
                is_lower_bound=theirs.limit_seconds is not None,
            )


def _editions(results: Results) -> Iterator[Target]:
    first = results.find(FIRST, INFLOW)
    for case, wanted in _EDITIONS:
        edition = results.find(case, INFLOW)
        if first and edition:
            faster = first.seconds.middle / edition.seconds.middle
            yield Target(what=f"{case}: faster than the first load", value=faster, wanted=wanted, at_least=True)


def _latency(results: Results, rows: int) -> Iterator[Target]:
    many, few = (results.find(LATENCY, table_of(count)) for count in (rows, FEW_ROWS))
    if many:
        where = f"100 rows into an idle system, {table_of(rows)}"
        milliseconds = 1000 * many.seconds.middle
        yield Target(what=f"{where}: median", value=milliseconds, wanted=250, at_least=False, unit="ms")
        last_part = 1000 * after_completion(many)
        what = f"{where}: commit to summary (relay, event, aggregator)"
        yield Target(what=what, value=last_part, wanted=50, at_least=False, unit="ms")
    if many and few:
        slower = many.seconds.middle / few.seconds.middle
        what = f"latency with {table_of(rows)} against {FEW_ROWS:,}"
        yield Target(what=what, value=slower, wanted=1.2, at_least=False)


def _writers(results: Results) -> Iterator[Target]:
    one, two, four = (results.find(WRITERS, writers_of(count)) for count in WRITER_COUNTS)
    for fewer, more in ((one, two), (two, four)):
        if fewer and more:
            what = f"{more.subject} against {fewer.subject}"
            yield Target(what=what, value=ratio(more, fewer), wanted=1.0, at_least=True)
    for many in (two, four):
        if many and many.retries_per_thousand_chunks is not None:
            what = f"{many.subject}: messages retried per 1,000 chunks"
            yield Target(what=what, value=many.retries_per_thousand_chunks, wanted=1.0, at_least=False, unit="")


def _scale(results: Results, rows: int) -> Iterator[Target]:
    small, large = (results.find(SCALE, file_of(count)) for count in (rows, LARGER * rows))
    if not small or not large:
        return
    what = f"time for {large.subject} against {small.subject}"
    yield Target(what=what, value=large.seconds.middle / small.seconds.middle, wanted=12.0, at_least=False)
    before = {usage.process: usage.peak_mib for usage in small.usages()}
    for usage in large.usages():
        peak, base = usage.peak_mib, before[usage.process]
        if peak and base and usage.is_ours:
            what = f"peak memory of {usage.process} at {large.subject}"
            yield Target(what=what, value=peak, wanted=_MAX_MIB, at_least=False, unit="MiB")
            what = f"{what}, against {small.subject}"
            yield Target(what=what, value=peak / base, wanted=_SAME_PEAK, at_least=False)
