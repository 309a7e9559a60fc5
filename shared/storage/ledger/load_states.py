"""The state transitions of loads, and what each of them records in the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, case, update

from shared.runtime.clock import utc_now
from shared.storage.ledger.load_reasons import CHANGED_WHILE_READ, DEAD_LETTERED, GIVEN_UP
from shared.storage.ledger.loads import OPEN_STATES, ReadAs
from shared.storage.schema.schema import Schema


def mark_first_pass(connection: Connection, schema: Schema, load_id: int, *, milliseconds: int) -> None:
    """Record how long the file's rows were checked for rejects before any was published."""
    table = schema.loads
    mine = table.c.load_id == load_id
    connection.execute(update(table).where(mine).values(first_pass_milliseconds=milliseconds))


def mark_reading(
    connection: Connection,
    schema: Schema,
    load_id: int,
    *,
    header: Sequence[str],
    ignored: Sequence[str],
    read_as: ReadAs,
) -> None:
    """Record that the file's header matches, how it is read, and that its rows are being published."""
    _transition(
        connection,
        schema,
        load_id,
        state="reading",
        header=orjson.dumps(list(header)).decode(),
        ignored_columns=orjson.dumps(list(ignored)).decode(),
        feed=read_as.feed,
        manner=read_as.manner,
        read_as=read_as.description,
        confidence_percent=round(100 * read_as.confidence),
    )


def mark_published(
    connection: Connection,
    schema: Schema,
    load_id: int,
    *,
    fingerprint: str | None,
    lines: Mapping[str, object] | None,
) -> None:
    """Record that the broker has all chunks and the manifest; a load that is already complete stays so.

    `lines` accounts for the file's lines that are not rows. A dead letter still holds the load back.
    """
    table = schema.loads
    mine = table.c.load_id == load_id
    values = {
        "published_at": utc_now(),
        "fingerprint": fingerprint,
        "lines": None if lines is None else orjson.dumps(lines).decode(),
    }
    connection.execute(update(table).where(mine).values(values))
    # MySQL assigns from left to right: a condition on the reason has the same result after its assignment.
    kept = {column: case((table.c.reason == DEAD_LETTERED, column)) for column in (table.c.reason, table.c.message)}
    is_open = table.c.state.in_(("claimed", "reading"))
    connection.execute(update(table).where(mine & is_open).values({"state": "published", **kept}))


def mark_refused(connection: Connection, schema: Schema, load_id: int, *, reason: str, message: str) -> None:
    """Record that the file can't be loaded as it is."""
    _transition(connection, schema, load_id, state="refused", reason=reason, message=message)


def give_up(connection: Connection, schema: Schema, load_id: int, *, message: str) -> bool:
    """End an open load for good; return False if it is not open. The rows that it merged stay in the tables."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & table.c.state.in_(OPEN_STATES)
    values = {"state": "refused", "reason": GIVEN_UP, "message": message}
    return connection.execute(update(table).where(mine).values(values)).rowcount == 1


def mark_archived(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> None:
    """Record that the files of complete loads are archived."""
    table = schema.loads
    mine = table.c.load_id.in_(load_ids) & (table.c.state == "complete")
    connection.execute(update(table).where(mine).values(state="archived", archived_at=utc_now()))
    # These lines are never published again; the comparison and its base stay, for the record.
    published = schema.changes.c.load_id.in_(load_ids)
    connection.execute(update(schema.changes).where(published).values(changed_lines="[]"))


def mark_changed(connection: Connection, schema: Schema, load_id: int, message: str | None) -> None:
    """Record that the file of a finished load is returned to the inbox, because it has changed since it was read."""
    mark_archived(connection, schema, [load_id])
    table = schema.loads
    values = {"reason": CHANGED_WHILE_READ, "message": message}
    connection.execute(update(table).where(table.c.load_id == load_id).values(values))


def _transition(connection: Connection, schema: Schema, load_id: int, **values: Any) -> None:
    """Move a load to its next state, unless it is past that already; clear the reason that held it back."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & table.c.state.in_(OPEN_STATES)
    connection.execute(update(table).where(mine).values({"reason": None, "message": None, **values}))
