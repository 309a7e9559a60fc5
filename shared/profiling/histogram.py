"""Histogram and quantiles of a column, computed from a sample of its values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from shared.model.bad_values import BadValue
from shared.model.datasets import Column
from shared.model.values import parser_of
from shared.profiling.batch import ColumnBatch
from shared.profiling.profile import Bin, Histogram, Quantile
from shared.profiling.reservoir import Reservoir
from shared.profiling.scales import cut, moment_scale, number_scale, plain

_SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: No valid number, date or timestamp is longer, apart from blanks around it and trailing zeros.
_MAX_KEPT = 120

_T = TypeVar("_T", Decimal, datetime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The distribution of values between the smallest and the largest."""

    histogram: Histogram | None = None
    quantiles: tuple[Quantile, ...] = ()


class ValueSample:
    """A sample of one column's values; of a long value, only its beginning and its length are kept."""

    def __init__(self, capacity: int) -> None:
        self._reservoir: Reservoir[str, tuple[str, int]] = Reservoir(capacity, _kept)

    def add(self, batch: ColumnBatch) -> None:
        """Add the values of a batch."""
        self._reservoir.extend(batch.values)

    @property
    def texts(self) -> Iterator[str]:
        """The sampled values that are kept in full."""
        return (text for text, length in self._reservoir.items if len(text) == length)

    def distribution(self, column: Column) -> Distribution:
        """Return the distribution of the values, parsed by the column's type; for text, of their lengths."""
        if column.type == "boolean" or not self._reservoir.items:
            return Distribution()
        if column.type == "text":
            lengths = [Decimal(length) for _, length in self._reservoir.items]
            return Distribution(histogram=self._histogram(_number_bins(lengths, is_whole=True), of_lengths=True))
        values = [str(value) for value in _parsed(self.texts, column) if value is not None]
        if column.type in ("date", "timestamp"):
            is_date = column.type == "date"
            moments = [datetime.fromisoformat(value) for value in values]
            return self._of(moments, _moment_bins(moments, is_date=is_date), _date if is_date else _timestamp)
        numbers = [Decimal(value) for value in values]
        return self._of(numbers, _number_bins(numbers, is_whole=column.type == "integer"), plain)

    def _of(self, values: Sequence[_T], bins: tuple[Bin, ...], show: Callable[[_T], str]) -> Distribution:
        return Distribution(histogram=self._histogram(bins), quantiles=tuple(_quantiles(values, show)))

    def _histogram(self, bins: tuple[Bin, ...], *, of_lengths: bool = False) -> Histogram:
        return Histogram(
            of="lengths" if of_lengths else "values",
            bins=bins,
            counted=sum(each.count for each in bins),
            is_sample=not self._reservoir.is_whole,
        )


def _kept(value: str) -> tuple[str, int]:
    return value[:_MAX_KEPT], len(value)


def _parsed(texts: Iterable[str], column: Column) -> Iterator[object]:
    parse = parser_of(column)
    for text in texts:
        try:
            yield parse(text)
        except BadValue:
            continue


def _number_bins(values: Sequence[Decimal], *, is_whole: bool) -> tuple[Bin, ...]:
    return cut(values, number_scale(min(values), max(values), is_whole=is_whole)) if values else ()


def _moment_bins(values: Sequence[datetime], *, is_date: bool) -> tuple[Bin, ...]:
    return cut(values, moment_scale(min(values), max(values), is_date=is_date)) if values else ()


def _quantiles(values: Sequence[_T], show: Callable[[_T], str]) -> Iterator[Quantile]:
    """Yield quantiles by nearest rank: each is one of the values."""
    ordered = sorted(values)
    for share in _SHARES if ordered else ():
        yield Quantile(share=share, value=show(ordered[max(0, -int(-share * len(ordered) // 1) - 1)]))


def _date(moment: datetime) -> str:
    return moment.date().isoformat()


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(" ")
