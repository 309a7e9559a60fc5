"""Message bodies that are not valid messages."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

import orjson

from tests.support.deliveries import body
from verification.poison.messages import CHUNK, Poison

_MANY_BRACKETS = 100_000
_LARGE_BYTES = 15 << 20
_ABSENT = object()

#: A field of a valid message (of its payload if the name has a dot), and its invalid value.
_CHANGES: Sequence[tuple[str, str, Any]] = (
    ("an unknown kind", "kind", "rows.deleted"),
    ("a kind that is not a text", "kind", ["rows.extracted"]),
    ("an unknown version", "version", 2),
    ("a version that is a truth", "version", True),
    ("no kind", "kind", _ABSENT),
    ("no id", "id", _ABSENT),
    ("no payload", "payload", _ABSENT),
    ("no rows", "payload.rows", _ABSENT),
    ("an id that is none", "id", "1"),
    ("a time without a zone", "occurred_at", "2024-05-17T12:30:00"),
    ("a time before all times", "occurred_at", "0001-01-01T00:00:00+14:00"),
    ("a payload that is a text", "payload", "rows"),
    ("a load that is a text", "payload.load_id", "1"),
    ("a negative load", "payload.load_id", -1),
    ("a load beyond all numbers", "payload.load_id", 10**30),
    ("a load that has no number in a database", "payload.load_id", 2**63),
    ("a load that is not a number", "payload.load_id", float("nan")),
    ("a negative row", "payload.first_row", -1),
    ("a row that has no number in a database", "payload.first_row", 2**63),
    ("a fraction of a row", "payload.first_row", 0.5),
    ("a dataset that is not Unicode", "payload.dataset", "\ud800"),
    ("a header that is a text", "payload.header", "given_name"),
    ("names that are numbers", "payload.header", [1, 2, 3, 4]),
    ("a line beyond all numbers", "payload.lines", [10**30]),
    ("a line that has no number in a database", "payload.lines", [2**63]),
    ("line 0", "payload.lines", [0]),
    ("more lines than rows", "payload.lines", [2, 3]),
    ("rows that are texts", "payload.rows", ["Kim"]),
    ("cells that are numbers", "payload.rows", [["Kim", "Ash", 1937, "Weir"]]),
    ("cells that are not Unicode", "payload.rows", [["\udfff", "Ash", "1937-01-02", "Weir"]]),
    ("unreadable rows that are texts", "payload.unreadable", ["x"]),
    ("an unreadable line beyond all", "payload.unreadable", [{"line": 2**63, "code": "", "message": "", "raw": ""}]),
)


def malformed() -> list[Poison]:
    """Return all of them."""
    return [*(Poison(name=name, body=content) for name, content in _no_objects().items()), *map(_changed, _CHANGES)]


def _no_objects() -> dict[str, bytes]:
    good = body(CHUNK)
    return {
        "nothing": b"",
        "garbage": bytes(range(256)),
        "15 MiB of garbage": b"\xff" * _LARGE_BYTES,
        "a truncated message": good[:-1],
        "a byte order mark": b"\xef\xbb\xbf" + good,
        "UTF-16": good.decode().encode("utf-16"),
        "a compressed message": gzip.compress(good, mtime=0),
        "two messages": good + good,
        "an array": b"[" + good + b"]",
        "a number": b"7",
        "null": b"null",
        "NaN": b"NaN",
        "deep nesting": b"[" * _MANY_BRACKETS + b"]" * _MANY_BRACKETS,
        "deep nesting without an end, in a message": good.replace(b'"rows":', b'"more":' + b"[" * _MANY_BRACKETS),
    }


def _changed(change: tuple[str, str, Any]) -> Poison:
    name, where, value = change
    message = orjson.loads(body(CHUNK))
    outer, _, inner = where.rpartition(".")
    fields = message[outer] if outer else message
    if value is _ABSENT:
        del fields[inner]
    else:
        fields[inner] = value
    return Poison(name=name, body=json.dumps(message).encode())
