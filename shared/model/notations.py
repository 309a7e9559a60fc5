"""Numbers, dates and timestamps in other notations than the default. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from shared.model.bad_values import type_error
from shared.model.datasets import Column

_BLANKS = " \t"
#: No two of its parts are the same number, so that a format can't confuse them unnoticed.
_EXAMPLE = datetime(1984, 12, 31, 23, 59, 58, tzinfo=UTC)
#: The calendar repeats after this many years, days of the week included.
_CALENDAR_YEARS = 400


def is_moment_format(pattern: str, *, with_time: bool) -> bool:
    """Whether a strptime pattern determines the day, and for a timestamp the minute."""
    example = _EXAMPLE if with_time else _EXAMPLE.replace(hour=0, minute=0)
    try:
        read = datetime.strptime(example.strftime(pattern), pattern)  # noqa: DTZ007
    except (ValueError, re.error):
        return False
    return read.replace(second=0, microsecond=0, tzinfo=UTC) == example.replace(second=0)


def has_two_digit_year(pattern: str) -> bool:
    """Whether a strptime pattern leaves out the century, as %y does."""
    later = _EXAMPLE.replace(year=_EXAMPLE.year + _CALENDAR_YEARS)
    return _EXAMPLE.strftime(pattern) == later.strftime(pattern)


def number_rewriter(column: Column) -> Callable[[str], str] | None:
    """Return a function that rewrites a number to the default notation, or raises BadValue; None if it has that."""
    point, group = column.decimal_char, column.group_char
    if not column.notation:
        return None
    groups = f"[0-9]{{1,3}}(?:{re.escape(group)}[0-9]{{3}})+|" if group else ""
    fraction = "()" if column.type == "integer" else f"(?:{re.escape(point)}([0-9]+))?"
    exponent = "([eE][+-]?[0-9]+)?" if column.type == "float" else "()"
    # Only groups of three are accepted: in 1.5 the point may be a decimal point, so it is not read as 15.
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
    """Return a function that parses a date or timestamp by the column's format, or raises BadValue."""
    pattern, century_start = column.format or "", column.century_start
    is_two_digits = has_two_digit_year(pattern)

    def read(text: str) -> datetime:
        try:
            moment = datetime.strptime(text.strip(_BLANKS), pattern)  # noqa: DTZ007
            return _in_century_from(moment, century_start) if is_two_digits else moment
        except ValueError:
            example = _EXAMPLE.strftime(pattern)
            raise type_error(text, kind, f"the format {pattern}, e.g. {example}") from None

    return read


def _in_century_from(moment: datetime, first_year: int) -> datetime:
    """Return the moment in the year with the same last two digits in the hundred years; raises ValueError if no day."""
    return moment.replace(year=first_year + (moment.year - first_year) % 100)
