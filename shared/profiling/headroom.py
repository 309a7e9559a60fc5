"""Headroom: how much longer future values may be than those in the profiled file."""

from collections.abc import Mapping
from dataclasses import replace

from shared.model.datasets import Column

#: Round lengths of text columns; the last is the maximum in inflow.toml.
_LENGTHS = (40, 80, 160, 255, 500, 1000, 2000, 4000, 8000, 16383)
#: Factor by which texts may become longer.
_LENGTH_FACTOR = 2
#: Minimum length for lists and objects of JSON.
_MIN_NESTED_LENGTH = 4000
#: Additional digits before the decimal point.
_MORE_DIGITS = 4
#: Additional digits after the decimal point, if the numbers differ in how many they have.
_MORE_SCALE = 2
_MAX_DIGITS, _MAX_SCALE = 65, 30


def length_with_headroom(longest: int | None, *, is_nested: bool) -> int:
    """Return a column length for texts of up to `longest` characters; 255 if there are none."""
    if longest is None:
        return 255
    wanted = max(longest * _LENGTH_FACTOR, _MIN_NESTED_LENGTH if is_nested else 0)
    return next((length for length in _LENGTHS if length >= wanted), _LENGTHS[-1])


def decimal_with_headroom(whole_digits: int, least_scale: int, scale: int) -> tuple[int, int]:
    """Return precision and scale; the scale is unchanged if all numbers have it, else two digits larger."""
    is_fixed = least_scale == scale != 1
    roomy = scale if is_fixed else min(_MAX_SCALE, scale + _MORE_SCALE, max(scale, _MAX_DIGITS - whole_digits))
    return min(_MAX_DIGITS, whole_digits + _MORE_DIGITS + roomy), roomy


def without_headroom(columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return the columns with text lengths reduced to those in `longest`; other columns are unchanged."""
    return {
        name: replace(column, length=max(1, longest[name])) if column.type == "text" and name in longest else column
        for name, column in columns.items()
    }
