"""The processes of services in the ledger: which are working, since when, and what they wait for."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema

#: A service that has been silent for longer is no longer shown.
_FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProcess:
    """One process of a service. Times are in UTC."""

    service: str
    host: str
    process_id: int
    version: str
    started_at: datetime
    #: The time of its last heartbeat.
    seen_at: datetime
    #: What prevents it from working, in words; None while it works.
    waits_for: str | None
    waits_since: datetime | None


def all_services(connection: Connection, schema: Schema) -> list[ServiceProcess]:
    """List the processes with a recent heartbeat, by service and host."""
    table = schema.services
    rows = connection.execute(select(table).order_by(table.c.service, table.c.host, table.c.process_id))
    return [ServiceProcess(**row._mapping) for row in rows]


def enter(connection: Connection, schema: Schema, service: ServiceProcess) -> None:
    """Enter a service at its start, and remove those that have been silent for too long."""
    table = schema.services
    connection.execute(delete(table).where(table.c.seen_at < utc_now() - _FORGOTTEN_AFTER))
    connection.execute(insert(table).values(asdict(service)))


def note(connection: Connection, schema: Schema, service: ServiceProcess) -> bool:
    """Record what a service reports; return False if it is not entered.

    Every column is updated: a killed container restarts under the same name, and with the same process ID.
    """
    statement = update(schema.services).where(_is(schema, service)).values(asdict(service))
    return connection.execute(statement).rowcount == 1


def leave(connection: Connection, schema: Schema, service: ServiceProcess) -> None:
    """Remove a service that stops."""
    connection.execute(delete(schema.services).where(_is(schema, service)))


def _is(schema: Schema, service: ServiceProcess) -> ColumnElement[bool]:
    table = schema.services
    return (
        (table.c.service == service.service)
        & (table.c.host == service.host)
        & (table.c.process_id == service.process_id)
    )
