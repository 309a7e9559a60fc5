"""The verdict on a finished run: the checker of all layers, the events, the logs, and the running processes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress

from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE, WRITER_QUEUE
from tests.support.eventually import StillNot, eventually
from tests.support.ledger import all_loads
from tests.support.services import SERVICES
from tests.support.topology import TOPOLOGY
from verification import checker
from verification.crash import events
from verification.crash.environment import Stage

#: The point that is passed for each message that a service has finished, by the queue that it consumes.
_ACKS = {
    WRITER_QUEUE: ("writer", "after the ack"),
    AGGREGATOR_QUEUE: ("aggregator", "after the ack of an event"),
    WATCHER_QUEUE: ("watcher", "after a completion is acknowledged"),
}


def judge(stage: Stage) -> list[str]:
    """Stop the services, and return all problems."""
    found = list(_ended_unasked(stage))
    depths = _settled_depths(stage)
    found += checker.problems(
        drops=stage.dropped,
        store=stage.store,
        folder=stage.folder,
        queue_depths=depths,
        dead_letters=events.dead_letters(stage.broker_url),
    )
    return [*found, *_never_published(stage), *_alarming_lines(stage)]


def _ended_unasked(stage: Stage) -> Iterator[str]:
    for service in stage.running:
        if service.has_ended:
            yield f"a service ended with {service.process.returncode} without a stop request: {service.log_file.name}"


def _settled_depths(stage: Stage) -> dict[str, int]:
    """Return what is left in the queues, after services have handled again what they had when they were stopped."""
    stage.stop_all()
    depths = events.depths(stage.broker_url)
    if not any(depths[TOPOLOGY.name(queue)] for queue in _ACKS):
        return depths
    for service in SERVICES:
        stage.launch(service)
    with suppress(StillNot):
        eventually(lambda: _have_acknowledged(stage, depths), message="they acknowledge what they had in hand")
    stage.stop_all()
    return events.depths(stage.broker_url)


def _have_acknowledged(stage: Stage, depths: Mapping[str, int]) -> bool:
    return all(
        stage.passages(service)[point] >= depths[TOPOLOGY.name(queue)] for queue, (service, point) in _ACKS.items()
    )


def _never_published(stage: Stage) -> Iterator[str]:
    """Yield the completed loads whose completion was never published."""
    heard = events.heard(stage.broker_url)
    with stage.store.transaction() as connection:
        entered = all_loads(connection, stage.store.schema)
    for load in entered:
        if load.completed_at is not None and not heard[load.load_id]:
            yield f"load {load.load_id} is complete, and its load.completed was never published"


def _alarming_lines(stage: Stage) -> Iterator[str]:
    """Yield log lines that a kill does not explain, and loads that were republished because they stalled."""
    for service in stage.pipeline.services:
        # The last line of a killed process may be incomplete.
        whole_lines, _, _ = service.output().rpartition("\n")
        for line in filter(_is_alarming, whole_lines.splitlines()):
            yield f"{service.log_file.name} says: {line}"


def _is_alarming(line: str) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        return True
    return record["level"] in ("error", "critical") or record.get("action") == "load_revived"
