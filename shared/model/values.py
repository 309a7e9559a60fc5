"""Converts raw texts to values of declared columns, the same for every database. Pure."""

import re
import sys
from collections.abc import Callable
from datetime import date, datetime

from shared.model.bad_values import BadValue, constraint_error, type_error
from shared.model.datasets import Column
from shared.model.notations import moment_reader, number_rewriter

#: A canonical value that JSON can hold: decimals, floats, dates and timestamps are texts, a boolean is 1 or 0.
Value = str | int | None
Parser = Callable[[str], Value]

_BLANKS = " \t"
_DATE_CHARACTERS = 10
_TIMESTAMP_CHARACTERS = 26
_BIGINT_DIGITS = 19
_BIGINT = range(-(2**63), 2**63)
_BOOLEANS = {"true": 1, "t": 1, "yes": 1, "y": 1, "1": 1, "false": 0, "f": 0, "no": 0, "n": 0, "0": 0}
_DECIMAL = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]+))?")
_FLOAT = re.compile(r"[+-]?((?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+))(?:[eE][+-]?[0-9]+)?")
#: Numbers closer to zero than the minimum lose digits.
_MIN_FLOAT, _MAX_FLOAT = sys.float_info.min, sys.float_info.max
#: Restricts hours and zone, which datetime.fromisoformat reads differently in different versions of Python.
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ](?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
)


def parser_of(column: Column) -> Parser:
    """Return a function that converts a text to a value of the column, or raises BadValue."""
    convert = _converter_of(column)
    required, null = column.required, frozenset(column.null)

    def parse(text: str) -> Value:
        if text:
            return convert(text)
        if required:
            raise BadValue("constraint-error", "the value is empty; expected one, as the column is required")
        return None

    def parse_unless_null(text: str) -> Value:
        return parse("" if text.strip(_BLANKS) in null else text)

    return parse_unless_null if null else parse


def _converter_of(column: Column) -> Parser:
    """Return the converter for non-empty texts of the column's type."""
    match column.type:
        case "text":
            return _text_of(column.length)
        case "integer" | "decimal" | "float":
            return _number_of(column)
        case "date":
            return _date if column.format is None else _date_as(column)
        case "timestamp":
            return _timestamp if column.format is None else _timestamp_as(column)
        case "boolean":
            return _boolean


def _text_of(length: int) -> Parser:
    def convert(text: str) -> Value:
        if len(text) <= length and "\0" not in text and (text.isascii() or _is_unicode(text)):
            return text
        raise _bad_text(text, length)

    return convert


def _is_unicode(text: str) -> bool:
    """Whether every character can be stored, as a lone surrogate can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _bad_text(text: str, length: int) -> BadValue:
    if "\0" in text:
        return type_error(text, "a text that can be stored", "no character U+0000 in it")
    if not _is_unicode(text):
        return type_error(text, "a text that can be stored", "no lone surrogate in it")
    return constraint_error(text, f"{len(text)} characters long", f"at most {length}")


def _number_of(column: Column) -> Parser:
    """Return the converter for numbers in the column's notation."""
    exact = _integer if column.type == "integer" else _decimal_of(column.precision, column.scale)
    convert = _float if column.type == "float" else exact
    rewrite = number_rewriter(column)
    return convert if rewrite is None else lambda text: convert(rewrite(text))


def _integer(text: str) -> Value:
    number = text.strip(_BLANKS)
    digits = number[1:] if number[:1] in ("+", "-") else number
    # int() would also accept underscores, other blanks and digits of other scripts.
    if not (digits.isascii() and digits.isdigit()):
        raise type_error(text, "an integer", "digits with an optional sign, e.g. -42")
    # Leading zeros do not count, and int() raises an error of its own for thousands of digits.
    significant = digits.lstrip("0") or "0"
    if len(significant) <= _BIGINT_DIGITS:
        value = -int(significant) if number[0] == "-" else int(significant)
        if value in _BIGINT:
            return value
    raise constraint_error(text, "out of range", f"an integer from {_BIGINT[0]} to {_BIGINT[-1]}")


