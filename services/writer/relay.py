"""Publishes the outbox: load.completed, at least once, and the load's report as one log line."""

import logging
from datetime import UTC

from sqlalchemy import Connection, delete, select

from shared.messaging.envelope import Origin, Publishing, envelope
from shared.messaging.payloads import LoadCompleted
from shared.operations.unresolved_references import Waiting, waiting_references
from shared.runtime.logs import facts
from shared.storage.ledger import loads
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_MAX_AT_ONCE = 100


class Relay:
    """Moves events from the outbox to the broker. Each relay takes only events that no other one holds."""

    def __init__(self, store: Store, publisher: Publishing) -> None:
        self._store = store
        self._publisher = publisher

    def run_once(self) -> int:
        """Publish the waiting events and remove them; return how many.

        They are published before the commit that takes them out: a crash in between publishes them again.
        """
        with self._store.transaction() as connection:
            completed = self._publish_all(connection)
            load_ids = list(completed)
            if not load_ids:
                return 0
            table = self._store.schema.outbox
            connection.execute(delete(table).where(table.c.load_id.in_(load_ids)))
            waiting = waiting_references(connection, self._store, load_ids)
        for load_id, load in sorted(completed.items()):
            _report(load, waiting[load_id])
        return len(load_ids)

    def _publish_all(self, connection: Connection) -> dict[int, Load]:
        """Publish what is not locked by another relay; return the loads."""
        table = self._store.schema.outbox
        oldest_first = select(table).order_by(table.c.completed_at, table.c.load_id)
        events = connection.execute(oldest_first.limit(_MAX_AT_ONCE).with_for_update(skip_locked=True)).all()
        completed = loads.find(connection, self._store.schema, [event.load_id for event in events])
        for event in events:
            payload = LoadCompleted(load_id=event.load_id, dataset=event.dataset)
            origin = Origin(installation_id=self._store.installation_id, token=completed[event.load_id].token)
            occurred_at = event.completed_at.replace(tzinfo=UTC)
            self._publisher.publish(envelope(payload, origin=origin, occurred_at=occurred_at))
        return completed


def _report(load: Load, waiting: Waiting) -> None:
    """Log the load's accounts, once per event."""
    _log.info(
        "load complete",
        extra=facts(
            "load_completed",
            load_id=load.load_id,
            file=load.file,
            dataset=load.dataset,
            rows_read=load.rows_read,
            inserted=load.inserted,
            updated=load.updated,
            unchanged=load.unchanged,
            superseded=load.superseded,
            rejected=load.rejected,
            waiting_rows=waiting.rows,
            waiting_for=waiting.members,
            seconds=load.seconds,
        ),
    )
