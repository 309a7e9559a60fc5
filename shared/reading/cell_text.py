"""Converts the values of typed formats to the text that a CSV file would have for them."""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from shared.model.rows import as_csv
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.encodings.undecoded import storable
from shared.reading.sources import Record

#: The part of a row above the limit that is shown.
EXCERPT_CHARACTERS = 1000


def text_of(value: object) -> str:
    """Convert a value to text: None is empty, numbers have no exponent, dates and times follow ISO 8601."""
    writer = _WRITERS.get(type(value))
    return writer(value) if writer else str(value)


def text_of_moment(value: datetime) -> str:
    """Convert a timestamp of a format without dates: at midnight, only the date."""
    return value.date().isoformat() if value.time() == time() and value.tzinfo is None else value.isoformat()


def checked(line: int, cells: list[str]) -> Record | UnreadableRow:
    """Return the cells as a record, or an UnreadableRow if they exceed the maximum size of a row."""
    return _too_large(line, cells) if size_of(cells) > MAX_ROW_BYTES else (line, cells)


def size_of(cells: Sequence[str]) -> int:
    """Estimate the size of a record as text, in bytes."""
    return sum(map(len, cells)) + len(cells)


def _too_large(line: int, cells: Sequence[str]) -> UnreadableRow:
    raw = as_csv([cell[:EXCERPT_CHARACTERS] for cell in cells[:EXCERPT_CHARACTERS]])[:EXCERPT_CHARACTERS]
    return UnreadableRow(
        line=line,
        code="row-too-large",
        message=f"the row has more than {MAX_ROW_BYTES} characters",
        raw=storable(raw),
    )


def _float_text(value: float) -> str:
    return format(Decimal(repr(value)), "f").removesuffix(".0") if math.isfinite(value) else str(value)


def _duration_text(value: timedelta) -> str:
    """Hours may be above 23: 27:30:00."""
    sign = "-" if value < timedelta() else ""
    seconds, microseconds = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    fraction = f".{microseconds:06}" if microseconds else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    float: _float_text,
    Decimal: lambda value: format(value, "f"),
    date: date.isoformat,
    datetime: datetime.isoformat,
    time: time.isoformat,
    timedelta: _duration_text,
}
