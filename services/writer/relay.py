"""Publishes the outbox: load.completed, at least once, and the load's report as one log line."""

import logging
from datetime import UTC

from sqlalchemy import delete, select

from shared import loads
from shared.database import Database
from shared.datasets import Catalog
from shared.logs import facts
from shared.messages import LoadCompleted, Publishing, envelope
from shared.schema import Schema
from shared.waiting import waiting_references

_log = logging.getLogger(__name__)

_MOST_AT_ONCE = 100


class Relay:
    """Moves events from the outbox to the broker. Several relays side by side publish some of them twice."""

    def __init__(self, database: Database, schema: Schema, catalog: Catalog, publisher: Publishing) -> None:
        self._database = database
        self._schema = schema
        self._catalog = catalog
        self._publisher = publisher

    def run_once(self) -> int:
        """Publish the events that wait and take them out; return how many."""
        table = self._schema.outbox
        with self._database.transaction() as connection:
            query = select(table).order_by(table.c.completed_at, table.c.load_id).limit(_MOST_AT_ONCE)
            events = connection.execute(query).all()
        for event in events:
            payload = LoadCompleted(load_id=event.load_id, dataset=event.dataset)
            self._publisher.publish(envelope(payload, occurred_at=event.completed_at.replace(tzinfo=UTC)))
        if events:
            self._take_out([event.load_id for event in events])
        return len(events)

    def _take_out(self, load_ids: list[int]) -> None:
        table = self._schema.outbox
        with self._database.transaction() as connection:
            connection.execute(delete(table).where(table.c.load_id.in_(load_ids)))
            completed = loads.find(connection, self._schema, load_ids)
            waiting = waiting_references(connection, self._schema, self._catalog, load_ids)
        for load_id, load in completed.items():
            _log.info(
                "load %d is complete",
                load_id,
                extra=facts(
                    "load_completed",
                    load_id=load_id,
                    file=load.file,
                    dataset=load.dataset,
                    rows_read=load.rows_read,
                    inserted=load.inserted,
                    updated=load.updated,
                    unchanged=load.unchanged,
                    superseded=load.superseded,
                    rejected=load.rejected,
                    waiting_rows=waiting[load_id].rows,
                    waiting_for=waiting[load_id].members,
                    seconds=load.seconds,
                ),
            )
