"""Looks keys up in the tables of the database that is there."""

from collections.abc import Sequence

import orjson
from sqlalchemy import select

from services.writer.statements import key_statements
from shared.model.datasets import Dataset
from shared.model.errors import TablesUnusable
from shared.model.values import Value
from shared.storage.store import Store


class KeyLookup:
    """Counts keys in the ledger' database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, dataset: Dataset, keys: Sequence[Value]) -> int | None:
        """Return how many of these keys a dataset's table has; None where it is empty or not there."""
        table = self._store.schema.datasets[dataset.name]
        rows = orjson.dumps([[key] for key in keys]).decode()
        try:
            with self._store.transaction() as connection:
                if connection.execute(select(table.c[dataset.key[0]]).limit(1)).first() is None:
                    return None
                statement = key_statements(table, self._store.schema.flavour).count
                return int(connection.scalar(statement, {"rows": rows}) or 0)
        except TablesUnusable:
            return None


def nobody_knows(_dataset: Dataset, _keys: Sequence[Value]) -> int | None:
    """Stand in for a lookup where there is no database."""
    return None