def _decimal_of(precision: int, scale: int) -> Parser:
    whole_digits = precision - scale
    point = "." if scale else ""

    def convert(text: str) -> Value:
        found = _DECIMAL.fullmatch(text.strip(_BLANKS))
        if found is None or found.end() == found.end(1):
            raise type_error(text, "a decimal number", "digits with an optional sign and point, e.g. -12.50")
        sign, whole, fraction = found.groups("")
        whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
        if len(whole) > whole_digits or len(fraction) > scale:
            expected = f"at most {whole_digits} digits before the point and {scale} after it"
            raise constraint_error(text, "too large or too fine", expected)
        minus = "-" if sign == "-" and (whole or fraction) else ""
        return f"{minus}{whole or '0'}{point}{fraction.ljust(scale, '0')}"

    return convert


def _float(text: str) -> Value:
    """Return the shortest text of the nearest double: equal numbers get equal texts, and no digit is lost."""
    found = _FLOAT.fullmatch(text.strip(_BLANKS))
    if found is None:
        raise type_error(text, "a number", "digits with an optional sign, point and exponent, e.g. -1.25e-3")
    number = float(found[0])
    is_zero = not found[1].strip("0.")
    if not (is_zero or _MIN_FLOAT <= abs(number) <= _MAX_FLOAT):
        expected = f"zero, or a number from {_MIN_FLOAT} to {_MAX_FLOAT} with an optional sign"
        raise constraint_error(text, "out of range", expected)
    return repr(abs(number) if is_zero else number)


def _date(text: str) -> Value:
    day = text.strip(_BLANKS)
    # fromisoformat accepts other forms, too (20240105, 2024-W01-5); none of them has ten characters and this '-'.
    if len(day) == _DATE_CHARACTERS and day[7] == "-":
        try:
            date.fromisoformat(day)
        except ValueError:
            pass
        else:
            return day
    raise type_error(text, "a date", "YYYY-MM-DD, e.g. 1984-12-31")


def _timestamp(text: str) -> Value:
    moment = text.strip(_BLANKS)
    if _TIMESTAMP.fullmatch(moment) is None:
        raise _bad_timestamp(text)
    try:
        parsed = datetime.fromisoformat(moment)
    except ValueError:
        raise _bad_timestamp(text) from None
    return _canonical(parsed, text)


def _date_as(column: Column) -> Parser:
    read = moment_reader(column, "a date")
    return lambda text: read(text).date().isoformat()


def _timestamp_as(column: Column) -> Parser:
    read = moment_reader(column, "a timestamp")
    return lambda text: _canonical(read(text), text)


def _canonical(parsed: datetime, text: str) -> Value:
    # Cutting the zone off the text takes half the time of replacing or converting it.
    return _in_utc(parsed, text).isoformat(" ", "microseconds")[:_TIMESTAMP_CHARACTERS]


def _in_utc(parsed: datetime, text: str) -> datetime:
    """Return the moment with its clock in UTC; its tzinfo is not adjusted."""
    offset = parsed.utcoffset()
    try:
        return parsed - offset if offset else parsed
    except OverflowError:
        raise constraint_error(text, "out of range", "a moment from year 1 to year 9999 in UTC") from None


def _bad_timestamp(text: str) -> BadValue:
    expected = "YYYY-MM-DD[THH:MM[:SS[.ffffff]][Z or ±HH:MM]], e.g. 1984-12-31T23:59:00Z"
    return type_error(text, "a timestamp", expected)


def _boolean(text: str) -> Value:
    value = _BOOLEANS.get(text.strip(_BLANKS).lower())
    if value is None:
        raise type_error(text, "a boolean", "true or false, t or f, yes or no, y or n, 1 or 0")
    return value
