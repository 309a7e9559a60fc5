"""Waits for convergence: all dropped files are done according to ledger, folders and queues."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pika.exceptions
from sqlalchemy import URL

from shared.configuration.catalog import load_catalog
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.store import Store, open_store
from tests.support.eventually import StillNot, eventually
from tests.support.servers.isolation import Broker
from verification.crash import events
from verification.crash.convergence import unfinished

#: The longest pause between two tries of a service, with a margin for a busy machine.
CONVERGENCE_SECONDS = 180.0
#: An unacknowledged message is in no queue: after a moment it is done or requeued.
_STEADY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Data folder, database and virtual host of one run, as the harness reaches them."""

    data: Path
    database_url: URL
    vhost: Broker
    #: Runs rabbitmqctl, and returns its output.
    ctl: Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """The time until convergence, and what was left to do."""

    seconds: float
    left: Sequence[str]


@contextmanager
def store_of(installation: Installation) -> Iterator[Store]:
    """Open the tables directly, not through a forwarder."""
    database = Database(installation.database_url)
    try:
        yield open_store(database, load_catalog(None))
    finally:
        database.close()


def wait_until_converged(
    installation: Installation, *, drops: int, timeout_seconds: float = CONVERGENCE_SECONDS
) -> Convergence:
    """Wait until all is done and stays so for a moment; after a timeout, return what is left to do."""
    began = time.monotonic()
    with store_of(installation) as store:
        steady = _Steady()
        try:
            eventually(lambda: steady.note(not _left(installation, store, drops)), timeout_seconds=timeout_seconds)
        except StillNot:
            return Convergence(seconds=time.monotonic() - began, left=_left(installation, store, drops))
    return Convergence(seconds=steady.since - began, left=[])


class _Steady:
    """Whether a condition has been true for long enough."""

    def __init__(self) -> None:
        self._was_true = False
        self.since = time.monotonic()

    def note(self, is_true: bool) -> bool:
        if not (is_true and self._was_true):
            self.since = time.monotonic()
        self._was_true = is_true
        return is_true and time.monotonic() - self.since >= _STEADY_SECONDS


def _left(installation: Installation, store: Store, drops: int) -> list[str]:
    left = [*unfinished(store, DataFolder(installation.data), drops=drops), *_waiting_messages(installation.vhost)]
    return left or _messages_in_hand(installation)


def _waiting_messages(vhost: Broker) -> list[str]:
    try:
        depths = events.depths(vhost.url)
    except pika.exceptions.AMQPError as error:
        # For example a queue that no service has declared again yet.
        return [f"the broker does not say how many messages wait: {error}"]
    return [f"{depth} messages wait in {name}" for name, depth in depths.items() if depth]


def _messages_in_hand(installation: Installation) -> list[str]:
    """Yield messages held by consumers that have vanished: they come back when the broker notices."""
    counts = installation.ctl(
        "list_queues", "--silent", "-p", installation.vhost.vhost, "name", "messages_unacknowledged"
    )
    found = [line.split() for line in counts.splitlines()]
    return [f"{words[1]} messages of {words[0]} are unacknowledged" for words in found if words[1:] > ["0"]]
