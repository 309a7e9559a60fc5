"""The books on rejected rows: which are open, and which load healed the others."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from shared.schema import Schema

_LINES_AT_ONCE = 1000


def heal(connection: Connection, schema: Schema, load_id: int, lines: Sequence[int], *, by: int) -> None:
    """Mark rejected rows of a load as healed by a later one; of several, the first one stands, whoever says it last."""
    table = schema.rejects
    mine = (table.c.load_id == load_id) & (table.c.healed_by.is_(None) | (table.c.healed_by > by))
    for first in range(0, len(lines), _LINES_AT_ONCE):
        named = table.c.line.in_(lines[first : first + _LINES_AT_ONCE])
        connection.execute(update(table).where(mine & named).values(healed_by=by))


def healed_counts(connection: Connection, schema: Schema) -> dict[int, int]:
    """Count the healed rows of each load; one without any is missing."""
    table = schema.rejects
    healed = select(table.c.load_id, func.count()).where(table.c.healed_by.is_not(None)).group_by(table.c.load_id)
    return {load_id: count for load_id, count in connection.execute(healed)}  # noqa: C416
