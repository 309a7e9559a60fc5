"""SQL statements of a kept count, derived from its table.

At any moment, and within any one statement, the count's table plus the deltas not folded yet equal a full count of the
dataset. So no statement here needs a lock against concurrent changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Table, TextClause, text

from shared.storage.json_sql import JsonSql, SqlType
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
    #: Selects values and row counts from the table and the deltas not folded yet; values may have several rows.
    current: str
    #: Selects values whose kept count differs, with the row count of the dataset's table and the kept one; at most
    #: `most` of them.
    differences: TextClause


def count_statements(count: KeptCount, schema: Schema) -> CountStatements:
    """Return the statements of one kept count."""
    sql, table = JsonSql(schema.flavour), schema.kept_counts[count.name]
    columns = [sql.quote(name) for name in count.columns]
    names, name = ", ".join(columns), sql.quote(table.name)
    full = _full(sql.quote(count.dataset), columns)
    pending = _pending(sql, table, schema.count_deltas.name, columns)
    current = f"SELECT {names}, {ROW_COUNT} FROM {name} UNION ALL {pending}"
    outstanding = f"SELECT {names}, -{ROW_COUNT} FROM ({pending}) AS p"
    both = (
        f"SELECT {names}, {ROW_COUNT} AS _in_table, 0 AS _kept FROM ({full}) AS f"
        f" UNION ALL SELECT {names}, 0, {ROW_COUNT} FROM ({current}) AS c"
    )
    return CountStatements(
        add=text(
            f"INSERT INTO {name} ({names}, {ROW_COUNT}) SELECT {', '.join(map(sql.cell, range(len(columns) + 1)))}"
            f" FROM {sql.table(':rows', _types(table))} {_add(sql, table, columns)}"
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


def _pending(sql: JsonSql, table: Table, deltas: str, columns: Sequence[str]) -> str:
    cells = [f"{sql.cell(position)} AS {name}" for position, name in enumerate([*columns, ROW_COUNT])]
    rows = sql.table("d.deltas", _types(table), path=f"$.{table.name}")
    return f"SELECT {', '.join(cells)} FROM {deltas} AS d CROSS JOIN {rows}"


def _add(sql: JsonSql, table: Table, columns: Sequence[str]) -> str:
    if sql.is_sqlite:
        # Without a WHERE, SQLite would parse ON as the condition of a join.
        return (
            f"WHERE 1 ON CONFLICT ({', '.join(columns)}) DO UPDATE SET {ROW_COUNT} = {ROW_COUNT} + excluded.{ROW_COUNT}"
        )
    return f"ON DUPLICATE KEY UPDATE {ROW_COUNT} = {sql.quote(table.name)}.{ROW_COUNT} + {sql.cell(len(columns))}"


def _types(table: Table) -> list[SqlType]:
    return [column.type for column in table.columns]
