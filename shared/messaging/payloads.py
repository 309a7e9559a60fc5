"""The payloads of messages, one class per kind; docs/messages.md shows an example of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from shared.messaging.fields import MAX_INTEGER, are_all, integer_field, list_field, text_field
from shared.model.rows import RawRows
from shared.model.unreadable_rows import UnreadableRow

if TYPE_CHECKING:
    from shared.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsExtracted(RawRows):
    """A chunk: consecutive rows of one load."""

    kind: ClassVar[str] = "rows.extracted"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str
    #: Position of the chunk's first row in the load, counted from 0.
    first_row: int

    @property
    def row_count(self) -> int:
        """Number of rows in this chunk, unreadable ones included."""
        return len(self.rows) + len(self.unreadable)

    @property
    def identity(self) -> str:
        """The part of the message's id that stays the same when it is published again."""
        return f"{self.load_id}/{self.first_row}/{self.row_count}"

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build the payload from decoded JSON; raises KeyError, TypeError or ValueError."""
        chunk = cls(
            load_id=integer_field(data, "load_id"),
            dataset=text_field(data, "dataset"),
            first_row=integer_field(data, "first_row"),
            header=list_field(data, "header"),
            lines=list_field(data, "lines"),
            rows=list_field(data, "rows"),
            unreadable=[_unreadable_row(item) for item in list_field(data, "unreadable")],
        )
        if len(chunk.lines) != len(chunk.rows) or not are_all(chunk.lines, int):
            raise ValueError("lines: expected one whole number per row")
        if min(chunk.lines, default=1) < 1 or max(chunk.lines, default=1) > MAX_INTEGER:
            raise ValueError("lines: expected numbers from 1 to 2^63-1")
        if not are_all(chunk.header, str) or not are_all(chunk.rows, list):
            raise ValueError("header, rows: expected strings and lists")
        if any(not are_all(row, str) for row in chunk.rows):
            raise ValueError("rows: expected strings only")
        return chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadExtracted:
    """The manifest that closes a load: how many rows its file has."""

    kind: ClassVar[str] = "load.extracted"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str
    #: Rows in the file.
    row_count: int
    #: Rows not published because the database already has them from an earlier load.
    unchanged_count: int = 0
    #: Rows not published because a later row of the same file supersedes them.
    superseded_count: int = 0

    @property
    def unpublished_count(self) -> int:
        """Number of the file's rows that are in no chunk."""
        return self.unchanged_count + self.superseded_count

    @property
    def identity(self) -> str:
        """The part of the message's id that stays the same when it is published again."""
        return str(self.load_id)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build the payload from decoded JSON; raises KeyError, TypeError or ValueError."""
        manifest = cls(
            load_id=integer_field(data, "load_id"),
            dataset=text_field(data, "dataset"),
            row_count=integer_field(data, "row_count"),
            unchanged_count=integer_field({"unchanged_count": 0, **data}, "unchanged_count"),
            superseded_count=integer_field({"superseded_count": 0, **data}, "superseded_count"),
        )
        if manifest.unpublished_count > manifest.row_count:
            raise ValueError("unchanged_count, superseded_count: expected at most the row_count")
        return manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCompleted:
    """The event that every row of a load is accounted for in the database."""

    kind: ClassVar[str] = "load.completed"
    version: ClassVar[int] = 1

    load_id: int
    dataset: str

    @property
    def identity(self) -> str:
        """The part of the message's id that stays the same when it is published again."""
        return str(self.load_id)

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build the payload from decoded JSON; raises KeyError, TypeError or ValueError."""
        return cls(load_id=integer_field(data, "load_id"), dataset=text_field(data, "dataset"))


Payload = RowsExtracted | LoadExtracted | LoadCompleted

PAYLOADS: dict[tuple[str, int], type[Payload]] = {
    (payload.kind, payload.version): payload for payload in (RowsExtracted, LoadExtracted, LoadCompleted)
}


def _unreadable_row(data: dict[str, Any]) -> UnreadableRow:
    return UnreadableRow(
        line=integer_field(data, "line"),
        # Not checked against the known reasons: a newer watcher may use more of them.
        code=cast("Reason", text_field(data, "code")),
        message=text_field(data, "message"),
        raw=text_field(data, "raw"),
    )
