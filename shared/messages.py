"""The message contract: an envelope and one payload per kind; docs/messages.md shows an example of each.

Ids are derived from the work they stand for, so a publisher that starts again repeats itself.
Readers ignore fields they do not know; a kind or version they do not know is malformed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, Self, cast
from uuid import UUID, uuid5

import orjson

from shared.errors import MalformedMessage
from shared.reasons import Reason

#: The largest number that a database's columns and orjson take.
_LARGEST = 2**63 - 1
_NAMESPACE = UUID("6f0f6f0e-6a6f-4d0b-9c3f-6d8d2f1f0c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A row that the reader itself could not make out: it is counted and rejected, never typed."""

    line: int
    code: Reason
    message: str
    #: The row's text; its beginning alone where the row is too large.
    raw: str

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build from decoded JSON."""
        return cls(
            line=_integer(data, "line"),
            # Not looked up among the reasons: a watcher that is newer may know more of them.
            code=cast("Reason", _text(data, "code")),
            message=_text(data, "message"),
            raw=_text(data, "raw"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsExtracted:
    """One chunk: consecutive rows of one load, as raw strings in the file's own columns."""

    kind: ClassVar[str] = "rows.extracted"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str
    #: Position of the chunk's first row among the load's rows, from 0.
    first_row: int
    #: Column names as the file's header has them.
    header: list[str]
    #: Physical line on which each row begins, from 1, the header's line included.
    lines: list[int]
    rows: list[list[str]]
    unreadable: list[UnreadableRow]

    @property
    def row_count(self) -> int:
        """Rows that this chunk accounts for."""
        return len(self.rows) + len(self.unreadable)

    @property
    def identity(self) -> str:
        """What makes this message the same one when it is published again."""
        return f"{self.load_id}/{self.first_row}/{self.row_count}"

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build from decoded JSON."""
        chunk = cls(
            load_id=_integer(data, "load_id"),
            dataset=_text(data, "dataset"),
            first_row=_integer(data, "first_row"),
            header=_list(data, "header"),
            lines=_list(data, "lines"),
            rows=_list(data, "rows"),
            unreadable=[UnreadableRow.parse(item) for item in _list(data, "unreadable")],
        )
        if len(chunk.lines) != len(chunk.rows) or not _all_of(chunk.lines, int):
            raise ValueError("lines: expected one whole number per row")
        if min(chunk.lines, default=1) < 1 or max(chunk.lines, default=1) > _LARGEST:
            raise ValueError("lines: expected numbers from 1 to 2^63-1")
        if not _all_of(chunk.header, str) or not _all_of(chunk.rows, list):
            raise ValueError("header, rows: expected strings and lists")
        if any(not _all_of(row, str) for row in chunk.rows):
            raise ValueError("rows: expected strings only")
        return chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadExtracted:
    """The manifest: the closing statement of a load, how many rows its file had."""

    kind: ClassVar[str] = "load.extracted"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str
    #: Rows of the file.
    row_count: int
    #: Those of them that are in no chunk: the database has them, by an earlier load.
    unchanged_count: int = 0
    #: The same of rows that a later row of the file supersedes.
    superseded_count: int = 0

    @property
    def unpublished_count(self) -> int:
        """Rows of the file that are in no chunk."""
        return self.unchanged_count + self.superseded_count

    @property
    def identity(self) -> str:
        """What makes this message the same one when it is published again."""
        return str(self.load_id)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build from decoded JSON."""
        manifest = cls(
            load_id=_integer(data, "load_id"),
            dataset=_text(data, "dataset"),
            row_count=_integer(data, "row_count"),
            unchanged_count=_integer({"unchanged_count": 0, **data}, "unchanged_count"),
            superseded_count=_integer({"superseded_count": 0, **data}, "superseded_count"),
        )
        if manifest.unpublished_count > manifest.row_count:
            raise ValueError("unchanged_count, superseded_count: expected at most the row_count")
        return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCompleted:
    """Every row of the load is accounted for in the database."""

    kind: ClassVar[str] = "load.completed"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str

    @property
    def identity(self) -> str:
        """What makes this message the same one when it is published again."""
        return str(self.load_id)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build from decoded JSON."""
        return cls(load_id=_integer(data, "load_id"), dataset=_text(data, "dataset"))


Payload = RowsExtracted | LoadExtracted | LoadCompleted

PAYLOADS: dict[tuple[str, int], type[Payload]] = {
    (payload.kind, payload.version): payload for payload in (RowsExtracted, LoadExtracted, LoadCompleted)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it travels. `occurred_at` is in UTC."""

    id: UUID
    kind: str
    version: int
    occurred_at: datetime
    payload: Payload


class Publishing(Protocol):
    """Where messages go: the broker, or the queue inside an embedded process."""

    def publish(self, message: Envelope) -> None:
        """Return once the message is safe; TransientError otherwise."""


def envelope(payload: Payload, *, occurred_at: datetime) -> Envelope:
    """Wrap a payload; the same payload gets the same id whenever it is wrapped."""
    return Envelope(
        id=uuid5(_NAMESPACE, f"{payload.kind}/{payload.identity}"),
        kind=payload.kind,
        version=payload.version,
        occurred_at=occurred_at,
        payload=payload,
    )


def encode(message: Envelope) -> bytes:
    """Serialise; TypeError if a string is not valid Unicode."""
    return orjson.dumps(message, option=orjson.OPT_UTC_Z)


def decode(body: bytes) -> Envelope:
    """Read a body. Raises MalformedMessage, and only that, for any body that can't be used."""
    try:
        data = orjson.loads(body)
        payload_type = _payload_type(_text(data, "kind"), _integer(data, "version"))
        return Envelope(
            id=UUID(data["id"]),
            kind=payload_type.kind,
            version=payload_type.version,
            occurred_at=_instant(data["occurred_at"]),
            payload=payload_type.parse(data["payload"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise MalformedMessage(f"{type(error).__name__}: {error}") from error


def _payload_type(kind: str, version: int) -> type[Payload]:
    if (kind, version) not in PAYLOADS:
        raise ValueError(f"version {version} of the kind {kind!r} is not known")
    return PAYLOADS[kind, version]


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("occurred_at: expected a time with a zone")
    return instant.astimezone(UTC)


def _integer(data: dict[str, Any], name: str) -> int:
    value = data[name]
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"{name}: expected a whole number from 0 to 2^63-1")
    return value


def _text(data: dict[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name}: expected a string")
    return value


def _list(data: dict[str, Any], name: str) -> list[Any]:
    value = data[name]
    if not isinstance(value, list):
        raise TypeError(f"{name}: expected a list")
    return value


def _all_of(values: list[Any], kind: type) -> bool:
    return set(map(type, values)) <= {kind}
