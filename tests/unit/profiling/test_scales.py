"""Bins with round edges: every value is in one, between its edges."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.profiling.profile import Bin
from shared.profiling.scales import cut, moment_scale, number_scale

numbers = st.lists(st.decimals(-(10**34), 10**34, allow_nan=False, places=5), min_size=1, max_size=30)
moments = st.lists(st.datetimes().map(lambda moment: moment.replace(microsecond=0)), min_size=1, max_size=30)


def numbers_cut(values: list[Decimal], *, is_whole: bool = False) -> tuple[Bin, ...]:
    return cut(values, number_scale(min(values), max(values), is_whole=is_whole))


def moments_cut(*texts: str, is_date: bool = False) -> tuple[Bin, ...]:
    values = [datetime.fromisoformat(text) for text in texts]
    return cut(values, moment_scale(min(values), max(values), is_date=is_date))


@given(numbers)
def test_numbers_are_between_the_edges_of_their_bins(values: list[Decimal]) -> None:
    bins = numbers_cut(values)

    for each in bins:
        assert each.count == sum(Decimal(each.low) <= value < Decimal(each.high) for value in values)
    assert sum(each.count for each in bins) == len(values)
    assert len(bins) <= 25
    assert bins[0].count
    assert bins[-1].count


@given(st.lists(st.integers(-(2**63), 2**63), min_size=1, max_size=30))
def test_whole_numbers_may_equal_both_edges(values: list[int]) -> None:
    bins = numbers_cut([Decimal(value) for value in values], is_whole=True)

    for each in bins:
        assert each.count == sum(int(each.low) <= value <= int(each.high) for value in values)
    assert sum(each.count for each in bins) == len(values)


@given(moments)
def test_every_moment_up_to_the_last_has_a_bin(values: list[datetime]) -> None:
    for is_date in (False, True):
        bins = cut(values, moment_scale(min(values), max(values), is_date=is_date))

        assert sum(each.count for each in bins) == len(values)
        assert len(bins) <= 26
        assert all(each.low <= each.high for each in bins)


def test_steps_are_round() -> None:
    assert [each.low for each in numbers_cut([Decimal("0.13"), Decimal("0.95")])][:3] == ["0.1", "0.15", "0.2"]
    assert [(each.low, each.high) for each in numbers_cut([Decimal(0), Decimal(70)], is_whole=True)][:2] == [
        ("0", "4"),
        ("5", "9"),
    ]


@pytest.mark.parametrize(
    ("least", "greatest", "first"),
    [
        ("1837-01-01", "1999-12-31", ("1830", "1839")),
        ("2024-01-15", "2024-12-31", ("2024-01", "2024-01")),
        ("2024-01-15", "2024-03-31", ("2024-01-15", "2024-01-21")),
        ("2024-01-15", "2024-01-31", ("2024-01-15", "2024-01-15")),
        ("9999-12-31", "9999-12-31", ("9999-12-31", "9999-12-31")),
        ("9999-11-01", "9999-12-31", ("9999-11-01", "9999-11-07")),
    ],
)
def test_dates_are_divided_by_calendar_units(least: str, greatest: str, first: tuple[str, str]) -> None:
    bins = moments_cut(least, greatest, is_date=True)

    assert (bins[0].low, bins[0].high) == first
    assert bins[0].count >= 1
    assert bins[-1].count >= 1


def test_timestamps_of_one_day_are_divided_by_clock_units() -> None:
    bins = moments_cut("2024-01-15T08:10", "2024-01-15T17:50")

    assert (bins[0].low, bins[0].high) == ("2024-01-15 08:00:00", "2024-01-15 08:59:59")
    assert timedelta(hours=1) * len(bins) == timedelta(hours=10)
