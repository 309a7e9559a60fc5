"""Loads, each with its rejects that later loads healed and its unresolved references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.operations.unresolved_references import Waiting, waiting_references
from shared.storage.ledger import loads, rejects
from shared.storage.ledger.loads import Load, State
from shared.storage.store import Store

#: Why a load is in its state if nothing holds it back.
_UNFINISHED: Mapping[State, str] = {
    "claimed": "waits-its-turn",
    "reading": "being-published",
    "published": "with-the-writers",
    "complete": "being-archived",
}
UNFINISHED_STATES = tuple(_UNFINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """One load."""

    load: Load
    #: The number of its rejected rows that later loads healed.
    healed: int
    #: Its references to rows that no file has contained yet.
    waiting: Waiting

    @property
    def is_unfinished(self) -> bool:
        """Whether the load is neither archived nor refused."""
        return self.load.state in _UNFINISHED

    @property
    def reason(self) -> str | None:
        """Why the load does not progress; None if it is done and was not refused."""
        return self.load.reason or _UNFINISHED.get(self.load.state)

    @property
    def open_rejects(self) -> int:
        """The number of its rejected rows that no later load healed."""
        return self.load.rejected - self.healed


def list_loads(store: Store, *, limit: int, after: int = 0) -> list[LoadReport]:
    """List at most `limit` loads with numbers above `after`, in order."""
    with store.transaction() as connection:
        return report_loads(connection, store, loads.after(connection, store.schema, after, limit=limit))


def report_loads(connection: Connection, store: Store, found: Sequence[Load]) -> list[LoadReport]:
    """Add to loads their healed rejects and their unresolved references."""
    load_ids = [load.load_id for load in found]
    healed = rejects.healed_counts(connection, store.schema, load_ids)
    waiting = waiting_references(connection, store, load_ids)
    return [LoadReport(load=load, healed=healed.get(load.load_id, 0), waiting=waiting[load.load_id]) for load in found]
