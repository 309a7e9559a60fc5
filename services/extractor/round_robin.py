"""Publishes the open files' chunks in turns, so that a small file does not wait behind a huge one."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from services.extractor.extraction import Extractor, Progress
from services.extractor.row_sources import Cuts, Extracted
from shared.extraction.claimed_file import ClaimedFile
from shared.messaging.envelope import Origin, Publishing, envelope
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.messaging.topology import WRITER_QUEUE, Queue
from shared.model.errors import FileRefused
from shared.runtime.clock import instant_now
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)

#: Files that take turns; more wait, in the order of their claims, with no file handle open.
_MAX_IN_TURN = 64

#: The reason in the ledger for which loads are held back, while it is uncertain.
_UNSURE = ("", frozenset[int]())


Message = RowsExtracted | LoadExtracted
Cut = Callable[[ClaimedFile, Progress], Cuts]


class WriterQueue(Publishing, Protocol):
    """The queue that the writers consume."""

    def backlog(self, queue: Queue) -> int:
        """Count the messages that no consumer holds yet."""

    def given_up(self, queue: Queue) -> int:
        """Count the dead letters of a queue."""


class Extraction:
    """A file on its way into the queue. Where a step fails, the next one is the first again.

    Files take turns, many at a time: what one holds between its turns must be small.
    """

    def __init__(self, file: ClaimedFile, cut: Cut) -> None:
        """`cut` begins to cut it: see Extractor.cut."""
        self.file = file
        #: Of the steps since the first one.
        self.progress = Progress(has_counted_rejects=file.is_resumed)
        #: Once its manifest is confirmed, which is its last message.
        self.published: Extracted | None = None
        self._cut = cut
        self._steps: Cuts | None = None
        self._extracted: Extracted | None = None
        self._message: Message | None = None
        self._holds_window = False

    @property
    def load_id(self) -> int:
        """The number of its load."""
        return self.file.claimed.load_id

    def step(self) -> Message | None:
        """Return the message to publish next, the same one until it is confirmed; None where this was a step to it.

        FileRefused where the file can't be loaded as it is; OSError where it can't be read or sorted; TransientError
        where the ledger can't be used.
        """
        if self._steps is None:
            self.progress.is_entered = False
            self._steps = self._cut(self.file, self.progress)
        if not self.progress.is_entered:
            self.file.require_version()
        if self._message is None:
            self._message = self._next(self._steps)
        if self.file.is_resumed and self.progress.is_entered:
            # What was published before is of the version that was claimed; rows of another would contradict it.
            self.file.require_version()
        return self._message

    def confirm(self) -> bool:
        """The message is safe. Say whether the file has more rows in memory, to be published before others' turns."""
        self._message = None
        self.published = self._extracted
        return self._holds_window

    def close(self) -> None:
        """Close the file; the next step is the first."""
        if self._steps is not None:
            self._steps.close()
        self._steps, self._extracted, self._message = None, None, None

    def _next(self, steps: Cuts) -> Message | None:
        try:
            cut = next(steps)
        except StopIteration as end:
            extracted: Extracted = end.value
            self._extracted = extracted
            return extracted.manifest
        except BaseException:
            self.close()
            raise
        self._holds_window = cut is not None and cut.holds_window
        return None if cut is None else cut.chunk


class Feeder:
    """Feeds the writer's queue from the files that are being read."""

    def __init__(
        self,
        *,
        store: Store,
        queue: WriterQueue,
        extractor: Extractor,
        backlog_messages: int,
    ) -> None:
        self._store = store
        self._extractor = extractor
        self._queue = queue
        self._backlog_messages = backlog_messages
        self._in_turn: deque[Extraction] = deque()
        self._next: deque[Extraction] = deque()
        self._set_aside: deque[Extraction] = deque()
        self._budget = 0
        self._held_back: tuple[str, frozenset[int]] | None = None
        #: Loads whose files could not be read at the last try.
        self.unreadable: set[int] = set()

    @property
    def load_ids(self) -> list[int]:
        """The loads that are being read."""
        return [each.load_id for each in (*self._in_turn, *self._next, *self._set_aside)]

    def add(self, file: ClaimedFile) -> None:
        """Read a file from its start when its turn comes."""
        self._next.append(Extraction(file, self._extractor.cut))

    def retry_unreadable(self) -> None:
        """Read again, from its start, what could not be read."""
        self._next.extend(self._set_aside)
        self._set_aside.clear()

    def drop(self, load_ids: Iterable[int]) -> None:
        """Read these no further."""
        gone = set(load_ids)
        self.unreadable -= gone
        for extractions in (self._in_turn, self._next, self._set_aside):
            for extraction in [each for each in extractions if each.load_id in gone]:
                extraction.close()
                extractions.remove(extraction)

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
        extraction = self._in_turn[0]
        try:
            self._advance(extraction)
        except FileRefused as error:
            self._refuse(extraction, error)
        except OSError as error:
            self._postpone(extraction, error)
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

    def _advance(self, extraction: Extraction) -> None:
        """Take a step of a file, and publish what it made; after the last one, the ledger says so."""
        keeps_turn = False
        if extraction.published is None:
            try:
                message = extraction.step()
            finally:
                if extraction.progress.is_entered:
                    # The ledger has forgotten why it could not be read.
                    self.unreadable.discard(extraction.load_id)
            if message is not None:
                self._publish(message, extraction)
                keeps_turn = extraction.confirm()
        if extraction.published is not None:
            self._finish(extraction, extraction.published)
        elif not keeps_turn:
            self._in_turn.rotate(-1)

    def _publish(self, message: Message, extraction: Extraction) -> None:
        origin = Origin(installation_id=self._store.installation_id, token=extraction.file.claimed.token)
        self._queue.publish(envelope(message, origin=origin, occurred_at=instant_now()))
        self._budget -= 1

    def _finish(self, extraction: Extraction, published: Extracted) -> None:
        account = published.line_account
        with self._store.transaction() as connection:
            load_states.mark_published(
                connection,
                self._store.schema,
                extraction.load_id,
                fingerprint=published.fingerprint,
                lines=None if account is None else account.beside_rows,
            )
        self._in_turn.popleft()

    def _refuse(self, extraction: Extraction, error: FileRefused) -> None:
        """Record the refusal; the file is moved when the ledger is looked at next."""
        load_id = extraction.load_id
        # First of all: where the ledger can't be written, the next turn must find the file as before.
        extraction.close()
        with self._store.transaction() as connection:
            load_states.mark_refused(connection, self._store.schema, load_id, reason=error.code, message=str(error))
        _log.warning("file refused: %s", error, extra=facts("file_refused", load_id=load_id, reason=error.code))
        self._in_turn.popleft()

    def _postpone(self, extraction: Extraction, error: OSError) -> None:
        """The file can't be read just now: set it aside, so that others go on."""
        load_id = extraction.load_id
        extraction.close()
        self._in_turn.popleft()
        self._set_aside.append(extraction)
        if load_id not in self.unreadable:
            with self._store.transaction() as connection:
                load_reasons.explain(connection, self._store.schema, [load_id], "unreadable", str(error))
            _log.warning("file can't be read", extra=facts("file_unreadable", load_id=load_id, error=str(error)))
            self.unreadable.add(load_id)
