"""The kept counts in the database: updates them, builds them from the tables, and compares the two."""

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from shared.runtime.clock import utc_now
from shared.runtime.logs import facts
from shared.storage.counting.count_statements import count_statements
from shared.storage.counting.folding import Folding
from shared.storage.counting.lock_counts import lock_counts
from shared.storage.kept_counts import KeptCount, kept_counts
from shared.storage.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountDifference:
    """Values whose kept count is wrong: the number of rows in the table, and the kept one."""

    values: tuple[Any, ...]
    in_table: int
    kept: int


class Counts:
    """All kept counts of a database. Any number of instances may run concurrently, also with writers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts_table = store.schema.counts
        self._statements = {
            count: count_statements(count, store.schema)
            for count in kept_counts(store.catalog)
            if count.dataset not in store.held
        }
        self._folding = Folding(store, self._statements)
        #: Counts to build again at the start: their tables may have been changed while no aggregator ran.
        self._doubtful = set(self._statements)

    @property
    def all(self) -> list[KeptCount]:
        """All counts that the configuration needs."""
        return list(self._statements)

    def bring_up_to_date(self) -> None:
        """Fold all deltas, and build the counts that are missing; the first call builds all of them."""
        self.fold()
        missing = self.missing()
        for count in self.all:
            if count in missing or count in self._doubtful:
                self.build(count)

    def fold(self) -> None:
        """Add the deltas that chunks left to the counts."""
        self._folding.fold()

    def build(self, count: KeptCount) -> None:
        """Build a count from its dataset's whole table."""
        with self._store.transaction() as connection:
            lock_counts(connection, self._store.schema)
            self._build(connection, count)
        self._doubtful.discard(count)
        _log.info("count built", extra=facts("count_built", count=str(count)))

    def missing(self) -> list[KeptCount]:
        """List the counts that are not built yet, or whose entry was removed because they were wrong."""
        with self._store.transaction() as connection:
            built = set(connection.scalars(select(self._counts_table.c.name)))
        return [count for count in self.all if count.name not in built]

    def differences(self, count: KeptCount, *, most: int) -> list[CountDifference]:
        """Compare a count with its table, both at the same moment; return at most `most` differences."""
        with self._store.transaction() as connection:
            found = connection.execute(self._statements[count].differences, {"most": most}).all()
        return [
            CountDifference(values=tuple(values), in_table=int(rows), kept=int(kept)) for *values, rows, kept in found
        ]

    def _build(self, connection: Connection, count: KeptCount) -> None:
        connection.execute(self._statements[count].clear)
        connection.execute(self._statements[count].fill)
        connection.execute(delete(self._counts_table).where(self._counts_table.c.name == count.name))
        entry = {"name": count.name, "dataset": count.dataset, "built_at": utc_now()}
        connection.execute(insert(self._counts_table), entry)
