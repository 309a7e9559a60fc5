"""Heals rejects when a corrected file comes back whole, under its old name, and no longer has them.

Decided where a load's file is taken out, by the one active watcher, and not by the writers: of two editions that are
complete at the same moment, neither transaction sees the other one. Here the later one to be taken out sees both,
whichever that is; and what is decided twice is decided the same, since the rejects of complete loads stay as they are.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from shared.storage.ledger.loads import Load
from shared.storage.ledger.rejects import heal, not_healed_before
from shared.storage.schema.schema import Schema

_LINES_AT_ONCE = 1000


def heal_editions(connection: Connection, schema: Schema, load: Load) -> None:
    """Mark what a complete load heals of earlier ones of its file, and what later ones heal of it."""
    table, rejects = schema.loads, schema.rejects
    complete = (table.c.file == load.file) & (table.c.dataset == load.dataset) & table.c.completed_at.is_not(None)
    earlier = (
        select(rejects.c.load_id)
        .distinct()
        .join(table, table.c.load_id == rejects.c.load_id)
        .where(complete, table.c.load_id < load.load_id, not_healed_before(schema, load.load_id))
    )
    for load_id in connection.scalars(earlier.order_by(rejects.c.load_id)).all():
        _heal(connection, schema, load_id, by=load.load_id)
    later = select(table.c.load_id).where(complete, table.c.load_id > load.load_id)
    for load_id in connection.scalars(later.order_by(table.c.load_id)).all():
        _heal(connection, schema, load.load_id, by=load_id)


def _heal(connection: Connection, schema: Schema, load_id: int, *, by: int) -> None:
    line = 0
    while lines := _mended_after(connection, schema, load_id, line, by=by):
        heal(connection, schema, load_id, lines, by=by)
        line = lines[-1]


def _mended_after(connection: Connection, schema: Schema, load_id: int, line: int, *, by: int) -> Sequence[int]:
    """Find the next rejected rows of a load that the later one did not reject again."""
    table, again = schema.rejects, schema.rejects.alias("again")
    is_again = (again.c.load_id == by) & (again.c.raw == table.c.raw)
    mine = (table.c.load_id == load_id) & (table.c.line > line) & not_healed_before(schema, by)
    mended = select(table.c.line).outerjoin(again, is_again).where(mine, again.c.load_id.is_(None))
    return connection.scalars(mended.order_by(table.c.line).limit(_LINES_AT_ONCE)).all()
