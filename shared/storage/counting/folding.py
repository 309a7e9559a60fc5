"""Folding: adds the deltas that chunks left to the kept counts, and removes them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Row, and_, delete, or_, select

from shared.model.values import Value
from shared.storage.counting.count_statements import CountStatements
from shared.storage.counting.lock_counts import lock_counts
from shared.storage.kept_counts import KeptCount
from shared.storage.store import Store

#: Rows of deltas folded in one transaction; together with the maximum size of a row it bounds the memory.
_MAX_ROWS = 16

#: A chunk's deltas, by the name of the count: rows of values and a difference.
_Document = Mapping[str, Sequence[Sequence[Any]]]


class Folding:
    """Folds deltas into the counts of one configuration."""

    def __init__(self, store: Store, statements: Mapping[KeptCount, CountStatements]) -> None:
        self._store = store
        self._deltas = store.schema.count_deltas
        self._counts_table = store.schema.counts
        self._add_statements = {count.name: each.add for count, each in statements.items()}

    def fold(self) -> None:
        """Fold until fewer than one transaction's rows are left."""
        while self._is_pending() and self._fold_some() == _MAX_ROWS:
            pass

    def _is_pending(self) -> bool:
        with self._store.transaction() as connection:
            return connection.scalar(select(self._deltas.c.part).limit(1)) is not None

    def _fold_some(self) -> int:
        """Fold one transaction's rows of deltas; return how many there were."""
        with self._store.transaction() as connection:
            lock_counts(connection, self._store.schema)
            rows = connection.execute(select(self._deltas).order_by(*self._deltas.primary_key).limit(_MAX_ROWS)).all()
            if rows:
                self._add(connection, rows)
                self._remove(connection, rows)
        return len(rows)

    def _add(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        """Add to each count that is built; the others need nothing, because building counts the whole table."""
        documents = [(row.dataset, orjson.loads(row.deltas)) for row in rows]
        for name, dataset in connection.execute(select(self._counts_table.c.name, self._counts_table.c.dataset)).all():
            mine = [document for changed, document in documents if changed == dataset]
            if name in self._add_statements and all(name in document for document in mine):
                self._add_to(connection, name, mine)
            elif mine:
                # The writer or this aggregator has a configuration without this count: it must be built again.
                connection.execute(delete(self._counts_table).where(self._counts_table.c.name == name))

    def _add_to(self, connection: Connection, name: str, documents: Sequence[_Document]) -> None:
        rows = _total(document[name] for document in documents)
        if rows:
            connection.execute(self._add_statements[name], {"rows": orjson.dumps(rows).decode()})

    def _remove(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        # Not an IN list of tuples: not every server uses the primary key for it, and a scan would wait for writers.
        taken = (and_(*(column == row._mapping[column.name] for column in self._deltas.primary_key)) for row in rows)
        connection.execute(delete(self._deltas).where(or_(*taken)))


def _total(deltas: Iterable[Sequence[Sequence[Any]]]) -> list[list[Value]]:
    """Sum the differences by values; leave out sums of zero."""
    total: Counter[tuple[Value, ...]] = Counter()
    for rows in deltas:
        for *values, difference in rows:
            total[tuple(values)] += difference
    return [[*values, difference] for values, difference in total.items() if difference]
