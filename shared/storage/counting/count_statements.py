"""The SQL statements of a kept count, derived from its table.

At any moment, and within any one statement, the count's table plus the deltas not folded yet equal a full count of the
dataset. So no statement here needs a lock against concurrent changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table, TextClause, text

from shared.storage.database import DatabaseDialect, SqlType
from shared.storage.kept_counts import KeptCount
from shared.storage.schema.count_tables import ROW_COUNT
from shared.storage.schema.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class CountStatements:
    """The statements of one kept count."""

    #: Adds the deltas in the parameter `rows`, JSON.
    add: TextClause
    clear: TextClause
    #: Fills the empty table so that it is correct together with the deltas not folded yet.
    fill: TextClause
    #: Selects values and row counts from the table and the deltas not folded yet; the same values may occur repeatedly.
    current: str
    #: Selects values whose kept count is wrong, with the row count of the dataset's table and the kept one; at most
    #: `most` of them.
    differences: TextClause


def count_statements(count: KeptCount, schema: Schema) -> CountStatements:
    """Write the statements of one kept count."""
    sql, table = schema.dialect, schema.kept_counts[count.name]
    columns = [sql.quote(name) for name in count.columns]
    names, name = ", ".join(columns), sql.quote(table.name)
    full = _full(sql.quote(count.dataset), columns)
    pending = _pending(sql, table, schema.count_deltas.name, columns)
    added = sql.add(name, columns, ROW_COUNT, sql.cell(len(columns)))
    current = f"SELECT {names}, {ROW_COUNT} FROM {name} UNION ALL {pending}"
    outstanding = f"SELECT {names}, -{ROW_COUNT} FROM ({pending}) AS p"
    both = (
        f"SELECT {names}, {ROW_COUNT} AS _in_table, 0 AS _kept FROM ({full}) AS f"
        f" UNION ALL SELECT {names}, 0, {ROW_COUNT} FROM ({current}) AS c"
    )
    return CountStatements(
        add=text(
            f"INSERT INTO {name} ({names}, {ROW_COUNT}) SELECT {', '.join(map(sql.cell, range(len(columns) + 1)))}"
            f" FROM {sql.json_table(':rows', _types(table))} {added}"
        ),
        clear=text(f"DELETE FROM {name}"),
        fill=text(
            f"INSERT INTO {name} ({names}, {ROW_COUNT}) SELECT {names}, SUM({ROW_COUNT})"
            f" FROM ({full} UNION ALL {outstanding}) AS b GROUP BY {names} HAVING SUM({ROW_COUNT}) <> 0"
        ),
        current=current,
        differences=text(
            f"SELECT {names}, SUM(_in_table), SUM(_kept) FROM ({both}) AS b"
            f" GROUP BY {names} HAVING SUM(_in_table) <> SUM(_kept) ORDER BY {names} LIMIT :most"
        ),
    )


def _full(dataset: str, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    stated = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    return f"SELECT {names}, COUNT(*) AS {ROW_COUNT} FROM {dataset} WHERE {stated} GROUP BY {names}"


def _pending(sql: DatabaseDialect, table: Table, deltas: str, columns: Sequence[str]) -> str:
    cells = [f"{sql.cell(position)} AS {name}" for position, name in enumerate([*columns, ROW_COUNT])]
    rows = sql.json_table("d.deltas", _types(table), path=table.name)
    return f"SELECT {', '.join(cells)} FROM {deltas} AS d CROSS JOIN {rows}"


def _types(table: Table) -> list[SqlType]:
    return [column.type for column in table.columns]
