"""The rows that are published of a file compared with an earlier edition, and their entry in the ledger."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import Connection, Row, insert, select

from services.extractor.comparing.comparison import FileDifference
from shared.extraction.record_blocks import Incomparable, Records, end_last, read_blocks
from shared.extraction.regular_files import open_regular
from shared.storage.ledger.loads import Load
from shared.storage.schema.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The changed rows of a file. Of two that are equal the same chunks are cut."""

    base_load_id: int
    #: The header's record, and the changed ones, exactly as in the file; each of these has a line end.
    header: bytes
    records: Records
    #: Rows that are not published; the superseded ones have a key that the file repeats.
    unchanged_count: int
    superseded_count: int
    #: Of the whole file; None where only its changes were read.
    fingerprint: str | None

    @classmethod
    def of(cls, difference: FileDifference, base: Load, *, fingerprint: str) -> Self:
        """Take what was found to be different from a base; where that repeats keys, nothing that states one is."""
        in_order = sorted(difference.changed.items(), key=lambda item: item[1])
        texts = [record for record, _ in in_order]
        end_last(texts)
        return cls(
            base_load_id=base.load_id,
            header=difference.header,
            records=Records(texts, [line for _, line in in_order]),
            unchanged_count=difference.unchanged_count - base.superseded,
            superseded_count=base.superseded,
            fingerprint=fingerprint,
        )

    def record(self, connection: Connection, schema: Schema, load_id: int) -> None:
        """Enter them in the ledger, if they are not there: whoever goes on with the load publishes the same rows."""
        table = schema.changes
        if connection.scalar(select(table.c.load_id).where(table.c.load_id == load_id)) is None:
            entry = {
                "load_id": load_id,
                "base_load_id": self.base_load_id,
                "unchanged_count": self.unchanged_count,
                "superseded_count": self.superseded_count,
                "changed_lines": orjson.dumps(self.records.lines).decode(),
            }
            connection.execute(insert(table), entry)


def recorded_changes(connection: Connection, schema: Schema, load_id: int) -> Row[Any] | None:
    """Return the entry that the ledger has of a load's changes, if any."""
    table = schema.changes
    return connection.execute(select(table).where(table.c.load_id == load_id)).one_or_none()


def read_changes(path: Path, entry: Row[Any]) -> Changes:
    """Read from the file what an entry says is to be published; OSError where it is not the same file any more."""
    lines = orjson.loads(entry.changed_lines)
    header, texts = _texts_at(path, lines)
    return Changes(
        base_load_id=entry.base_load_id,
        header=header,
        records=Records(texts, lines),
        unchanged_count=entry.unchanged_count,
        superseded_count=entry.superseded_count,
        fingerprint=None,
    )


def _texts_at(path: Path, lines: Sequence[int]) -> tuple[bytes, list[bytes]]:
    """Read the header and the records that begin on these lines."""
    wanted = set(lines)
    header: bytes | None = None
    found: list[bytes] = []
    try:
        with closing(open_regular(path)) as file:
            for block in read_blocks(file):
                records = block.split()
                header = header if header is not None else next(iter(records.texts), None)
                pairs = zip(records.texts, records.lines, strict=True)
                found += [text for text, line in pairs if line in wanted]
    except Incomparable as error:
        raise OSError(f"the file was changed since it was compared: {error}") from error
    if header is None or len(found) != len(lines):
        raise OSError("the file was changed since it was compared: lines are missing")
    end_last(found)
    return header, found
