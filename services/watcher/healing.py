"""A whole file comes back mended, under its old name: what was rejected of it before, and is not now, is healed.

Decided where a load's file is taken out, by the one active watcher, and not by the writers: of two editions that are
complete at the same moment, neither transaction sees the other one. Here the later one to be taken out sees both,
whichever that is; and what is decided twice is decided the same, since the rejects of complete loads stay as they are.
"""

from collections import defaultdict

from sqlalchemy import ColumnElement, Connection, select

from shared.loads import Load
from shared.rejects import heal, is_left_to
from shared.schema import Schema

_ROWS_AT_ONCE = 1000


def heal_editions(connection: Connection, schema: Schema, load: Load) -> None:
    """Mark what a complete load heals of earlier ones of its file, and what later ones heal of it."""
    table = schema.loads
    complete = (table.c.file == load.file) & (table.c.dataset == load.dataset) & table.c.completed_at.is_not(None)
    later = select(table.c.load_id).where(complete, table.c.load_id > load.load_id).order_by(table.c.load_id)
    _heal(connection, schema, complete & (table.c.load_id < load.load_id), by=load.load_id)
    for load_id in connection.scalars(later).all():
        _heal(connection, schema, table.c.load_id == load.load_id, by=load_id)


def _heal(connection: Connection, schema: Schema, these: ColumnElement[bool], *, by: int) -> None:
    while mended := _mended(connection, schema, these, by=by):
        for load_id, lines in mended.items():
            heal(connection, schema, load_id, lines, by=by)


def _mended(
    connection: Connection, schema: Schema, these: ColumnElement[bool], *, by: int
) -> defaultdict[int, list[int]]:
    """Find some rejected rows of these loads that the later one neither rejected again nor is known to heal."""
    table, again = schema.rejects, schema.rejects.alias("again")
    is_again = (again.c.load_id == by) & (again.c.raw == table.c.raw)
    query = (
        select(table.c.load_id, table.c.line)
        .join(schema.loads, schema.loads.c.load_id == table.c.load_id)
        .outerjoin(again, is_again)
        .where(these, is_left_to(schema, by), again.c.load_id.is_(None))
        .order_by(table.c.load_id, table.c.line)
        .limit(_ROWS_AT_ONCE)
    )
    mended: defaultdict[int, list[int]] = defaultdict(list)
    for load_id, line in connection.execute(query):
        mended[load_id].append(line)
    return mended
