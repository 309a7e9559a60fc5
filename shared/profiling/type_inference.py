"""Which types take the values of a column, by the very parsers that load them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, get_args

from shared.model.bad_values import BadValue
from shared.model.datasets import Column, TypeName
from shared.model.values import Value, parser_of
from shared.profiling.batch import ColumnBatch
from shared.profiling.occurrences import Sightings
from shared.profiling.placeholders import is_placeholder

#: Of each type the column that takes most: the longest text, and the widest decimal, that inflow.toml takes.
WIDEST: dict[TypeName, Column] = {
    **{name: Column(name="widest", type=name) for name in get_args(TypeName)},
    "text": Column(name="widest", type="text", length=16383),
    "decimal": Column(name="widest", type="decimal", precision=65, scale=30),
}
#: After so many distinct values that it does not take, a type that takes less than half is no longer tried.
_PATIENCE = 1_000
#: 007 is no number: as one it would lose its zeros.
LEADING_ZERO = re.compile(r"[ \t]*[+-]?0[0-9]")
NUMBERS: tuple[TypeName, ...] = ("integer", "decimal", "float")
#: 12E4 may as well be a code; programs write 1.2E5, 1e+05 or 1e-05.
_CODE = re.compile(r"[+-]?[0-9]+[eE][0-9]+")
#: Every decimal of so many digits is the text of a double, and hardly one of two more.
_DOUBLE_DIGITS = 15


class Evidence:
    """How one type, in one notation, does on one column; a strict one stops at the first refusal."""

    def __init__(self, column: Column, *, is_strict: bool = False) -> None:
        self.column = column
        self.type = column.type
        self._is_strict = is_strict
        self._parse = parser_of(column)
        self._order: Callable[[Any], Any] = _ORDERS.get(column.type, _itself)
        self._refused_distinct = 0
        #: Values that it took.
        self.taken = 0
        #: Values that it did not take, each distinct one with its first line in a batch.
        self.refused = Sightings()
        #: How often each text is there that it did not take, and that may stand for no value.
        self.placeholders: Counter[str] = Counter()
        #: The least and the greatest value, as the parser gives them.
        self.least: Any = None
        self.greatest: Any = None
        #: decimal only: the most digits before the point, and the fewest and the most that are written behind it.
        self.whole_digits = 0
        self.least_scale: int | None = None
        self.scale = 0
        #: float only: whether each value is one of a double to its last digit, and the most digits of one.
        self.are_doubles = True
        self.digits = 0
        #: float only: whether some value may be a code, and whether some can only be a number.
        self._has_codes = self._has_floats = False
        #: Numbers that are written with a plus: one of signed numbers, or of a phone.
        self._plus_signs = 0

    @property
    def takes_all(self) -> bool:
        """Whether it takes every value and loses nothing of it, and there are some, texts apart that stand for none.

        A plus says something only where no number is below zero.
        """
        may_be_codes = self._has_codes and not self._has_floats
        loses_plus = self._plus_signs > 0 and self._order(self.least) >= 0
        return self.taken > 0 and not self.refused.count and self.are_doubles and not may_be_codes and not loses_plus

    def add(self, batch: ColumnBatch) -> None:
        """Try the values of a batch."""
        if self._is_hopeless():
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

    def _is_hopeless(self) -> bool:
        return self.type != "text" and self._refused_distinct > _PATIENCE and self.taken < self.refused.count

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
            self._look_at_digits(text.strip(), value, count)
        return value

    def _look_at_digits(self, number: str, value: Value, count: int) -> None:
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
        if is_placeholder(text):
            self.placeholders[text] += count
        else:
            self._refused_distinct += 1
            self.refused.add(text, count, batch.first_lines[text])

    def _widen(self, values: Sequence[Value]) -> None:
        found = values if self.least is None else [*values, self.least, self.greatest]
        self.least, self.greatest = min(found, key=self._order), max(found, key=self._order)
        if self.type == "decimal":
            wholes = (str(value).lstrip("-0").partition(".")[0] for value in values)
            self.whole_digits = max(self.whole_digits, *map(len, wholes))


def best_type(evidence: dict[TypeName, Evidence]) -> TypeName:
    """Return the narrowest type that takes all values; text where none does, or where there are no values."""
    boolean = evidence["boolean"]
    # A column of nothing but 1 and 0 is an integer, and one of nothing but "n" no answer to a question.
    if boolean.takes_all and not evidence["integer"].takes_all and boolean.least != boolean.greatest:
        return "boolean"
    if _are_doubles(evidence["float"], evidence["decimal"]):
        return "float"
    narrow: tuple[TypeName, ...] = ("integer", "decimal", "float", "date", "timestamp")
    return next((name for name in narrow if evidence[name].takes_all), "text")


def _are_doubles(floats: Evidence, decimals: Evidence) -> bool:
    """Whether decimals have as many digits as doubles have, each another number of them, and none more."""
    is_fixed = decimals.least_scale == decimals.scale
    return floats.takes_all and floats.digits > _DOUBLE_DIGITS + is_fixed


def _itself(value: Any) -> Any:
    return value


_ORDERS: dict[TypeName, Callable[[Any], Any]] = {"decimal": Decimal, "float": float}
