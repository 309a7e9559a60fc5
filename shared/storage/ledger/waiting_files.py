"""The files that wait in the inbox, and why they wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFile:
    """A file in the inbox that the watcher has not claimed, and why."""

    file: str
    state: str
    reason: str
    message: str
    #: In UTC: since when it waits for this reason; None if it is not recorded yet.
    since: datetime | None = field(default=None, compare=False)


def all_files(connection: Connection, schema: Schema) -> list[WaitingFile]:
    """List the files of the inbox that the watcher has not claimed."""
    table = schema.inbox
    rows = connection.execute(
        select(table.c.file, table.c.state, table.c.reason, table.c.message, table.c.since).order_by(table.c.file)
    )
    return [WaitingFile(**row._mapping) for row in rows]


def after(connection: Connection, schema: Schema, name: str, *, limit: int) -> list[WaitingFile]:
    """List the unclaimed files whose names sort after this one, by name."""
    table = schema.inbox
    columns = (table.c.file, table.c.state, table.c.reason, table.c.message, table.c.since)
    rows = connection.execute(select(*columns).where(table.c.file > name).order_by(table.c.file).limit(limit))
    return [WaitingFile(**row._mapping) for row in rows]


def count(connection: Connection, schema: Schema) -> int:
    """Count the unclaimed files."""
    return connection.scalar(select(func.count()).select_from(schema.inbox)) or 0


def replace(connection: Connection, schema: Schema, *, gone: Sequence[str], seen: Sequence[WaitingFile]) -> None:
    """Bring the list of unclaimed files up to date."""
    table = schema.inbox
    # One statement per name: all names may be too many for one statement.
    names = [{"name": name} for name in (*gone, *(file.file for file in seen))]
    connection.execute(delete(table).where(table.c.file == bindparam("name")), names)
    if seen:
        rows: list[Mapping[str, Any]] = [
            {"file": f.file, "state": f.state, "reason": f.reason, "message": f.message, "since": utc_now()}
            for f in seen
        ]
        connection.execute(insert(table), rows)
