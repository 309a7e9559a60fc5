"""Merges the typed rows of one chunk into their table, with the rows they refer to, in the caller's transaction."""

from collections.abc import Iterable, Sequence
from operator import itemgetter

import orjson
from sqlalchemy import Connection, TextClause

from services.writer.outcomes import Key, LinedRow, Plan, Stored, decide, last_of_each_key
from services.writer.statements import KeyStatements, key_statements, merge_statements
from shared.datasets import Catalog, Dataset
from shared.schema import Schema


class Merger:
    """Merges chunks of one dataset.

    Locks are taken in one order everywhere: referenced rows by table and key, then own rows by key.
    """

    def __init__(self, catalog: Catalog, schema: Schema, dataset: Dataset) -> None:
        self._statements = merge_statements(schema.datasets[dataset.name], schema.flavour)
        self._references = References(catalog, schema, dataset)
        names = dataset.column_names
        self._key = [names.index(name) for name in dataset.key]

    def merge(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> Plan:
        """Write what has to be written and return the plan with its counts.

        Raises ConcurrentInsert (through the transaction) where another writer inserted a key meanwhile.
        """
        if not rows:
            return Plan()
        self._references.secure(connection, rows)
        distinct = last_of_each_key(rows, self._key)
        plan = decide(distinct, self._lock(connection, load_id, distinct), load_id)
        plan.superseded += len(rows) - len(distinct)
        for statement, lined_rows in (
            (self._statements.insert, plan.insert),
            (self._statements.update, plan.update),
            (self._statements.touch, plan.touch),
        ):
            if lined_rows:
                connection.execute(statement, {"rows": _as_json(lined_rows), "load": load_id})
        return plan

    def _lock(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> dict[int, Stored]:
        found = connection.execute(self._statements.lock, {"rows": _as_json(rows), "load": load_id})
        return {
            line: Stored(asserted_load=asserted_load, asserted_line=asserted_line, equal=bool(equal))
            for line, asserted_load, asserted_line, equal in found
        }


class References:
    """Makes sure that every row that a chunk refers to exists and stays, as an inferred member if need be."""

    def __init__(self, catalog: Catalog, schema: Schema, dataset: Dataset) -> None:
        self._catalog = catalog
        self._statements = {
            name: key_statements(table, schema.flavour)
            for name, table in schema.datasets.items()
            if catalog.is_referenced(name)
        }
        order = list(catalog.datasets)
        names = dataset.column_names
        self._columns = sorted(
            (order.index(ref.dataset), ref.dataset, [names.index(column) for column in ref.columns])
            for ref in dataset.references
        )

    def secure(self, connection: Connection, rows: Iterable[LinedRow]) -> None:
        """Create or lock the rows that these refer to."""
        wanted: dict[str, set[Key]] = {}
        for _, target, positions in self._columns:
            wanted.setdefault(target, set()).update(_keys((row for _, row in rows), positions))
        for target, keys in wanted.items():
            self._secure(connection, target, keys)

    def _secure(self, connection: Connection, target: str, keys: set[Key]) -> None:
        if not keys:
            return
        statements: KeyStatements = self._statements[target]
        parameters = {"rows": orjson.dumps(sorted(keys)).decode()}
        if _number(connection, statements.count, parameters) == len(keys):
            _number(connection, statements.share, parameters)
            return
        # One pass in key order creates and locks: to lock the known ones first would be a second order.
        self._secure_parents(connection, target, keys)
        connection.execute(statements.infer, parameters)

    def _secure_parents(self, connection: Connection, target: str, keys: set[Key]) -> None:
        """An inferred member has its key alone; where that refers further, the rows there come first."""
        dataset = self._catalog.datasets[target]
        for reference in dataset.references:
            if reference.dataset != target and set(reference.columns) <= set(dataset.key):
                positions = [dataset.key.index(column) for column in reference.columns]
                self._secure(connection, reference.dataset, _keys(keys, positions))


def _keys(rows: Iterable[Sequence[object]], positions: Sequence[int]) -> "set[Key]":
    """The distinct keys at these positions; one with a NULL in it refers to nothing."""
    if len(positions) == 1:
        keys = {(value,) for value in map(itemgetter(positions[0]), rows)}
    else:
        keys = set(map(itemgetter(*positions), rows))
    return {key for key in keys if None not in key}


def _number(connection: Connection, statement: TextClause, parameters: dict[str, str]) -> int:
    return int(connection.scalar(statement, parameters) or 0)


def _as_json(rows: Iterable[LinedRow]) -> str:
    return orjson.dumps([(line, *row) for line, row in rows]).decode()
