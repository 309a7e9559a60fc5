"""Merges the typed rows of one chunk into their table, with the rows they refer to, in the caller's transaction."""

from collections.abc import Iterable, Sequence

import orjson
from sqlalchemy import Connection

from services.writer.deltas import DeltaCounter
from services.writer.keys import positions
from services.writer.outcomes import LinedRow, MergePlan, Stored, decide, last_of_each_key
from services.writer.references import References
from services.writer.statements import merge_statements
from shared.model.datasets import Dataset
from shared.model.errors import ConcurrentInsert, RowsRefused
from shared.storage.kept_counts import kept_counts
from shared.storage.store import Store


class Merger:
    """Merges chunks of one dataset.

    Locks are taken in one order everywhere: referenced rows by table and key, then own rows by key.
    """

    def __init__(self, store: Store, dataset: Dataset) -> None:
        schema = store.schema
        self.database = store.database
        self._counting = DeltaCounter(dataset, kept_counts(store.catalog))
        self._statements = merge_statements(
            schema.datasets[dataset.name], schema.dialect, counted=self._counting.columns
        )
        self._references = References(store, dataset)
        #: Where the key is in a row.
        self.key = positions(dataset.key, dataset.column_names)
        self._insert_only = InsertOnlyHint()

    def merge(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> MergePlan:
        """Write what has to be written and return the plan with its counts.

        Raises ConcurrentInsert (through the transaction) where another writer inserted a key meanwhile.
        """
        if not rows:
            return MergePlan()
        self._references.ensure_parents(connection, rows)
        distinct = last_of_each_key(rows, self.key)
        plan = self._insert_all(connection, load_id, distinct) or self._look_and_write(connection, load_id, distinct)
        self._insert_only.note(load_id, is_new=len(plan.insert) == len(distinct))
        plan.superseded += len(rows) - len(distinct)
        return plan

    def _insert_all(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> MergePlan | None:
        """Insert rows that are expected to be new without a look-up; None if they can't be or are not new."""
        if not self._insert_only.is_expected(load_id):
            return None
        plan = decide(rows, {}, load_id)
        plan.deltas = self._counting.deltas(plan, {})
        try:
            # The server undoes a failed statement by itself, but Galera without a binary log keeps its rows among
            # those that the other nodes are to apply, which makes this one inconsistent.
            with self.database.savepoint(connection):
                self._write(connection, load_id, plan)
        except (ConcurrentInsert, RowsRefused):
            return None
        return plan

    def _look_and_write(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> MergePlan:
        stored = self._lock(connection, load_id, rows)
        plan = decide(rows, stored, load_id)
        plan.deltas = self._counting.deltas(plan, stored)
        self._write(connection, load_id, plan)
        return plan

    def _write(self, connection: Connection, load_id: int, plan: MergePlan) -> None:
        for statement, lined_rows in (
            (self._statements.insert, plan.insert),
            (self._statements.update, plan.update),
            (self._statements.touch, plan.touch),
        ):
            if lined_rows:
                connection.execute(statement, {"rows": _as_json(lined_rows), "load": load_id})

    def _lock(self, connection: Connection, load_id: int, rows: Sequence[LinedRow]) -> dict[int, Stored]:
        found = connection.execute(self._statements.lock, {"rows": _as_json(rows), "load": load_id})
        return {
            line: Stored(
                asserted_load=asserted_load,
                asserted_line=asserted_line,
                equal=bool(equal),
                before=before,
                counted=tuple(counted),
            )
            for line, asserted_load, asserted_line, equal, before, *counted in found
        }


class InsertOnlyHint:
    """Whether all chunks of a load so far had only new rows: then the next one is inserted without a look-up.

    A first load saves a look-up of every key. Only the load at hand is remembered.
    """

    def __init__(self) -> None:
        self._load_id = 0
        self._is_new = False

    def is_expected(self, load_id: int) -> bool:
        """Whether to expect it of the load's next chunk."""
        return self._load_id == load_id and self._is_new

    def note(self, load_id: int, *, is_new: bool) -> None:
        """Record whether a chunk was new; once one was not, the next ones are not expected to be."""
        self._is_new = is_new and (self._is_new or self._load_id != load_id)
        self._load_id = load_id


def _as_json(rows: Iterable[LinedRow]) -> str:
    return orjson.dumps([(line, *row) for line, row in rows]).decode()
