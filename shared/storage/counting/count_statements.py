"""The SQL of a kept count, derived from its table.

At any moment, and in any one statement, its table and the deltas that are still to fold are together what counting the
whole dataset gives. So no statement here needs to keep others from changing anything.
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
    """What is done with one kept count."""

    #: Add the deltas of the parameter `rows`, JSON.
    add: TextClause
    clear: TextClause
    #: Fill the empty table so that it is right together with the deltas still to fold.
    fill: TextClause
    #: Give values and row count, in any number of rows each: the table and the deltas still to fold.
    current: str
    #: Give values, the row count of the dataset's table and that which is kept, where they differ; `most` of them.
    differences: TextClause


def count_statements(count: KeptCount, schema: Schema) -> CountStatements:
    """Write the statements of one kept count."""
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
        # Without a condition SQLite takes ON for the join's.
        return (
            f"WHERE 1 ON CONFLICT ({', '.join(columns)}) DO UPDATE SET {ROW_COUNT} = {ROW_COUNT} + excluded.{ROW_COUNT}"
        )
    return f"ON DUPLICATE KEY UPDATE {ROW_COUNT} = {sql.quote(table.name)}.{ROW_COUNT} + {sql.cell(len(columns))}"


def _types(table: Table) -> list[SqlType]:
    return [column.type for column in table.columns]
