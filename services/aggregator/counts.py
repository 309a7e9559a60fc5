"""The kept counts in the database: deltas are folded into them, and what can't be right is rebuilt."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, insert, select, tuple_, update

from services.aggregator.count_statements import count_statements
from shared.counts import KeptCount, kept_counts
from shared.loads import utc_now
from shared.logs import facts
from shared.store import Store
from shared.values import Value

_log = logging.getLogger(__name__)

#: Rows of deltas folded in one transaction: with their largest text they bound the memory.
_MOST_ROWS = 50
_TURNS = "count_turns"

_Keys = Counter[tuple[Value, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Values of which a kept count is wrong: as counting the whole dataset gives it, and as it is kept."""

    values: tuple[Any, ...]
    wanted: int
    found: int


class Counts:
    """All kept counts of a database. Any number may work beside each other: each change of a count waits its turn."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._deltas = store.schema.count_deltas
        self._books = store.schema.counts
        self._statements = {count: count_statements(count, store.schema) for count in kept_counts(store.catalog)}
        #: Those that somebody may have touched while nobody looked.
        self._doubtful = set(self._statements)

    @property
    def all(self) -> list[KeptCount]:
        """All counts that the configuration has kept."""
        return list(self._statements)

    def bring_up_to_date(self) -> None:
        """Fold all deltas, and rebuild what was not built yet or is known to be wrong; the first time, all."""
        self.fold()
        for count in {*self.missing(), *self._doubtful}:
            self.rebuild(count)

    def fold(self) -> None:
        """Add what chunks left to the counts, until next to nothing is left."""
        while self._is_pending() and self._fold_some() == _MOST_ROWS:
            pass

    def rebuild(self, count: KeptCount) -> None:
        """Compute a count from the whole table."""
        with self._store.transaction() as connection:
            self._take_turn(connection)
            self._rebuild(connection, count)
        self._doubtful.discard(count)
        _log.info("count rebuilt", extra=facts("count_rebuilt", count=str(count)))

    def missing(self) -> list[KeptCount]:
        """List the counts that were not built yet, or are known to be wrong."""
        with self._store.transaction() as connection:
            built = set(connection.scalars(select(self._books.c.name)))
        return [count for count in self._statements if count.name not in built]

    def differences(self, count: KeptCount, *, most: int) -> list[Difference]:
        """Compare a count with its dataset as both are at one moment; give at most so many differences."""
        with self._store.transaction() as connection:
            rows = connection.execute(self._statements[count].differences, {"most": most}).all()
        return [Difference(values=(*values,), wanted=int(wanted), found=int(found)) for *values, wanted, found in rows]

    def _is_pending(self) -> bool:
        with self._store.transaction() as connection:
            return connection.scalar(select(self._deltas.c.part).limit(1)) is not None

    def _fold_some(self) -> int:
        """Fold the deltas of some chunks; return how many rows that were."""
        with self._store.transaction() as connection:
            self._take_turn(connection)
            rows = connection.execute(select(self._deltas).order_by(*self._deltas.primary_key).limit(_MOST_ROWS)).all()
            if rows:
                self._add(connection, rows)
                self._remove(connection, rows)
        return len(rows)

    def _take_turn(self, connection: Connection) -> None:
        """Hold the one row that every change of a count holds to its commit.

        So what a rebuild sees of the deltas stays to fold until it is committed; and no delta is folded twice.
        """
        table = self._store.schema.sequences
        turns = update(table).where(table.c.name == _TURNS).values(value=table.c.value + 1)
        if connection.execute(turns).rowcount == 0:
            connection.execute(insert(table).values(name=_TURNS, value=1))

    def _add(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        documents = [(row.dataset, orjson.loads(row.deltas)) for row in rows]
        ours = {count.name: count for count in self._statements}
        for name, dataset in connection.execute(select(self._books.c.name, self._books.c.dataset)).all():
            mine = [document for changed, document in documents if changed == dataset]
            if name in ours and all(name in document for document in mine):
                self._add_to(connection, ours[name], mine)
            elif mine:
                # Somebody with another configuration wrote them, or we are the one: this count has to be rebuilt.
                connection.execute(delete(self._books).where(self._books.c.name == name))

    def _add_to(self, connection: Connection, count: KeptCount, documents: Sequence[Mapping[str, Any]]) -> None:
        total: _Keys = Counter()
        for document in documents:
            for *key, difference in document[count.name]:
                total[*key,] += difference
        rows = [[*key, difference] for key, difference in total.items() if difference]
        if rows:
            connection.execute(self._statements[count].add, {"rows": orjson.dumps(rows).decode()})

    def _remove(self, connection: Connection, rows: Sequence[Row[Any]]) -> None:
        key = [column.name for column in self._deltas.primary_key]
        taken = [tuple(row._mapping[name] for name in key) for row in rows]
        connection.execute(delete(self._deltas).where(tuple_(*self._deltas.primary_key).in_(taken)))

    def _rebuild(self, connection: Connection, count: KeptCount) -> None:
        connection.execute(self._statements[count].clear)
        connection.execute(self._statements[count].fill)
        connection.execute(delete(self._books).where(self._books.c.name == count.name))
        entry = {"name": count.name, "dataset": count.dataset, "rebuilt_at": utc_now()}
        connection.execute(insert(self._books), entry)
