"""Waits until everything that was dropped is done, as the ledger, the folders and the queues say it."""

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

#: The longest pause between two tries of a service, and time enough on a machine that does something else, too.
CONVERGENCE_SECONDS = 180.0
#: A message in somebody's hands is in no queue: it is done, or back, after a moment.
_STEADY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What belongs to one run, as the harness itself reaches it: data folder, database and virtual host."""

    data: Path
    database_url: URL
    vhost: Broker
    #: Runs rabbitmqctl, and returns what that says.
    ctl: Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How long it took until all was done, and what was left of it."""

    seconds: float
    left: Sequence[str]


@contextmanager
def store_of(installation: Installation) -> Iterator[Store]:
    """Open the tables, without a detour."""
    database = Database(installation.database_url)
    try:
        yield open_store(database, load_catalog(None))
    finally:
        database.close()


def wait_until_converged(
    installation: Installation, *, drops: int, timeout_seconds: float = CONVERGENCE_SECONDS
) -> Convergence:
    """Return when all was done, and stayed so for a moment; or what was left to do when the time was over."""
    began = time.monotonic()
    with store_of(installation) as store:
        steady = _Steady()
        try:
            eventually(lambda: steady.note(not _left(installation, store, drops)), timeout_seconds=timeout_seconds)
        except StillNot:
            return Convergence(seconds=time.monotonic() - began, left=_left(installation, store, drops))
    return Convergence(seconds=steady.since - began, left=[])


class _Steady:
    """Whether something has been true for long enough."""

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
        # A queue that nobody has declared again yet, say.
        return [f"the broker does not say how many messages wait: {error}"]
    return [f"{depth} messages wait in {name}" for name, depth in depths.items() if depth]


def _messages_in_hand(installation: Installation) -> list[str]:
    """Those that a consumer has who is gone without a word: they come back when the broker notices."""
    counts = installation.ctl(
        "list_queues", "--silent", "-p", installation.vhost.vhost, "name", "messages_unacknowledged"
    )
    found = [line.split() for line in counts.splitlines()]
    return [f"{words[1]} messages of {words[0]} are in somebody's hands" for words in found if words[1:] > ["0"]]
