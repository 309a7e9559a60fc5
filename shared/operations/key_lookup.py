"""Looks up keys in the tables of the database."""

from collections.abc import Sequence

import orjson
from sqlalchemy import TextClause, select, text

from shared.model.datasets import Dataset
from shared.model.errors import TablesUnusable
from shared.model.values import Value
from shared.storage.store import Store


class KeyLookup:
    """Counts keys in the tables of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, dataset: Dataset, keys: Sequence[Value]) -> int | None:
        """Return how many of these keys the table of a dataset contains; the key has one column.

        None if its table is empty or missing. Raises DatabaseUnavailable.
        """
        table = self._store.schema.datasets[dataset.name]
        rows = orjson.dumps([[key] for key in keys]).decode()
        try:
            with self._store.transaction() as connection:
                if connection.execute(select(table.c[dataset.key[0]]).limit(1)).first() is None:
                    return None
                return int(connection.scalar(self._count_statement(dataset), {"rows": rows}) or 0)
        except TablesUnusable:
            return None

    def _count_statement(self, dataset: Dataset) -> TextClause:
        """Count the rows with the keys of the parameter `rows`, JSON."""
        schema = self._store.schema
        sql, table = schema.dialect, schema.datasets[dataset.name]
        key = table.c[dataset.key[0]]
        keys = sql.json_table(":rows", [key.type])
        return text(
            f"SELECT COUNT(*) FROM {keys} JOIN {sql.quote(table.name)} AS t ON t.{sql.quote(key.name)} = {sql.cell(0)}"
        )


def without_database(_dataset: Dataset, _keys: Sequence[Value]) -> None:
    """Return None for every dataset: replaces KeyLookup if there is no database."""
