"""The SQL of a merge, derived from a table: a chunk travels as one JSON parameter, whatever its size.

Each JSON row is the line followed by the dataset's columns in order; a JSON key is a referenced key alone. Rows are
locked in the order in which the JSON has them: the join is forced to begin there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, String, Table, TextClause, text

from shared.storage.database import Flavour
from shared.storage.json_sql import JsonSql
from shared.storage.schema.dataset_tables import BEFORE, INFERRED, MARKS
from shared.storage.schema.table_parts import DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeStatements:
    """Parameters: `rows` (JSON) and `load` (the load's number)."""

    #: Lock the rows that exist; give line, asserted load and line, whether all values are equal, and if not which
    #: values the row had before the load (see Stored.before), and the counted ones.
    lock: TextClause
    insert: TextClause
    #: Set all values and both marks; the first time in a load, keep a digest of the values before.
    update: TextClause
    #: Set the asserted mark alone.
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


def merge_statements(table: Table, flavour: Flavour, *, counted: Sequence[str] = ()) -> MergeStatements:
    """Write the statements that merge a chunk into a dataset's table; `counted` are columns of kept counts."""
    sql = _Dialect(flavour)
    columns = [column for column in table.columns if not column.name.startswith("_")]
    keys = [column for column in columns if column.primary_key]
    values = [column for column in columns if not column.primary_key]
    name = sql.quote(table.name)
    source = sql.source(columns, with_line=True)
    line = sql.line
    matches = sql.matches(keys, columns, first=1)
    cells = {column.name: sql.cell(position) for position, column in enumerate(columns, start=1)}
    stored = [f"t.{sql.quote(column.name)}" for column in values]
    new = [cells[column.name] for column in values]
    equal = " AND ".join(map(sql.same, stored, new)) or "1 = 1"
    before = _which_are_before(sql, equal, stored, new)
    # Nobody asks for the values of a row that stays as it is, and so they are not sent.
    replaced = [f"CASE WHEN {equal} THEN NULL ELSE {sql.as_value(table.c[column])} END" for column in counted]
    new_values = {sql.quote(column.name): cells[column.name] for column in values}
    asserted = {"_asserted_load": ":load", "_asserted_line": line}
    marks = {**asserted, "_changed_load": ":load", "_changed_line": line}
    if INFERRED in table.columns:
        marks[INFERRED] = "0"
    names = ", ".join([*map(sql.quote, cells), *marks])
    return MergeStatements(
        lock=text(
            f"SELECT {', '.join([line, 't._asserted_load', 't._asserted_line', equal, before, *replaced])}"
            f" FROM {sql.lookup(source, name)} ON {matches}{sql.for_update}"
        ),
        insert=text(
            f"INSERT INTO {name} ({names}) SELECT {', '.join([*cells.values(), *marks.values()])} FROM {source}"
        ),
        # MySQL assigns from left to right: what is kept of the stored values comes before the new ones.
        update=text(sql.update(name, source, matches, {BEFORE: _kept(sql, stored), **new_values, **marks})),
        touch=text(sql.update(name, source, matches, asserted)),
    )


def _which_are_before(sql: "_Dialect", equal: str, stored: Sequence[str], new: Sequence[str]) -> str:
    """Which values are those before the load; NULL for a row that the load has not asserted yet, without a digest."""
    return (
        f"CASE WHEN t._asserted_load <> :load OR ({equal}) THEN NULL"
        f" WHEN t._changed_load < :load OR t.{BEFORE} = {sql.digest(stored)} THEN 'stored'"
        f" WHEN t.{BEFORE} = {sql.digest(new)} THEN 'new' END"
    )


def _kept(sql: "_Dialect", stored: Sequence[str]) -> str:
    """What is kept of the values before the load: their digest, the first time that it changes a row that is stated."""
    is_first_change = "t._changed_load > 0 AND t._changed_load < :load"
    return f"CASE WHEN {is_first_change} THEN {sql.digest(stored)} ELSE t.{BEFORE} END"


def key_statements(table: Table, flavour: Flavour) -> KeyStatements:
    """Write the statements that find, lock and create referenced rows by their key."""
    sql = _Dialect(flavour)
    keys = list(table.primary_key.columns)
    name = sql.quote(table.name)
    source = sql.source(keys, with_line=False)
    joined = f"{sql.lookup(source, name)} ON {sql.matches(keys, keys, first=0)}"
    names = ", ".join([*(sql.quote(key.name) for key in keys), *MARKS, INFERRED])
    cells = ", ".join([*(sql.cell(position) for position in range(len(keys))), "0, 0, 0, 0, 1"])
    return KeyStatements(
        count=text(f"SELECT COUNT(*) FROM {joined}"),
        share=text(f"SELECT COUNT(*) FROM {joined}{sql.for_share}"),
        infer=text(
            f"INSERT INTO {name} ({names}) SELECT {cells} FROM {source} {sql.keep(name, sql.quote(keys[0].name))}"
        ),
    )


class _Dialect(JsonSql):
    """What differs between the servers."""

    def __init__(self, flavour: Flavour) -> None:
        super().__init__(flavour)
        self.line = "json_extract(j.value, '$[0]')" if self.is_sqlite else "j.line"
        # MySQL insists on naming the table (error 3569 otherwise), MariaDB does not know how to.
        self.for_update = {"mysql": " FOR UPDATE OF t", "mariadb": " FOR UPDATE", "sqlite": ""}[flavour]
        self.for_share = {"mysql": " FOR SHARE OF t", "mariadb": " LOCK IN SHARE MODE", "sqlite": ""}[flavour]

    def source(self, columns: Sequence[Column[Any]], *, with_line: bool) -> str:
        """The parameter `rows` as a table."""
        types = [column.type for column in columns]
        return self.table(":rows", types, further="line BIGINT PATH '$[0]'" if with_line else "")

    def lookup(self, source: str, name: str) -> str:
        """The join that takes the JSON's rows in their order and looks each up in the table t by its key.

        A server that takes the table for small would scan it instead, and lock or wait for rows that are not ours.
        """
        if self.is_sqlite:
            return f"{source} CROSS JOIN {name} AS t"
        return f"{source} STRAIGHT_JOIN {name} AS t FORCE INDEX (PRIMARY)"

    def matches(self, keys: Sequence[Column[Any]], columns: Sequence[Column[Any]], *, first: int) -> str:
        """The condition that the JSON's row and the table's row t have the same key."""
        cells = {column.name: self.cell(position) for position, column in enumerate(columns, start=first)}
        return " AND ".join(f"t.{self.quote(key.name)} = {cells[key.name]}" for key in keys)

    def as_value(self, column: Column[Any]) -> str:
        """A column of the table's row t in the form that parsing a text gives."""
        name = f"t.{self.quote(column.name)}"
        is_plain = self.is_sqlite or isinstance(column.type, String | BigInteger | Boolean)
        return name if is_plain else f"CAST({name} AS CHAR)"

    def same(self, left: str, right: str) -> str:
        """Equality that takes NULL for a value."""
        return f"{left} IS {right}" if self.is_sqlite else f"{left} <=> {right}"

    def digest(self, values: Sequence[str]) -> str:
        """A digest of values, quoted: this tells NULL from any text, and each value from the next one.

        Values of the table's row and of the JSON's have the same types, and so are quoted alike.
        """
        if not values:
            return "NULL"
        if self.is_sqlite:
            quoted = " || ".join(f"(',' || quote({value}))" for value in values)
            return f"substr(sha256({quoted}), 1, {DIGEST_BYTES})"
        quoted = ", ".join(f"QUOTE({value})" for value in values)
        return f"UNHEX(LEFT(SHA2(CONCAT_WS(',', {quoted}), 256), {2 * DIGEST_BYTES}))"

    def update(self, name: str, source: str, matches: str, values: dict[str, str]) -> str:
        """Update the rows that the JSON names."""
        if self.is_sqlite:
            settings = ", ".join(f"{column} = {value}" for column, value in values.items())
            return f"UPDATE {name} AS t SET {settings} FROM {source} WHERE {matches}"
        settings = ", ".join(f"t.{column} = {value}" for column, value in values.items())
        return f"UPDATE {self.lookup(source, name)} ON {matches} SET {settings}"

    def keep(self, name: str, key: str) -> str:
        """The clause that leaves an existing row as it is, locked."""
        if self.is_sqlite:
            return "WHERE 1 ON CONFLICT DO NOTHING"
        return f"ON DUPLICATE KEY UPDATE {key} = {name}.{key}"
