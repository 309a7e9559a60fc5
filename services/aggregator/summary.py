"""Renders the rows of a query as the bytes of a summary, in order and format. Pure."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from shared.model.datasets import Summary

#: Spreadsheets read a text that begins with one of these as a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
#: SQLite stores decimals as text.
_NEGATIVE_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
#: The integers that orjson can write.
_JSON_INTEGERS = range(-(2**63), 2**64)

Row = Sequence[Any]


def render(summary: Summary, names: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Render rows in the summary's format. Counts are sorted in descending order, then by name; queries keep theirs."""
    plain = [[_plain(value) for value in row] for row in rows]
    if summary.query is None:
        plain = sorted(([name, int(count)] for name, count in plain), key=lambda row: (-row[1], str(row[0])))
    if summary.format == "json-object":
        return orjson.dumps({_label(name): value for name, value in plain}, default=str)
    if summary.format == "json-rows":
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in plain], default=str)
    return _csv(names, plain)


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold; a decimal with a fraction or beyond 64 bits becomes text, to stay exact."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return int(text) if "." not in text and int(text) in _JSON_INTEGERS else text
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _label(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _csv(names: Sequence[str], rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS) and not _NEGATIVE_NUMBER.fullmatch(value):
        return f"'{value}"
    return value
