"""How loads move through their states, and what each step leaves in the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, case, update

from shared.runtime.clock import utc_now
from shared.storage.ledger.load_reasons import CHANGED_WHILE_READ, DEAD_LETTERED, GIVEN_UP
from shared.storage.ledger.loads import OPEN_STATES, ReadAs
from shared.storage.schema.schema import Schema


def mark_first_pass(connection: Connection, schema: Schema, load_id: int, *, milliseconds: int) -> None:
    """Record how long the file's rows were looked at before any was published."""
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
    """Record that the file's header fits, how it is read, and that its rows are being published."""
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
    """Record that the broker has all chunks and the manifest; a load that is complete by now stays so.

    `lines` say what became of the file's lines that are not rows. A dead letter still holds the load back.
    """
    table = schema.loads
    mine = table.c.load_id == load_id
    values = {
        "published_at": utc_now(),
        "fingerprint": fingerprint,
        "lines": None if lines is None else orjson.dumps(lines).decode(),
    }
    connection.execute(update(table).where(mine).values(values))
    # MySQL assigns from left to right: a condition on the reason is the same after its assignment as before.
    kept = {column: case((table.c.reason == DEAD_LETTERED, column)) for column in (table.c.reason, table.c.message)}
    is_open = table.c.state.in_(("claimed", "reading"))
    connection.execute(update(table).where(mine & is_open).values({"state": "published", **kept}))


def mark_refused(connection: Connection, schema: Schema, load_id: int, *, reason: str, message: str) -> None:
    """Record that the file can't be loaded as it is."""
    _transition(connection, schema, load_id, state="refused", reason=reason, message=message)


def give_up(connection: Connection, schema: Schema, load_id: int, *, message: str) -> bool:
    """End an open load as it is, for good; False if it is not open. What it merged stays in the tables."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & table.c.state.in_(OPEN_STATES)
    values = {"state": "refused", "reason": GIVEN_UP, "message": message}
    return connection.execute(update(table).where(mine).values(values)).rowcount == 1


def mark_archived(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> None:
    """Record that the files of complete loads leave processing/."""
    table = schema.loads
    mine = table.c.load_id.in_(load_ids) & (table.c.state == "complete")
    connection.execute(update(table).where(mine).values(state="archived", archived_at=utc_now()))
    # Nobody will publish them again; that the file was compared, and with what, is history.
    published = schema.changes.c.load_id.in_(load_ids)
    connection.execute(update(schema.changes).where(published).values(changed_lines="[]"))


def mark_changed(connection: Connection, schema: Schema, load_id: int, message: str | None) -> None:
    """Record that the file of a finished load goes back into the inbox, as it is not what was read any more."""
    mark_archived(connection, schema, [load_id])
    table = schema.loads
    values = {"reason": CHANGED_WHILE_READ, "message": message}
    connection.execute(update(table).where(table.c.load_id == load_id).values(values))


def _transition(connection: Connection, schema: Schema, load_id: int, **values: Any) -> None:
    """Move a load on, unless it is past these states already; what held it back is forgotten."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & table.c.state.in_(OPEN_STATES)
    connection.execute(update(table).where(mine).values({"reason": None, "message": None, **values}))
