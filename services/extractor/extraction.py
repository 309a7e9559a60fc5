"""The extraction of one claimed file, in steps: detect, count rejects, compare, order, cut."""

import logging
from collections.abc import Callable
from typing import IO

from services.extractor.comparing.change_detection import ChangeDetection
from services.extractor.format_drift import format_of_feed
from services.extractor.reject_limit import require_few_rejects
from services.extractor.row_sources import Cuts, Extracted, OpenedRows, cut_rows, open_rows
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import LoadFiles
from shared.extraction.regular_files import open_regular
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.datasets import Dataset
from shared.reading.detector import Detector
from shared.reading.read_plan import ReadPlan
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.runtime.steps import Steps
from shared.storage.ledger import load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)

Message = RowsExtracted | LoadExtracted


def detect(source: IO[bytes], dataset: Dataset) -> Steps[ReadPlan]:
    """Find out how an open file is to be read.

    FileRefused where that can't be found out or is not sure; OSError where the file can't be read.
    """
    detector = Detector(source, dataset.read, expected=dataset.expected_labels, declared=dataset.labels)
    while detector.advance():
        yield
    detector.plan.check()
    return detector.plan


class Extraction:
    """A file on its way into the queue. Where a step fails, the next one is the first again.

    Files take turns, many at a time: what one holds between its turns must be small.
    """

    def __init__(self, file: ClaimedFile, cut: Callable[["Extraction"], Cuts]) -> None:
        """`cut` begins to cut it: see Extractor.cut."""
        self.file = file
        #: Whether the ledger says how the file is read, since the first step.
        self.is_entered = False
        #: Whether its rejected rows were counted: never after the first of its rows was published.
        self.has_counted_rejects = file.is_resumed
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
            self._steps, self.is_entered = self._cut(self), False
        if not self.is_entered:
            self.file.require_version()
        if self._message is None:
            self._message = self._next(self._steps)
        if self.file.is_resumed and self.is_entered:
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


class Extractor:
    """Cuts claimed files into chunks, each in steps, so that others have their turns in between."""

    def __init__(self, *, folder: DataFolder, store: Store, compare_from_bytes: int) -> None:
        self._files = LoadFiles(folder)
        self._store = store
        self._changes = ChangeDetection(folder=folder, store=store, from_bytes=compare_from_bytes)
        self._sorting = SortingTurns()

    def extraction(self, file: ClaimedFile) -> Extraction:
        """Return what extracts a file; nothing is read yet."""
        return Extraction(file, self.cut)

    def cut(self, extraction: Extraction) -> Cuts:
        """Find out how a file is read, whether it may be, and what of it is new; enter that in the ledger; cut it."""
        file = extraction.file
        with open_regular(file.path) as source:
            plan = yield from detect(source, file.dataset)
            if file.dataset.max_rejects is not None and not extraction.has_counted_rejects:
                yield from require_few_rejects(source, file, plan, files=self._files, store=self._store)
            extraction.has_counted_rejects = True
            changes = (yield from self._changes.search(file)) if plan.is_plain else None
            rows = open_rows(source, file, plan, sorting=self._sorting, changes=changes)
            # What is not in the ledger must not be published.
            self._enter(file, plan, rows)
            extraction.is_entered = True
            return (yield from cut_rows(rows, file))

    def _enter(self, file: ClaimedFile, plan: ReadPlan, rows: OpenedRows) -> None:
        load_id, schema, header = file.claimed.load_id, self._store.schema, rows.header
        read_as = format_of_feed(file, plan, header, self._store)
        with self._store.transaction() as connection:
            load_states.mark_reading(
                connection, schema, load_id, header=header.names, ignored=header.ignored, read_as=read_as
            )
            if rows.changes is not None:
                rows.changes.record(connection, schema, load_id)
        if header.ignored:
            details = facts("columns_ignored", load_id=load_id, columns=header.ignored)
            _log.info("columns ignored", extra=details)
