"""How the merge of a chunk changes the kept counts of its dataset, in the caller's transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter

from sqlalchemy import Connection, TextClause

from services.writer.deltas import difference, key_getter
from services.writer.outcomes import Deltas, Key, Plan
from services.writer.statements import counting_statement
from shared.counts import kept_counts
from shared.datasets import Dataset
from shared.rows import TypedRow
from shared.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A kept count of the dataset."""

    name: str
    key_of: Callable[[TypedRow], Key]
    #: Counts stored rows by that key.
    stored: TextClause


class Counting:
    """Works out the deltas of one dataset's chunks."""

    def __init__(self, store: Store, dataset: Dataset) -> None:
        table = store.schema.datasets[dataset.name]
        self._counted = [
            _Counted(
                name=count.name,
                key_of=key_getter([dataset.column_names.index(column) for column in count.columns]),
                stored=counting_statement(table, store.schema.flavour, count.columns),
            )
            for count in kept_counts(store.catalog)
            if count.dataset == dataset.name
        ]

    def deltas(self, connection: Connection, plan: Plan, *, updated: str) -> Deltas:
        """Return what the plan adds to each count. `updated` are its rows to update, as JSON.

        To be called while their old values are still in the table, and nobody else can change them.
        """
        return {each.name: self._difference(connection, plan, each, updated) for each in self._counted}

    def _difference(self, connection: Connection, plan: Plan, counted: _Counted, updated: str) -> dict[Key, int]:
        written = map(counted.key_of, map(itemgetter(1), chain(plan.insert, plan.update)))
        replaced = connection.execute(counted.stored, {"rows": updated}) if plan.update else ()
        return difference(written, (((*key,), count) for *key, count in replaced))
