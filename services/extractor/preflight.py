"""What has to be known before a file's first row is published: how it is read, and what of it is new."""

import logging
from collections.abc import Iterable

from services.extractor.comparing.change_detection import Editions
from services.extractor.comparing.changes import Changes
from services.extractor.extraction import Reading
from services.extractor.format_drift import Feeds
from services.extractor.reject_limit import FirstPasses
from services.extractor.settings import WatcherConfig
from shared.extraction.header import Header
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.storage.ledger import load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)


class Preparation:
    """Prepares files: each may take many turns, so that others have theirs in between."""

    def __init__(self, *, folder: DataFolder, store: Store, config: WatcherConfig) -> None:
        self._store = store
        self._first_passes = FirstPasses(folder=folder, store=store)
        self._editions = Editions(folder=folder, store=store, from_bytes=config.compare_from_bytes)
        self._feeds = Feeds(store)

    def prepare(self, reading: Reading) -> bool:
        """Find out whether and what to publish of a file, and open it; False if that takes another turn.

        FileRefused where it can't be loaded as it is; OSError where it can't be read; TransientError where the ledger
        can't be used.
        """
        reading.require_version()
        if not self._first_passes.go_on(reading.claimed, is_resumed=reading.is_resumed) or not reading.survey():
            return False
        if not reading.is_plain:
            self._begin(reading, None)
            return True
        found = self._editions.search(reading.claimed, is_resumed=reading.is_resumed)
        if found is None:
            return False
        self._begin(reading, found.changes)
        return True

    def drop(self, load_ids: Iterable[int]) -> None:
        """Find out no more about these."""
        gone = set(load_ids)
        self._first_passes.drop(gone)
        self._editions.drop(gone)

    def _begin(self, reading: Reading, changes: Changes | None) -> None:
        header = reading.open(changes)
        try:
            self._enter(reading, header, changes)
        except BaseException:
            # What is not in the ledger must not be published.
            reading.close()
            raise
        if header.ignored:
            details = facts("columns_ignored", load_id=reading.claimed.load_id, columns=header.ignored)
            _log.info("columns ignored", extra=details)

    def _enter(self, reading: Reading, header: Header, changes: Changes | None) -> None:
        """Enter in the ledger how a file is read, and what of it."""
        load_id, schema = reading.claimed.load_id, self._store.schema
        read_as = self._feeds.check(reading.claimed, reading.dataset, reading.plan, header)
        with self._store.transaction() as connection:
            load_states.mark_reading(
                connection, schema, load_id, header=header.names, ignored=header.ignored, read_as=read_as
            )
            if changes is not None:
                changes.record(connection, schema, load_id)
