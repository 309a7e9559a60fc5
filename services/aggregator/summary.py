"""From a query's rows to the bytes of a summary: order and format are decided here. Pure."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from shared.model.datasets import Summary

#: A spreadsheet takes a text that begins with one of these for a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
#: SQLite has decimals as text.
_NEGATIVE_NUMBER = re.compile(r"-[0-9]+(\.[0-9]+)?")
#: What orjson writes as a number.
_JSON_INTEGERS = range(-(2**63), 2**64)

Row = Sequence[Any]


def render(summary: Summary, names: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Write the rows in the summary's format. Counts come most first, then by name; a query keeps its own order."""
    plain = [[_plain(value) for value in row] for row in rows]
    if summary.query is None:
        plain = sorted(([name, int(count)] for name, count in plain), key=lambda row: (-row[1], str(row[0])))
    if summary.format == "json-object":
        return orjson.dumps({_label(name): value for name, value in plain}, default=str)
    if summary.format == "json-rows":
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in plain], default=str)
    return _csv(names, plain)


def _plain(value: Any) -> Any:
    """A value as JSON knows it; a decimal with a point, or beyond 64 bits, stays exact, as text."""
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
