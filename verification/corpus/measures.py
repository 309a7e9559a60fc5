"""Measures of a reading: success, and precision, recall and F1 of header, records and cells (Pollock benchmark)."""

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from verification.corpus.cases import Answer


class Measure(NamedTuple):
    """Recall and precision of one kind of item."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The measures of one file, or the means of many."""

    success: float
    header: Measure
    records: Measure
    cells: Measure


def score(found: Answer | None, right: Answer) -> Score:
    """Compare a reading with the correct one; None means that the reader gave up."""
    if found is None or found.refused:
        gave_up = float(right.refused is not None)
        nothing = Measure(gave_up, gave_up)
        return Score(success=gave_up, header=nothing, records=nothing, cells=nothing)
    return Score(
        success=1.0,
        header=_measure(found.header, right.header),
        records=_measure(map(tuple, found.rows), map(tuple, right.rows)),
        cells=_measure(_cells(found), _cells(right)),
    )


def mean(scores: list[Score]) -> Score:
    """Return the mean of each measure."""
    return Score(
        success=_mean(score.success for score in scores),
        header=_mean_of([score.header for score in scores]),
        records=_mean_of([score.records for score in scores]),
        cells=_mean_of([score.cells for score in scores]),
    )


def _cells(answer: Answer) -> Iterable[str]:
    return (cell for row in answer.rows for cell in row)


def _measure(found: Iterable[Hashable], right: Iterable[Hashable]) -> Measure:
    counted, wanted = Counter(found), Counter(right)
    common = (counted & wanted).total()
    precision = common / counted.total() if counted else float(not wanted)
    recall = common / wanted.total() if wanted else float(not counted)
    return Measure(precision, recall)


def _mean_of(measures: list[Measure]) -> Measure:
    return Measure(_mean(each.precision for each in measures), _mean(each.recall for each in measures))


def _mean(numbers: Iterable[float]) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed)
