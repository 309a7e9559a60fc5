"""The work left for complete loads: summaries that do not include them, events that are not published."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select, update

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema


def unsummarised(connection: Connection, schema: Schema) -> list[int]:
    """List the complete loads that the summaries may not include yet."""
    table = schema.loads
    pending = table.c.completed_at.is_not(None) & table.c.summarised_at.is_(None)
    return list(connection.scalars(select(table.c.load_id).where(pending)))


def mark_summarised(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> None:
    """Record that the summaries include these loads."""
    table = schema.loads
    connection.execute(update(table).where(table.c.load_id.in_(load_ids)).values(summarised_at=utc_now()))


def request_summaries(connection: Connection, schema: Schema) -> None:
    """Have the aggregator write the summaries again: mark the last complete load as not included."""
    table = schema.loads
    last = connection.scalar(select(func.max(table.c.load_id)).where(table.c.completed_at.is_not(None)))
    connection.execute(update(table).where(table.c.load_id == last).values(summarised_at=None))


def unsent_events(connection: Connection, schema: Schema) -> int:
    """Count the events in the outbox that are not published yet."""
    return connection.scalar(select(func.count()).select_from(schema.outbox)) or 0
