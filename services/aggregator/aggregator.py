"""Recomputes the summaries and replaces their files, whole and never by an earlier state."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.aggregator.queries import query_of
from services.aggregator.summary import render
from services.aggregator.written_files import SummaryFiles, digest_of
from shared.messaging.envelope import decode
from shared.messaging.payloads import LoadCompleted
from shared.model.datasets import Summary
from shared.model.errors import DatabaseRefused, FolderUnavailable, MalformedMessage, PossiblyTerminal, TablesUnusable
from shared.runtime.files import DataFolder, read_whole, remove_leftovers, write_atomically
from shared.runtime.folder_owner import require_own_folder
from shared.runtime.logs import facts
from shared.storage.counting.counts import Counts
from shared.storage.ledger import completions, summary_files
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_LOCK_PAUSE_SECONDS = 0.05


class Aggregator:
    """Keeps the summaries of one data folder true. Any number may run side by side: a file lock lets one at a time."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        store: Store,
        stop: threading.Event,
    ) -> None:
        self._folder = folder
        self._store = store
        self._stop = stop
        self._counts = Counts(store)
        self._files = SummaryFiles(folder.root, [summary.file for summary in store.summaries])

    def handle(self, body: bytes) -> None:
        """Take a load.completed event; one recomputation answers all that wait in the queue."""
        payload = decode(body).payload
        if not isinstance(payload, LoadCompleted):
            raise MalformedMessage(f"{payload.kind} is not for an aggregator")
        self.catch_up()

    def catch_up(self) -> bool:
        """Recompute if the database has completions that the summaries do not include for sure, or a file is not its.

        Deltas are folded in any case: while a large load runs they must not pile up.
        """
        with self._store.transaction() as connection:
            pending = bool(completions.unsummarised(connection, self._store.schema))
            digests = summary_files.digests(connection, self._store.schema)
        with _folder_errors("looked at"):
            is_due = pending or not self._files.are_those_of(digests)
        if is_due:
            self.recompute()
        else:
            self._counts.fold()
        return is_due

    def recompute(self) -> None:
        """Write every summary anew from what is in the database now; a file that would be the same stays.

        The lock is held from before the query until after the rename: a replica that was paused in between can't
        put an earlier state over a later one.
        """
        with _folder_errors("written"), self._locked():
            require_own_folder(self._folder, self._store.owner)
            remove_leftovers(self._folder.root)
            with self._store.transaction() as connection:
                included = completions.unsummarised(connection, self._store.schema)
            self._counts.bring_up_to_date()
            written = [self._write(summary) for summary in self._store.summaries]
            if all(written):
                with self._store.transaction() as connection:
                    completions.mark_summarised(connection, self._store.schema, included)

    def _write(self, summary: Summary) -> bool:
        """Write a summary where its content changed; False where it failed for what may pass, and is to be tried again.

        One wrong summary must not hold back the others.
        """
        path = self._folder.root / summary.file
        # A query may name a table or a column that is not there; where our own statement does, the tables are at fault.
        refusals = (DatabaseRefused, TablesUnusable, PossiblyTerminal) if summary.query else (DatabaseRefused,)
        try:
            content = self._render(summary)
        except (*refusals, TypeError, ValueError) as error:
            # What a query returns may not fit its format, too.
            _log.error(
                "the query of %s fails: %s",
                summary.file,
                error,
                extra=facts("summary_failed", file=summary.file, error=type(error).__name__),
            )
            return not isinstance(error, PossiblyTerminal)
        if content != read_whole(path):
            write_atomically(path, content)
            _log.info("summary written", extra=facts("summary_written", file=summary.file, size_bytes=len(content)))
        with self._store.transaction() as connection:
            summary_files.record(connection, self._store.schema, summary.file, digest_of(content))
        return True

    def _render(self, summary: Summary) -> bytes:
        with self._store.transaction() as connection:
            result = connection.execute(query_of(summary, self._store.catalog, self._store.schema))
            return render(summary, list(result.keys()), result.all())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._folder.lock("aggregator")
        if not lock.acquire():
            _log.debug("another aggregator is at work, waiting for it", extra=facts("lock_awaited"))
        while not lock.acquire():
            if self._stop.wait(_LOCK_PAUSE_SECONDS):
                raise FolderUnavailable("another aggregator holds the lock, and a stop was requested")
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _folder_errors(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderUnavailable(f"the summaries can't be {what}: {error}") from error
