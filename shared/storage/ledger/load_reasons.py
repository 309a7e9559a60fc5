"""The reasons, in the ledger, why loads do not progress; dead letters hold a load back until they are redriven."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, update

from shared.model.reasons import Reason
from shared.storage.ledger.loads import OPEN_STATES, Load, State
from shared.storage.schema.schema import Schema

#: The reason of a load that can't complete until its dead letters are applied.
DEAD_LETTERED = "dead-lettered"
#: The reason of a load whose dataset can't be loaded as it is configured.
DATASET_HELD = "dataset-held"
#: The reason of a load whose file is in none of our folders: it resumes if the file is put back, or is given up.
FILE_GONE: Reason = "file-gone"
#: The reason of a load that an operator gave up.
GIVEN_UP: Reason = "given-up"
#: The reason of a load whose file was modified after its claim: the file is returned to the inbox, as another load.
CHANGED_WHILE_READ: Reason = "changed-while-read"


def explain(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Record why loads that are being read or wait for the writers do not progress; None: they do."""
    _explain(connection, schema, load_ids, OPEN_STATES, reason, message)


def explain_move(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Record why the files of complete loads can't be archived; None: they are archived."""
    _explain(connection, schema, load_ids, ("complete", "archived"), reason, message)


def mark_dead_lettered(connection: Connection, schema: Schema, load_id: int, message: str) -> None:
    """Record that a message of a load was dead-lettered: the load waits until the message is applied."""
    _explain(connection, schema, [load_id], OPEN_STATES, DEAD_LETTERED, message)


def unmark_dead_lettered(connection: Connection, schema: Schema, load_id: int) -> None:
    """Record that a dead-lettered message was applied: its load resumes. Other dead letters mark the load again."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & (table.c.reason == DEAD_LETTERED)
    connection.execute(update(table).where(mine).values(reason=None, message=None))


def dead_lettered(connection: Connection, schema: Schema) -> list[Load]:
    """List the loads that dead letters hold back, oldest first."""
    table = schema.loads
    mine = (table.c.reason == DEAD_LETTERED) & table.c.state.in_(OPEN_STATES)
    return [Load.from_row(row) for row in connection.execute(select(table).where(mine).order_by(table.c.load_id))]


def redrive(connection: Connection, schema: Schema) -> list[Load]:
    """Let the loads resume that dead letters hold back; return them as they were."""
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
    """Set the reason, unless the present one must stay.

    With a dead letter a load can't complete, and a changed file is returned, whatever else holds the load back.
    """
    table = schema.loads
    mine = table.c.load_id.in_(list(load_ids)) & table.c.state.in_(states)
    may_be_replaced = table.c.reason.is_(None) | table.c.reason.not_in((DEAD_LETTERED, CHANGED_WHILE_READ))
    connection.execute(update(table).where(mine & may_be_replaced).values(reason=reason, message=message))
