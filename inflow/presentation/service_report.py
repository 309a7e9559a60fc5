"""The services as text and as JSON: which work, and what keeps the others from it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from inflow.presentation.text_table import age
from shared.operations.status import activity_of
from shared.storage.ledger.service_processes import ServiceProcess


def as_text(services: Sequence[ServiceProcess], now: datetime) -> Iterator[str]:
    """Yield a line per process of a service."""
    if services:
        yield "services:"
    for service in services:
        name = f"{service.service} {service.version} on {service.host} (process {service.process_id})"
        yield f"  {name}, started {age(service.started_at, now)} ago: {_state_text(service, now)}"


def as_list(services: Sequence[ServiceProcess], now: datetime) -> list[Mapping[str, object]]:
    """Everything, for JSON."""
    return [
        {
            "service": service.service,
            "host": service.host,
            "process_id": service.process_id,
            "version": service.version,
            "state": activity_of(service, now),
            "started_at": service.started_at,
            "seen_at": service.seen_at,
            "waits_for": service.waits_for,
            "waits_since": service.waits_since,
        }
        for service in services
    ]


def _state_text(service: ServiceProcess, now: datetime) -> str:
    state = activity_of(service, now)
    if state == "silent":
        return f"silent for {age(service.seen_at, now)}"
    if service.waits_for is None or service.waits_since is None:
        return state
    return f"waiting for {age(service.waits_since, now)}: {service.waits_for}"
