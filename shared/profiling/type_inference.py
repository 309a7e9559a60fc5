"""Infers the type of a column, with the same parsers that load its values."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, get_args

from shared.model.bad_values import BadValue
from shared.model.datasets import Column, TypeName
from shared.model.values import Value, parser_of
from shared.profiling.batch import ColumnBatch
from shared.profiling.occurrences import Occurrences

#: For each type the most accepting column: the longest text and the widest decimal that inflow.toml allows.
WIDEST: dict[TypeName, Column] = {
    **{name: Column(name="widest", type=name) for name in get_args(TypeName)},
    "text": Column(name="widest", type="text", length=16383),
    "decimal": Column(name="widest", type="decimal", precision=65, scale=30),
}
#: A type is no longer tried after this many distinct refused values, if it accepts fewer than it refuses.
_MAX_REFUSED = 1_000
#: 007 is not treated as a number because it would lose its zeros.
LEADING_ZERO = re.compile(r"[ \t]*[+-]?0[0-9]")
NUMBERS: tuple[TypeName, ...] = ("integer", "decimal", "float")
#: 12E4 may be a code: programs write floats as 1.2E5, 1e+05 or 1e-05.
_CODE = re.compile(r"[+-]?[0-9]+[eE][0-9]+")
#: Every decimal with this many digits is the text of a double; with two more digits, hardly any is.
_DOUBLE_DIGITS = 15
#: Texts that people and programs write in place of a missing value. Compared without surrounding blanks and ignoring
#: case.
_NULL_MARKERS = frozenset({
    "n/a", "#n/a", "na", "n.a.", "nan", "null", "(null)", "<null>", "\\n", "none", "nil", "-", "--", "---", "?", "??",
    ".", "unknown", "tbd", "#value!", "#ref!", "9999-12-31", "0001-01-01", "0000-00-00",
})  # fmt: skip


class Evidence:
    """Records how well one type, in one notation, fits a column; strict evidence stops at the first refused value."""

    def __init__(self, column: Column, *, is_strict: bool = False) -> None:
        self.column = column
        self.type = column.type
        self._is_strict = is_strict
        self._parse = parser_of(column)
        self._order: Callable[[Any], Any] = _ORDERS.get(column.type, _itself)
        self._refused_distinct = 0
        #: Number of accepted values.
        self.taken = 0
        #: Refused values, each distinct one with its first line in a batch.
        self.refused = Occurrences()
        #: Refused values that look like null markers, with their counts.
        self.null_markers: Counter[str] = Counter()
        #: The smallest and the largest value, as returned by the parser.
        self.least: Any = None
        self.greatest: Any = None
        #: decimal only: the maximum of digits before the point, and the minimum and maximum of digits after it.
        self.whole_digits = 0
        self.least_scale: int | None = None
        self.scale = 0
        #: float only: whether each value is a double to its last digit, and the maximum of digits.
        self.are_doubles = True
        self.digits = 0
        #: float only: whether any value may be a code, and whether any can only be a number.
        self._has_codes = self._has_floats = False
        #: Number of values written with a plus sign, as signed numbers and phone numbers are.
        self._plus_signs = 0

    @property
    def accepts_all(self) -> bool:
        """Whether there are values and it accepts all of them, except null markers, without losing information.

        A plus sign is information only if no number is negative.
        """
        may_be_codes = self._has_codes and not self._has_floats
        loses_plus = self._plus_signs > 0 and self._order(self.least) >= 0
        return self.taken > 0 and not self.refused.count and self.are_doubles and not may_be_codes and not loses_plus

    def add(self, batch: ColumnBatch) -> None:
        """Add the values of a batch."""
        if self._is_ruled_out():
            return
        taken = list(self._taken(batch))
        if taken and self.type != "text":
            self._widen(taken)

    def _taken(self, batch: ColumnBatch) -> Iterator[Value]:
        for text, count in batch.counts.items():
            value = self._try(text, count, batch)
            if value is not None:
                yield value
            elif self._is_strict and self.refused.count:
                return

    def _is_ruled_out(self) -> bool:
        return self.type != "text" and self._refused_distinct > _MAX_REFUSED and self.taken < self.refused.count

    def _try(self, text: str, count: int, batch: ColumnBatch) -> Value:
        try:
            if self.type in NUMBERS and LEADING_ZERO.match(text):
                raise BadValue("type-error", "a number with leading zeros")
            value = self._parse(text)
        except BadValue:
            self._refuse(text, count, batch)
            return None
        self.taken += count
        if self.type in NUMBERS:
            self._record_digits(text.strip(), value, count)
        return value

    def _record_digits(self, number: str, value: Value, count: int) -> None:
        if number.startswith("+"):
            self._plus_signs += count
        if self.type == "float":
            written = Decimal(number)
            self.are_doubles = self.are_doubles and written == Decimal(str(value))
            self._has_codes = self._has_codes or _CODE.fullmatch(number) is not None
            self._has_floats = self._has_floats or "." in number or "e-" in number.lower() or "e+" in number.lower()
            self.digits = max(self.digits, len(written.as_tuple().digits) if "." in number else 0)
        elif self.type == "decimal":
            digits = len(number.rpartition(self.column.decimal_char)[2]) if self.column.decimal_char in number else 0
            digits = min(digits, self.column.scale)
            self.scale = max(self.scale, digits)
            self.least_scale = digits if self.least_scale is None else min(self.least_scale, digits)

    def _refuse(self, text: str, count: int, batch: ColumnBatch) -> None:
        if is_null_marker(text):
            self.null_markers[text] += count
        else:
            self._refused_distinct += 1
            self.refused.add(text, count, batch.first_lines[text])

    def _widen(self, values: Sequence[Value]) -> None:
        found = values if self.least is None else [*values, self.least, self.greatest]
        self.least, self.greatest = min(found, key=self._order), max(found, key=self._order)
        if self.type == "decimal":
            wholes = (str(value).lstrip("-0").partition(".")[0] for value in values)
            self.whole_digits = max(self.whole_digits, *map(len, wholes))


def is_null_marker(text: str) -> bool:
    """Whether a text looks like a null marker."""
    return text.strip(" \t").lower() in _NULL_MARKERS


def best_type(evidence: dict[TypeName, Evidence]) -> TypeName:
    """Return the narrowest type that accepts all values; text if none does, or if there are no values."""
    boolean = evidence["boolean"]
    # A column of only 1 and 0 is an integer, and one of only "n" is not a boolean.
    if boolean.accepts_all and not evidence["integer"].accepts_all and boolean.least != boolean.greatest:
        return "boolean"
    if _are_doubles(evidence["float"], evidence["decimal"]):
        return "float"
    narrow: tuple[TypeName, ...] = ("integer", "decimal", "float", "date", "timestamp")
    return next((name for name in narrow if evidence[name].accepts_all), "text")


def _are_doubles(floats: Evidence, decimals: Evidence) -> bool:
    """Whether numbers look like printed doubles: exact as doubles, and with as many digits as doubles have."""
    is_fixed = decimals.least_scale == decimals.scale
    return floats.accepts_all and floats.digits > _DOUBLE_DIGITS + is_fixed


def _itself(value: Any) -> Any:
    return value


_ORDERS: dict[TypeName, Callable[[Any], Any]] = {"decimal": Decimal, "float": float}
