"""Ensures that the rows that a chunk refers to exist, in the order in which every writer locks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import orjson
from sqlalchemy import Connection, TextClause

from services.writer.keys import key_getter, positions
from services.writer.outcomes import Key, LinedRow
from services.writer.statements import KeyStatements, key_statements
from shared.model.datasets import Dataset
from shared.model.rows import TypedRow
from shared.model.values import Value
from shared.storage.store import Store


class References:
    """Makes sure that every row that a chunk refers to exists and stays, as an inferred member if need be."""

    def __init__(self, store: Store, dataset: Dataset) -> None:
        catalog, schema = store.catalog, store.schema
        # Datasets come before those that refer to them: transactions that lock in this order never deadlock.
        self._order = list(catalog.datasets)
        self._own = dataset.name
        self._statements = {
            name: key_statements(table, schema.dialect)
            for name, table in schema.datasets.items()
            if catalog.is_referenced(name)
        }
        self._columns = [(ref.dataset, positions(ref.columns, dataset.column_names)) for ref in dataset.references]
        if any(target == self._own for target, _ in self._columns):
            # Referenced and own rows are in one table, so they are locked in one pass.
            self._columns.append((self._own, positions(dataset.key, dataset.column_names)))
        self._parents = {name: _references_in_key(catalog.datasets[name]) for name in self._statements}

    def ensure_parents(self, connection: Connection, rows: Sequence[LinedRow]) -> None:
        """Create or lock the rows that these refer to, and those that the keys of these refer to in turn."""
        wanted = self._wanted([row for _, row in rows])
        for target in self._order:
            if wanted.get(target):
                self._ensure(connection, target, wanted[target])

    def _wanted(self, rows: Sequence[TypedRow]) -> Mapping[str, set[Key]]:
        wanted: defaultdict[str, set[Key]] = defaultdict(set)
        for target, places in self._columns:
            wanted[target] |= _keys(rows, places)
        for target in reversed(self._order):
            for parent, places in self._parents.get(target, ()):
                wanted[parent] |= _keys(wanted[target], places)
        return wanted

    def _ensure(self, connection: Connection, target: str, keys: set[Key]) -> None:
        statements: KeyStatements = self._statements[target]
        parameters = {"rows": orjson.dumps(sorted(keys)).decode()}
        if target != self._own and _number(connection, statements.count, parameters) == len(keys):
            _number(connection, statements.share, parameters)
            return
        # One pass in key order creates and locks: to lock the known ones first would be a second order.
        connection.execute(statements.infer, parameters)


def _references_in_key(dataset: Dataset) -> list[tuple[str, list[int]]]:
    """The references that even an inferred member has, which is nothing but its key: target, and where in the key."""
    return [
        (ref.dataset, positions(ref.columns, dataset.key))
        for ref in dataset.references
        if ref.dataset != dataset.name and set(ref.columns) <= set(dataset.key)
    ]


def _keys(rows: Iterable[tuple[Value, ...]], positions: Sequence[int]) -> set[Key]:
    """The distinct keys at these positions; one with a NULL in it refers to nothing."""
    return {key for key in set(map(key_getter(positions), rows)) if None not in key}


def _number(connection: Connection, statement: TextClause, parameters: dict[str, str]) -> int:
    return int(connection.scalar(statement, parameters) or 0)
