"""The extraction of one claimed file, in steps: detect, count rejects, compare, order, cut."""

import logging
from dataclasses import dataclass
from typing import IO

from services.extractor.comparing.change_detection import ChangeDetection
from services.extractor.format_drift import format_of_feed, require_same_reading
from services.extractor.reject_limit import require_few_rejects
from services.extractor.row_sources import Cuts, OpenedRows, cut_rows, open_rows
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import LoadFiles
from shared.extraction.regular_files import open_regular
from shared.model.datasets import Dataset
from shared.reading.detector import Detector
from shared.reading.read_plan import ReadPlan
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.runtime.steps import Steps
from shared.storage.ledger import load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)


def detect(source: IO[bytes], dataset: Dataset) -> Steps[ReadPlan]:
    """Find out how an open file is to be read.

    FileRefused where that can't be found out or is not sure; OSError where the file can't be read.
    """
    detector = Detector(source, dataset.read, expected=dataset.expected_labels, declared=dataset.labels)
    while detector.advance():
        yield
    detector.plan.check()
    return detector.plan


@dataclass(slots=True)
class Progress:
    """How far the extraction of a file has come."""

    #: Whether its rejected rows were counted: never after the first of its rows was published.
    has_counted_rejects: bool
    #: Whether the ledger says how the file is read, since the first step.
    is_entered: bool = False


class Extractor:
    """Cuts claimed files into chunks, each in steps, so that others have their turns in between."""

    def __init__(self, *, folder: DataFolder, store: Store, compare_from_bytes: int) -> None:
        self._files = LoadFiles(folder)
        self._store = store
        self._changes = ChangeDetection(folder=folder, store=store, from_bytes=compare_from_bytes)
        self._sorting = SortingTurns()

    def cut(self, file: ClaimedFile, progress: Progress) -> Cuts:
        """Find out how a file is read, whether it may be, and what of it is new; enter that in the ledger; cut it."""
        with open_regular(file.path) as source:
            plan = yield from detect(source, file.dataset)
            if file.is_resumed:
                require_same_reading(file, plan, self._store)
            if file.dataset.max_rejects is not None and not progress.has_counted_rejects:
                yield from require_few_rejects(source, file, plan, files=self._files, store=self._store)
            progress.has_counted_rejects = True
            changes = (yield from self._changes.search(file)) if plan.is_plain else None
            rows = open_rows(source, file, plan, sorting=self._sorting, changes=changes)
            # What is not in the ledger must not be published.
            self._enter(file, plan, rows)
            progress.is_entered = True
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
