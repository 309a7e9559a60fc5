"""How much longer values may become than those that were seen."""

from collections.abc import Mapping
from dataclasses import replace

from shared.datasets import Column

#: Round lengths of text; the last is the longest that inflow.toml takes.
_LENGTHS = (10, 20, 40, 80, 160, 255, 500, 1000, 2000, 4000, 8000, 16383)
#: A text may become so many times as long.
_ROOM = 1.5
#: A decimal may get so many more digits before the point.
_MORE_DIGITS = 4
_MOST_DIGITS = 65


def length_with_room(longest: int | None) -> int:
    """Return a length for texts of which the longest has so many characters; 255 where there is none."""
    if longest is None:
        return 255
    return next((length for length in _LENGTHS if length >= longest * _ROOM), _LENGTHS[-1])


def decimal_with_room(whole_digits: int, scale: int) -> tuple[int, int]:
    """Return precision and scale; the digits behind the point are kept as they are."""
    return min(_MOST_DIGITS, max(whole_digits + _MORE_DIGITS + scale, 1)), scale


def squeezed(columns: Mapping[str, Column], longest: Mapping[str, int]) -> dict[str, Column]:
    """Return the columns with texts no longer than the longest that was seen; those not in `longest` as they are."""
    return {
        name: replace(column, length=max(1, longest[name])) if column.type == "text" and name in longest else column
        for name, column in columns.items()
    }
