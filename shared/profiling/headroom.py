"""How much longer values may become than those that were seen."""

from collections.abc import Mapping
from dataclasses import replace

from shared.model.datasets import Column

#: Round lengths of text; the last is the longest that inflow.toml takes.
_LENGTHS = (40, 80, 160, 255, 500, 1000, 2000, 4000, 8000, 16383)
#: A text may become so many times as long.
_ROOM = 2
#: A value of JSON has at least room for this length.
_NESTED_LENGTH = 4000
#: A decimal may get so many more digits before the point.
_MORE_DIGITS = 4
#: Where some numbers have more digits behind the point than others, and further ones still more.
_MORE_SCALE = 2
_MAX_DIGITS, _MAX_SCALE = 65, 30


def length_with_room(longest: int | None, *, is_nested: bool) -> int:
    """Return a length for texts of which the longest has so many characters; 255 where there is none."""
    if longest is None:
        return 255
    wanted = max(longest * _ROOM, _NESTED_LENGTH if is_nested else 0)
    return next((length for length in _LENGTHS if length >= wanted), _LENGTHS[-1])


def decimal_with_room(whole_digits: int, least_scale: int, scale: int) -> tuple[int, int]:
    """Return precision and scale: the digits behind the point that all numbers have, else two more than the most."""
    is_fixed = least_scale == scale != 1
    roomy = scale if is_fixed else min(_MAX_SCALE, scale + _MORE_SCALE, max(scale, _MAX_DIGITS - whole_digits))
    return min(_MAX_DIGITS, whole_digits + _MORE_DIGITS + roomy), roomy


def squeezed(columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return the columns with texts no longer than the longest that was seen; those not in `longest` as they are."""
    return {
        name: replace(column, length=max(1, longest[name])) if column.type == "text" and name in longest else column
        for name, column in columns.items()
    }
