"""The lock on the kept counts: one transaction at a time changes them, across all processes."""

from sqlalchemy import Connection, insert, update

from shared.storage.schema.schema import Schema

_TURNS = "count_turns"


def lock_counts(connection: Connection, schema: Schema) -> None:
    """Lock, until the end of the transaction, the one row that every change of a count locks.

    So the deltas that a rebuild sees stay until it commits, and no delta is folded twice.
    """
    table = schema.sequences
    next_turn = update(table).where(table.c.name == _TURNS).values(value=table.c.value + 1)
    if connection.execute(next_turn).rowcount == 0:
        connection.execute(insert(table).values(name=_TURNS, value=1))
