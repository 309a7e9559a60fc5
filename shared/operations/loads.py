"""Loads, each with what later loads made of its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from shared.operations.unresolved_references import Waiting, waiting_references
from shared.storage.ledger import loads, rejects
from shared.storage.ledger.loads import Load, State
from shared.storage.store import Store

#: Why a load is in its state, unless something holds it back.
_ON_ITS_WAY: Mapping[State, str] = {
    "claimed": "waits-its-turn",
    "reading": "being-published",
    "published": "with-the-writers",
    "complete": "being-archived",
}
STATES_ON_THEIR_WAY = tuple(_ON_ITS_WAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """One load."""

    load: Load
    #: How many of its rejected rows later loads healed.
    healed: int
    #: Its references to rows that no file has stated yet.
    waiting: Waiting

    @property
    def is_on_its_way(self) -> bool:
        """Whether it is neither archived nor refused."""
        return self.load.state in _ON_ITS_WAY

    @property
    def reason(self) -> str | None:
        """Why it is not further; None if it is done and was not refused."""
        return self.load.reason or _ON_ITS_WAY.get(self.load.state)

    @property
    def open_rejects(self) -> int:
        """How many of its rejected rows no later load healed."""
        return self.load.rejected - self.healed


def list_loads(store: Store, *, limit: int, after: int = 0) -> list[LoadReport]:
    """List the loads with numbers above `after`, in order, at most `limit`."""
    with store.transaction() as connection:
        return report_loads(connection, store, loads.after(connection, store.schema, after, limit=limit))


def report_loads(connection: Connection, store: Store, found: Sequence[Load]) -> list[LoadReport]:
    """Add to loads what later loads made of their rows."""
    load_ids = [load.load_id for load in found]
    healed = rejects.healed_counts(connection, store.schema, load_ids)
    waiting = waiting_references(connection, store, load_ids)
    return [LoadReport(load=load, healed=healed.get(load.load_id, 0), waiting=waiting[load.load_id]) for load in found]
