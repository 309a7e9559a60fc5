"""The rejected rows in the ledger: which are open, and which load healed the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from shared.storage.schema.schema import Schema

_LINES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """A rejected row as the ledger has it."""

    load_id: int
    file: str
    line: int
    #: Where the row begins in its file; None: unknown.
    byte_offset: int | None
    #: None if the row as a whole is at fault.
    column: str | None
    code: str
    message: str
    raw: str
    #: None: the reject is open.
    healed_by: int | None


def not_healed_before(schema: Schema, load_id: int) -> ColumnElement[bool]:
    """Return the condition that no load before this one healed a rejected row: of several, the first one counts."""
    healed_by = schema.rejects.c.healed_by
    return healed_by.is_(None) | (healed_by > load_id)


def heal(connection: Connection, schema: Schema, load_id: int, lines: Sequence[int], *, by: int) -> None:
    """Mark rejected rows of a load as healed by a later one, unless an earlier one healed them."""
    table = schema.rejects
    mine = (table.c.load_id == load_id) & not_healed_before(schema, by)
    for first in range(0, len(lines), _LINES_AT_ONCE):
        named = table.c.line.in_(lines[first : first + _LINES_AT_ONCE])
        connection.execute(update(table).where(mine & named).values(healed_by=by))


def rejected_lines(connection: Connection, schema: Schema, load_id: int) -> frozenset[int]:
    """Return the lines of a load's rejected rows."""
    table = schema.rejects
    return frozenset(connection.scalars(select(table.c.line).where(table.c.load_id == load_id)))


def healed_counts(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> dict[int, int]:
    """Count the healed rows of each of these loads; loads without any are left out."""
    table = schema.rejects
    mine = table.c.load_id.in_(load_ids) & table.c.healed_by.is_not(None)
    healed = select(table.c.load_id, func.count()).where(mine).group_by(table.c.load_id)
    return {load_id: count for load_id, count in connection.execute(healed)}  # noqa: C416


def after(
    connection: Connection,
    schema: Schema,
    position: tuple[int, int],
    *,
    limit: int,
    load_id: int | None = None,
    is_open: bool = False,
) -> list[Reject]:
    """List the rejected rows after this load and line, in the order of loads and lines.

    Of one load or of all loads; all rejects, or only the open ones.
    """
    table = schema.rejects
    last_load, last_line = position
    wanted: list[ColumnElement[bool]] = []
    if load_id is not None:
        wanted.append(table.c.load_id == load_id)
    if is_open:
        wanted.append(table.c.healed_by.is_(None))
    # Two queries: with one condition for both, not every database starts at that position in the index.
    found = _select(connection, schema, [*wanted, table.c.load_id == last_load, table.c.line > last_line], limit)
    if len(found) < limit:
        found += _select(connection, schema, [*wanted, table.c.load_id > last_load], limit - len(found))
    return found


def _select(connection: Connection, schema: Schema, wanted: Sequence[ColumnElement[bool]], limit: int) -> list[Reject]:
    table, loads = schema.rejects, schema.loads
    # Not joined: a plan that starts with the loads would sort all rejects for each page.
    file = select(loads.c.file).where(loads.c.load_id == table.c.load_id).scalar_subquery()
    query = select(table, file.label("file")).where(*wanted).order_by(table.c.load_id, table.c.line).limit(limit)
    return [_reject(row) for row in connection.execute(query)]


def _reject(row: Row[Any]) -> Reject:
    values = {**row._mapping, "column": row.column_name}
    del values["column_name"]
    return Reject(**values)
