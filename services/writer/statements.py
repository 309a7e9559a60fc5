"""The SQL of a merge, derived from a table: a chunk travels as one JSON parameter, whatever its size.

Each JSON row is the line followed by the dataset's columns in order; a JSON key is only a referenced key. Rows are
locked in the order in which the JSON has them: the join is forced to begin there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table, TextClause, text

from shared.storage.database import DatabaseDialect
from shared.storage.schema.dataset_tables import BEFORE, INFERRED, MARKS


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeStatements:
    """Parameters: `rows` (JSON) and `load` (the load's number)."""

    #: Lock the rows that exist; give line, asserted load and line, whether all values are equal, and if not which
    #: values the row had before the load (see Stored.before), and the counted ones.
    lock: TextClause
    insert: TextClause
    #: Set all values and both marks; the first time in a load, keep a digest of the values before.
    update: TextClause
    #: Set only the asserted mark.
    touch: TextClause


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatements:
    """Parameter: `rows` (JSON), the keys of referenced rows."""

    #: Count those that exist, without a lock.
    count: TextClause
    #: Lock those that exist against change.
    share: TextClause
    #: Create those that are missing as inferred members, and lock all of them.
    infer: TextClause


def merge_statements(table: Table, sql: DatabaseDialect, *, counted: Sequence[str] = ()) -> MergeStatements:
    """Write the statements that merge a chunk into a dataset's table; `counted` are columns of kept counts."""
    columns = [column for column in table.columns if not column.name.startswith("_")]
    keys = [column for column in columns if column.primary_key]
    values = [column for column in columns if not column.primary_key]
    name = sql.quote(table.name)
    source = sql.json_table(":rows", [column.type for column in columns], has_line=True)
    matches = _matches(sql, keys, columns, first=1)
    cells = {column.name: sql.cell(position) for position, column in enumerate(columns, start=1)}
    stored = [f"t.{sql.quote(column.name)}" for column in values]
    new = [cells[column.name] for column in values]
    equal = " AND ".join(map(sql.same, stored, new)) or "1 = 1"
    before = _which_are_before(sql, equal, stored, new)
    # The values of a row that does not change are not needed, so they are not sent.
    replaced = [f"CASE WHEN {equal} THEN NULL ELSE {_as_value(sql, table.c[column])} END" for column in counted]
    new_values = {sql.quote(column.name): cells[column.name] for column in values}
    asserted = {"_asserted_load": ":load", "_asserted_line": sql.line}
    marks = {**asserted, "_changed_load": ":load", "_changed_line": sql.line}
    if INFERRED in table.columns:
        marks[INFERRED] = "FALSE"
    names = ", ".join([*map(sql.quote, cells), *marks])
    return MergeStatements(
        lock=text(
            sql.locked(
                ", ".join([sql.line, "t._asserted_load", "t._asserted_line", equal, before, *replaced]),
                f"{sql.lookup(source, name)} ON {matches}",
            )
        ),
        insert=text(
            f"INSERT INTO {name} ({names}) SELECT {', '.join([*cells.values(), *marks.values()])} FROM {source}"
        ),
        # MySQL assigns from left to right: what is kept of the stored values comes before the new ones.
        update=text(sql.update(name, source, matches, {BEFORE: _kept(sql, stored), **new_values, **marks})),
        touch=text(sql.update(name, source, matches, asserted)),
    )


def _which_are_before(sql: DatabaseDialect, equal: str, stored: Sequence[str], new: Sequence[str]) -> str:
    """Write the SQL for which values precede the load; NULL for rows that it has not asserted yet, without a digest."""
    return (
        f"CASE WHEN t._asserted_load <> :load OR ({equal}) THEN NULL"
        f" WHEN t._changed_load < :load OR t.{BEFORE} = {sql.digest_of(stored)} THEN 'stored'"
        f" WHEN t.{BEFORE} = {sql.digest_of(new)} THEN 'new' END"
    )


def _kept(sql: DatabaseDialect, stored: Sequence[str]) -> str:
    """What is kept of the values before the load: their digest, the first time that it changes a row that is stated."""
    is_first_change = "t._changed_load > 0 AND t._changed_load < :load"
    return f"CASE WHEN {is_first_change} THEN {sql.digest_of(stored)} ELSE t.{BEFORE} END"


def key_statements(table: Table, sql: DatabaseDialect) -> KeyStatements:
    """Write the statements that find, lock and create referenced rows by their key."""
    keys = list(table.primary_key.columns)
    name = sql.quote(table.name)
    source = sql.json_table(":rows", [key.type for key in keys])
    joined = f"{sql.lookup(source, name)} ON {_matches(sql, keys, keys, first=0)}"
    names = ", ".join([*(sql.quote(key.name) for key in keys), *MARKS, INFERRED])
    cells = ", ".join([*(sql.cell(position) for position in range(len(keys))), "0, 0, 0, 0, TRUE"])
    return KeyStatements(
        count=text(f"SELECT COUNT(*) FROM {joined}"),
        share=text(sql.shared(joined)),
        infer=text(
            f"INSERT INTO {name} ({names}) SELECT {cells} FROM {source} {sql.keep(name, sql.quote(keys[0].name))}"
        ),
    )


def _matches(sql: DatabaseDialect, keys: Sequence[Column[Any]], columns: Sequence[Column[Any]], *, first: int) -> str:
    """The condition that the JSON's row and the table's row t have the same key."""
    cells = {column.name: sql.cell(position) for position, column in enumerate(columns, start=first)}
    return " AND ".join(f"t.{sql.quote(key.name)} = {cells[key.name]}" for key in keys)


def _as_value(sql: DatabaseDialect, column: Column[Any]) -> str:
    return sql.as_value(f"t.{sql.quote(column.name)}", column)
