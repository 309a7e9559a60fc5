"""The status of an installation: its services, the waiting files, the loads, and the queues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq import BrokerState, look_at_broker
from shared.model.errors import BrokerUnavailable
from shared.operations.loads import UNFINISHED_STATES, LoadReport, report_loads
from shared.operations.unresolved_references import Waiting, waiting_references
from shared.runtime.clock import utc_now
from shared.runtime.health import SILENCE_SECONDS
from shared.storage.ledger import loads, service_processes, waiting_files
from shared.storage.ledger.loads import Load
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.store import Store

#: The state of the broker, or why it is not known, or None if there is no broker.
Queues = BrokerState | str | None
Activity = Literal["working", "waiting", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The ledger at one moment."""

    services: Sequence[ServiceProcess]
    #: Datasets whose tables can't be used as they are, with the reasons.
    held: Mapping[str, str]
    #: The first of the files waiting in the inbox, by name.
    files: Sequence[WaitingFile]
    file_count: int
    #: The last loads, preceded by the oldest unfinished ones of the others.
    loads: Sequence[LoadReport]
    load_count: int
    #: References to rows that no file has contained yet, by the load of the referring rows.
    waiting: Mapping[int, Waiting]
    #: In UTC.
    taken_at: datetime


def take_status(store: Store, *, limit: int) -> Status:
    """Read the ledger: at most `limit` each of the waiting files, the last loads and the earlier unfinished loads."""
    with store.transaction() as connection:
        return Status(
            services=service_processes.all_services(connection, store.schema),
            held=store.held,
            files=waiting_files.after(connection, store.schema, "", limit=limit),
            file_count=waiting_files.count(connection, store.schema),
            loads=report_loads(connection, store, _open_or_last(connection, store, limit)),
            load_count=loads.count(connection, store.schema),
            waiting=waiting_references(connection, store),
            taken_at=utc_now(),
        )


def list_waiting_files(store: Store, *, limit: int, after: str = "") -> list[WaitingFile]:
    """List at most `limit` files waiting in the inbox whose names sort after `after`, by name."""
    with store.transaction() as connection:
        return waiting_files.after(connection, store.schema, after, limit=limit)


def look_at_queues(settings: BrokerSettings | None) -> Queues:
    """Return the state of the broker, or its error: an unavailable broker is part of the status."""
    try:
        return look_at_broker(settings) if settings is not None else None
    except BrokerUnavailable as error:
        return str(error)


def activity_of(service: ServiceProcess, now: datetime) -> Activity:
    """Return the activity of a service; `now` is in UTC."""
    if (now - service.seen_at).total_seconds() > SILENCE_SECONDS:
        return "silent"
    return "working" if service.waits_for is None else "waiting"


def _open_or_last(connection: Connection, store: Store, limit: int) -> list[Load]:
    last = loads.last(connection, store.schema, limit=limit)
    first_of_last = last[0].load_id if last else 0
    return [
        *loads.before_in_states(connection, store.schema, first_of_last, UNFINISHED_STATES, limit=limit),
        *last,
    ]
