"""Publishes the open files' chunks in turns, so that a small file does not wait behind a huge one."""

import logging
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from services.extractor.extraction import Reading
from services.extractor.preflight import Preparation
from shared.messaging.envelope import Origin, Publishing, envelope
from shared.messaging.topology import WRITER_QUEUE, Queue
from shared.model.errors import FileRefused
from shared.runtime.clock import instant_now
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)

#: Files that take turns; more wait, in the order of their claims, with no file handle open.
_MAX_IN_TURN = 64

#: What the ledger says of why loads are held back, where nobody knows.
_UNSURE = ("", frozenset[int]())


class WriterQueue(Publishing, Protocol):
    """The queue that the writers consume."""

    def backlog(self, queue: Queue) -> int:
        """Count the messages that no consumer holds yet."""

    def given_up(self, queue: Queue) -> int:
        """Count the dead letters of a queue."""


class Feeder:
    """Feeds the writer's queue from the files that are being read."""

    def __init__(
        self,
        *,
        store: Store,
        queue: WriterQueue,
        preparation: Preparation,
        backlog_messages: int,
    ) -> None:
        self._store = store
        self._preparation = preparation
        self._queue = queue
        self._backlog_messages = backlog_messages
        self._in_turn: deque[Reading] = deque()
        self._next: deque[Reading] = deque()
        self._set_aside: deque[Reading] = deque()
        self._budget = 0
        self._held_back: tuple[str, frozenset[int]] | None = None
        #: Loads whose files could not be read at the last try.
        self.unreadable: set[int] = set()

    @property
    def load_ids(self) -> list[int]:
        """The loads that are being read."""
        return [reading.claimed.load_id for reading in (*self._in_turn, *self._next, *self._set_aside)]

    def add(self, reading: Reading) -> None:
        """Read a file from its start when its turn comes."""
        self._next.append(reading)

    def retry_unreadable(self) -> None:
        """Read again, from its start, what could not be read."""
        self._next.extend(self._set_aside)
        self._set_aside.clear()

    def drop(self, load_ids: Iterable[int]) -> None:
        """Read these no further."""
        gone = set(load_ids)
        self._preparation.drop(gone)
        self.unreadable -= gone
        for readings in (self._in_turn, self._next, self._set_aside):
            for reading in [reading for reading in readings if reading.claimed.load_id in gone]:
                reading.close()
                readings.remove(reading)

    def close(self) -> None:
        """Close the files that are being read."""
        self.drop(self.load_ids)

    def turn(self) -> bool:
        """Publish one message of the file whose turn it is, or make a step on the way to it.

        False if there is nothing to publish or no room for it. Raises TransientError; the same message is then
        published at the next turn.
        """
        while self._next and len(self._in_turn) < _MAX_IN_TURN:
            self._in_turn.append(self._next.popleft())
        if not self._in_turn or not self._has_room():
            return False
        reading = self._in_turn[0]
        try:
            self._advance(reading)
        except FileRefused as error:
            self._refuse(reading, error)
        except OSError as error:
            self._postpone(reading, error)
        return True

    def hold_back(self, reason: str | None, message: str | None = None) -> None:
        """Say why nothing is published; None: it goes on. An unreadable file has its own reason."""
        held_back = None if reason is None else (reason, self._readable())
        if held_back != self._held_back:
            # A commit that fails may have been made all the same: until one is sure, the next call says it again.
            self._held_back = _UNSURE
            with self._store.transaction() as connection:
                load_reasons.explain(connection, self._store.schema, self._readable(), reason, message)
            self._held_back = held_back

    def _readable(self) -> frozenset[int]:
        return frozenset(self.load_ids) - self.unreadable

    def _has_room(self) -> bool:
        if self._budget <= 0:
            self._budget = self._backlog_messages - self._queue.backlog(WRITER_QUEUE)
        if self._budget <= 0:
            self.hold_back("queue-full", f"more than {self._backlog_messages} messages wait for the writers")
            return False
        self.hold_back(None)
        return True

    def _advance(self, reading: Reading) -> None:
        if not reading.is_finished:
            self._publish_next(reading)
        if reading.is_finished:
            account = reading.line_account
            with self._store.transaction() as connection:
                load_states.mark_published(
                    connection,
                    self._store.schema,
                    reading.claimed.load_id,
                    fingerprint=reading.fingerprint,
                    lines=None if account is None else account.beside_rows,
                )
            self._in_turn.popleft()
        elif not reading.holds_window:
            self._in_turn.rotate(-1)

    def _publish_next(self, reading: Reading) -> None:
        """Publish the next message, or make a step on the way to it: to compare and to sort takes many turns."""
        if not reading.is_open:
            if not self._preparation.prepare(reading):
                return
            self.unreadable.discard(reading.claimed.load_id)
        message = reading.message()
        if reading.is_resumed:
            # What was published before is of the version that was claimed; rows of another would contradict it.
            reading.require_version()
        if message is not None:
            origin = Origin(installation_id=self._store.installation_id, token=reading.claimed.token)
            self._queue.publish(envelope(message, origin=origin, occurred_at=instant_now()))
            self._budget -= 1
            reading.confirm()

    def _refuse(self, reading: Reading, error: FileRefused) -> None:
        """Record the refusal; the file is moved when the ledger is looked at next."""
        load_id = reading.claimed.load_id
        # First of all: where the ledger can't be written, the next turn must find the file as before.
        reading.close()
        with self._store.transaction() as connection:
            load_states.mark_refused(connection, self._store.schema, load_id, reason=error.code, message=str(error))
        _log.warning("file refused: %s", error, extra=facts("file_refused", load_id=load_id, reason=error.code))
        self._in_turn.popleft()

    def _postpone(self, reading: Reading, error: OSError) -> None:
        """The file can't be read just now: set it aside, so that others go on."""
        load_id = reading.claimed.load_id
        reading.close()
        self._in_turn.popleft()
        self._set_aside.append(reading)
        if load_id not in self.unreadable:
            with self._store.transaction() as connection:
                load_reasons.explain(connection, self._store.schema, [load_id], "unreadable", str(error))
            _log.warning("file can't be read", extra=facts("file_unreadable", load_id=load_id, error=str(error)))
            self.unreadable.add(load_id)
