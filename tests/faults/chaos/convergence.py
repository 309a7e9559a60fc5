"""Waits until everything that was dropped is done, as the books, the folders and the queues say it."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pika.exceptions

from shared.configuration.catalog import load_catalog
from shared.database import Database
from shared.files import DataFolder
from shared.store import Store, open_store
from tests.faults.chaos.stage import Stage
from tests.faults.crash import events
from tests.faults.crash.convergence import unfinished
from tests.support.eventually import StillNot, eventually

#: The longest pause between two tries of a service, and time enough on a machine that does something else, too.
CONVERGENCE_SECONDS = 180.0
#: A message in somebody's hands is in no queue: it is done, or back, after a moment.
_STEADY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """How long it took until all was done, and what was left of it."""

    seconds: float
    left: Sequence[str]


@contextmanager
def store_of(stage: Stage) -> Iterator[Store]:
    """Open the tables, without a detour."""
    database = Database(stage.database_url)
    try:
        yield open_store(database, load_catalog(None))
    finally:
        database.close()


def wait_until_converged(stage: Stage, *, drops: int) -> Convergence:
    """Return when all was done, and stayed so for a moment; or what was left to do when the time was over."""
    began = time.monotonic()
    with store_of(stage) as store:
        steady = _Steady()
        try:
            eventually(lambda: steady.note(not _left(stage, store, drops)), timeout_seconds=CONVERGENCE_SECONDS)
        except StillNot:
            return Convergence(seconds=time.monotonic() - began, left=_left(stage, store, drops))
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


def _left(stage: Stage, store: Store, drops: int) -> list[str]:
    left = [*unfinished(store, DataFolder(stage.world.data), drops=drops), *_waiting_messages(stage)]
    return left or _messages_in_hand(stage)


def _waiting_messages(stage: Stage) -> list[str]:
    try:
        depths = events.depths(stage.world.vhost.url)
    except pika.exceptions.AMQPError as error:
        # A queue that nobody has declared again yet, say.
        return [f"the broker does not say how many messages wait: {error}"]
    return [f"{depth} messages wait in {name}" for name, depth in depths.items() if depth]


def _messages_in_hand(stage: Stage) -> list[str]:
    """Those that a consumer has who is gone without a word: they come back when the broker notices."""
    world = stage.world
    counts = world.broker.ctl("list_queues", "--silent", "-p", world.vhost.vhost, "name", "messages_unacknowledged")
    found = [line.split() for line in counts.splitlines()]
    return [f"{words[1]} messages of {words[0]} are in somebody's hands" for words in found if words[1:] > ["0"]]
