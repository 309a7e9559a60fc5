"""Numbers, dates and timestamps that are written otherwise than we expect by default. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from shared.model.bad_values import type_error
from shared.model.datasets import Column

_BLANKS = " \t"
#: No two of its numbers are the same.
_EXAMPLE = datetime(1984, 12, 31, 23, 59, 58, tzinfo=UTC)
#: After so many years the calendar repeats itself, days of the week included.
_CALENDAR_YEARS = 400


def is_moment_format(pattern: str, *, with_time: bool) -> bool:
    """Whether a pattern of strptime says which day is meant, and in a timestamp which minute."""
    example = _EXAMPLE if with_time else _EXAMPLE.replace(hour=0, minute=0)
    try:
        read = datetime.strptime(example.strftime(pattern), pattern)  # noqa: DTZ007
    except (ValueError, re.error):
        return False
    return read.replace(second=0, microsecond=0, tzinfo=UTC) == example.replace(second=0)


def has_two_digit_year(pattern: str) -> bool:
    """Whether a pattern of strptime writes years of different centuries alike, as %y does."""
    later = _EXAMPLE.replace(year=_EXAMPLE.year + _CALENDAR_YEARS)
    return _EXAMPLE.strftime(pattern) == later.strftime(pattern)


def number_rewriter(column: Column) -> Callable[[str], str] | None:
    """Return what gives a number our signs, or raises BadValue; None where the column has them already."""
    point, group = column.decimal_char, column.group_char
    if not column.notation:
        return None
    groups = f"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|" if group else ""
    fraction = "()" if column.type == "integer" else f"(?:{re.escape(point)}([0-9]+))?"
    exponent = "([eE][+-]?[0-9]+)?" if column.type == "float" else "()"
    # A group of another length may be a fraction: 1.5 is no 15.
    pattern = re.compile(f"([+-]?)({groups}[0-9]*){fraction}{exponent}")
    kind, example = ("an integer", "-42") if column.type == "integer" else ("a decimal number", f"-12{point}50")
    grouped = f", {group!r} between groups of three" if group else ""
    expected = f"digits with an optional sign{grouped}, e.g. {example}"

    def rewrite(text: str) -> str:
        found = pattern.fullmatch(text.strip(_BLANKS))
        if found is None:
            raise type_error(text, kind, expected)
        sign, whole, fraction, exponent = found.groups("")
        digits = whole.replace(group, "") if group else whole
        return f"{sign}{digits}.{fraction}{exponent}" if fraction else f"{sign}{digits}{exponent}"

    return rewrite


def moment_reader(column: Column, kind: str) -> Callable[[str], datetime]:
    """Return what reads a date or a timestamp as the column's format says, or raises BadValue."""
    pattern, century_start = column.format or "", column.century_start
    is_two_digits = has_two_digit_year(pattern)

    def read(text: str) -> datetime:
        try:
            moment = datetime.strptime(text.strip(_BLANKS), pattern)  # noqa: DTZ007
            return _in_century_from(moment, century_start) if is_two_digits else moment
        except ValueError:
            example = _EXAMPLE.strftime(pattern)
            raise type_error(text, kind, f"one as its format {pattern} says, e.g. {example}") from None

    return read


def _in_century_from(moment: datetime, first_year: int) -> datetime:
    """Return the moment in the one of the hundred years that ends in the same two digits; ValueError if not a day."""
    return moment.replace(year=first_year + (moment.year - first_year) % 100)
