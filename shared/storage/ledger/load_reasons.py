"""Why loads do not go on, as the ledger says it; dead letters hold a load back until they are redriven."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from shared.model.reasons import Reason
from shared.storage.ledger.loads import OPEN_STATES, Load, State
from shared.storage.schema.schema import Schema

#: The reason of a load that can't complete until its dead letters are applied.
DEAD_LETTERED = "dead-lettered"
#: Of a load whose dataset can't be loaded as it is configured.
DATASET_HELD = "dataset-held"
#: Of a load whose file is in none of our folders: it goes on if the file is put back, or ends when it is given up.
FILE_GONE: Reason = "file-gone"
#: Of a load that a person gave up.
GIVEN_UP: Reason = "given-up"
#: Of a load whose file was written to after its claim: the file goes back into the inbox, and becomes another load.
CHANGED_WHILE_READ: Reason = "changed-while-read"


def explain(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Say why loads that are being read or wait for the writers do not go on; None: they do."""
    _explain(connection, schema, load_ids, OPEN_STATES, reason, message)


def explain_move(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Say why the files of complete loads do not get into the archive; None: they are there."""
    _explain(connection, schema, load_ids, ("complete", "archived"), reason, message)


def mark_dead_lettered(connection: Connection, schema: Schema, load_id: int, message: str) -> None:
    """Record that a message of a load was given up: the load waits until a later try of it succeeds."""
    _explain(connection, schema, [load_id], OPEN_STATES, DEAD_LETTERED, message)


def unmark_dead_lettered(connection: Connection, schema: Schema, load_id: int) -> None:
    """Record that a message that was given up is applied: its load goes on. What else was given up marks it again."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & (table.c.reason == DEAD_LETTERED)
    connection.execute(update(table).where(mine).values(reason=None, message=None))


def dead_lettered(connection: Connection, schema: Schema) -> list[Load]:
    """List the loads that dead letters hold back, oldest first."""
    table = schema.loads
    mine = (table.c.reason == DEAD_LETTERED) & table.c.state.in_(OPEN_STATES)
    return [Load.from_row(row) for row in connection.execute(select(table).where(mine).order_by(table.c.load_id))]


def redrive(connection: Connection, schema: Schema) -> list[Load]:
    """Let go on what dead letters hold back; return the loads as they were."""
    held_back = dead_lettered(connection, schema)
    table = schema.loads
    mine = table.c.load_id.in_([load.load_id for load in held_back]) & (table.c.reason == DEAD_LETTERED)
    connection.execute(update(table).where(mine).values(reason=None, message=None))
    return held_back


def _explain(
    connection: Connection,
    schema: Schema,
    load_ids: Iterable[int],
    states: Sequence[State],
    reason: str | None,
    message: str | None,
) -> None:
    """Give a reason, unless there is one that stays.

    With a dead letter a load can't complete, and a file that has changed goes back, whatever else holds it back.
    """
    table = schema.loads
    mine = table.c.load_id.in_(list(load_ids)) & table.c.state.in_(states)
    may_be_replaced = table.c.reason.is_(None) | table.c.reason.not_in((DEAD_LETTERED, CHANGED_WHILE_READ))
    connection.execute(update(table).where(mine & may_be_replaced).values(reason=reason, message=message))
