"""Divides ranges of numbers, dates and timestamps into bins with round edges."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Generic, TypeVar

from shared.profiling.profile import Bin

_T = TypeVar("_T")

#: Maximum number of bins, for readability.
_MAX_BINS = 24
#: Decimals have up to 65 digits; edges must not be rounded.
_EXACT = Context(prec=80)

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SECONDS = (1, 5, 15, _MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 3 * _HOUR, 6 * _HOUR, _DAY, 7 * _DAY)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000)
#: All moments are in UTC.
_FIRST = datetime(1, 1, 1)  # noqa: DTZ001
_LAST_SECOND = 3_652_059 * _DAY - 1


@dataclass(frozen=True, slots=True)
class Scale(Generic[_T]):
    """Maps values to numbered bins, and bins to their edges."""

    bin_of: Callable[[_T], int]
    edges: Callable[[int], tuple[str, str]]


def cut(values: Sequence[_T], scale: Scale[_T]) -> tuple[Bin, ...]:
    """Count values by bin, from the first bin to the last that has values."""
    counts = Counter(map(scale.bin_of, values))
    numbers = range(min(counts), max(counts) + 1) if counts else range(0)
    edges = {number: scale.edges(number) for number in numbers}
    return tuple(Bin(low=low, high=high, count=counts[number]) for number, (low, high) in edges.items())


def number_scale(least: Decimal, greatest: Decimal, *, is_whole: bool) -> Scale[Decimal]:
    """Return a scale in steps of 1, 2 or 5 times a power of ten."""
    step = _round_step(_EXACT.subtract(greatest, least), is_whole=is_whole)

    def bin_of(value: Decimal) -> int:
        return int(_EXACT.divide(value, step).to_integral_value(ROUND_FLOOR))

    def edges(number: int) -> tuple[str, str]:
        low = _EXACT.multiply(step, Decimal(number))
        return plain(low), plain(_EXACT.add(low, step - 1 if is_whole else step))

    return Scale(bin_of, edges)


def plain(number: Decimal) -> str:
    """Return a number without exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def moment_scale(least: datetime, greatest: datetime, *, is_date: bool) -> Scale[datetime]:
    """Return a scale in round steps of seconds to weeks, or of months to centuries."""
    span_seconds = (greatest - least).total_seconds()
    finest = _DAY if is_date else 1
    for step in _SECONDS:
        if step >= finest and span_seconds / step <= _MAX_BINS:
            return _scale_of_seconds(step)
    months = _month(greatest) - _month(least)
    return _scale_of_months(next((step for step in _MONTHS if months / step <= _MAX_BINS), _MONTHS[-1]))


def _round_step(span: Decimal, *, is_whole: bool) -> Decimal:
    least_step = _EXACT.divide(span, Decimal(_MAX_BINS))
    if not least_step:
        return Decimal(1)
    power = Decimal((0, (1,), least_step.adjusted()))
    steps = [_EXACT.multiply(power, Decimal(factor)) for factor in (1, 2, 5, 10)]
    step = steps[bisect_left(steps, least_step)]
    return max(step, Decimal(1)) if is_whole else step


def _scale_of_seconds(step: int) -> Scale[datetime]:
    def bin_of(moment: datetime) -> int:
        return (moment - _FIRST) // timedelta(seconds=step)

    def edges(number: int) -> tuple[str, str]:
        # The last week ends with the last day that a date can be.
        end = min((number + 1) * step - 1, _LAST_SECOND)
        return shown(number * step), shown(end)

    def shown(seconds: int) -> str:
        moment = _FIRST + timedelta(seconds=seconds)
        return moment.date().isoformat() if step % _DAY == 0 else moment.isoformat(" ")

    return Scale(bin_of, edges)


def _scale_of_months(step: int) -> Scale[datetime]:
    def edges(number: int) -> tuple[str, str]:
        return shown(number * step), shown((number + 1) * step - 1)

    def shown(months: int) -> str:
        year, month = divmod(months, 12)
        return f"{year:04}" if step % 12 == 0 else f"{year:04}-{month + 1:02}"

    return Scale(lambda moment: _month(moment) // step, edges)


def _month(moment: datetime) -> int:
    return moment.year * 12 + moment.month - 1
