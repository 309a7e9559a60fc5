"""Recomputes the summaries and replaces their files atomically, never with an earlier state."""

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
    """Keeps the summaries of one data folder up to date. Any number may run: a file lock admits one at a time."""

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
        """Handle a load.completed event; one recomputation covers all events waiting in the queue."""
        payload = decode(body).payload
        if not isinstance(payload, LoadCompleted):
            raise MalformedMessage(f"found {payload.kind}; the aggregator handles only {LoadCompleted.kind}")
        self.catch_up()

    def catch_up(self) -> bool:
        """Recompute if a completed load may be missing from the summaries, or a file is not the one last written.

        Otherwise only fold the deltas, so that they do not pile up during a large load. Return whether it recomputed.
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
        """Recompute every summary from the database; a file whose content stays the same is not written.

        The lock is held from before the query until after the rename, so that a replica that was paused in between
        can't replace a later state with an earlier one.
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
        """Write a summary if its content changed; return False if it failed with an error that may pass.

        A summary that fails must not keep the others from being written.
        """
        path = self._folder.root / summary.file
        # A user's query may name a missing table or column; if our own statement fails so, the tables are at fault.
        refusals = (DatabaseRefused, TablesUnusable, PossiblyTerminal) if summary.query else (DatabaseRefused,)
        try:
            content = self._render(summary)
        except (*refusals, TypeError, ValueError) as error:
            # The rows of a query may also not fit the summary's format.
            _log.error(
                "query of summary %s failed: %s",
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
            _log.debug("another aggregator holds the lock; waiting", extra=facts("lock_awaited"))
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
