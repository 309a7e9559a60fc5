"""One claimed file on its way into the queue: its header, its chunks, its manifest."""

import os
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import IO

from services.extractor.comparing.changes import Changes
from services.extractor.row_sources import Opened, open_as_planned, open_changes, open_plain
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.chunks import ChunkBounds, cut_chunks
from shared.extraction.claimed_names import ClaimedName
from shared.extraction.file_version import FileVersion
from shared.extraction.header import Header
from shared.extraction.regular_files import open_regular
from shared.extraction.windows import RecordsOfText, Window
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.datasets import Dataset
from shared.reading.detector import Detector
from shared.reading.line_account import LineAccount
from shared.reading.read_plan import ReadPlan

#: A changed row costs so many times as much as a new one: its page is read first. Smaller chunks occupy more writers.
_CHANGES_ARE_DEARER = 8

_Message = RowsExtracted | LoadExtracted


class Reading:
    """Gives a file's messages one after the other; a message is read when it is asked for, and given until confirmed.

    Files take turns, many at a time: what one holds between its turns must be small.
    """

    def __init__(
        self,
        claimed: ClaimedName,
        dataset: Dataset,
        path: Path,
        *,
        sorting: SortingTurns,
        is_resumed: bool = False,
        version: FileVersion | None = None,
    ) -> None:
        self.claimed = claimed
        #: Whether some of its messages may have been published already.
        self.is_resumed = is_resumed
        self.dataset = dataset
        self._path = path
        self._sorting = sorting
        self._version = version
        self._file: IO[bytes] | None = None
        self._survey: Detector | None = None
        self._opened: Opened | None = None
        self._changes: Changes | None = None
        self._window: Window | None = None
        self._messages: Generator[_Message | None, None, None] | None = None
        self._row_count = 0
        self._current: _Message | None = None
        #: Whether the header has been read.
        self.is_open = False
        #: Whether the manifest, which is the last message, is confirmed.
        self.is_finished = False
        self._unreadable_count = 0
        #: What became of each line; None before the end of the file, and where only its changes are read.
        self.line_account: LineAccount | None = None
        #: Of the file's content, once all of it was read.
        self.fingerprint: str | None = None

    @property
    def holds_window(self) -> bool:
        """Whether it has many rows in memory, and should be done with them before others have their turn."""
        return isinstance(self._window, RecordsOfText) and self._window.is_in_memory

    def require_version(self) -> None:
        """Raise FileRefused where the file is not what was claimed any more: other chunks would be cut from it."""
        if self._version is not None:
            self._version.require(self._path)

    def survey(self) -> bool:
        """Find out how the file is to be read; False if that takes another turn.

        FileRefused where that can't be found out or is not sure; OSError where the file can't be read.
        """
        if self._survey is None:
            self._file = open_regular(self._path)
            self._survey = Detector(
                self._file,
                self.dataset.read,
                expected=self.dataset.expected_labels,
                declared=self.dataset.labels,
            )
        if self._survey.advance():
            return False
        self._survey.plan.check()
        return True

    @property
    def is_plain(self) -> bool:
        """Whether its lines are records as they stand: such files can be compared and put in order as text."""
        return self.plan.is_plain

    @property
    def plan(self) -> ReadPlan:
        """How the file is read, after the survey."""
        if self._survey is None:
            raise RuntimeError("a file is surveyed before it is opened")
        return self._survey.plan

    def open(self, changes: Changes | None, *, in_file_order: bool = False) -> Header:
        """Read the header, after the survey; of the rows, only the changes will be given where they are known.

        FileRefused where the header does not fit the dataset; OSError where the file can't be read.
        """
        if self._file is None:
            raise RuntimeError("a file is surveyed before it is opened")
        self._changes = changes
        bounds = self.claimed.bounds
        if changes is not None:
            bounds = replace(bounds, rows=max(1, bounds.rows // _CHANGES_ARE_DEARER))
        self._opened = self._open(self._file, changes, in_file_order=in_file_order)
        self._row_count, self._unreadable_count, self._current = 0, 0, None
        self._messages = self._read(self._opened, bounds)
        self.is_open = True
        return self._opened.header

    def _open(self, file: IO[bytes], changes: Changes | None, *, in_file_order: bool) -> Opened:
        if not self.is_plain:
            return open_as_planned(file, self.plan, self.dataset)
        if changes is not None:
            return open_changes(changes, self.dataset)
        is_one_chunk = in_file_order or os.fstat(file.fileno()).st_size <= self.claimed.bounds.bytes
        folder = self._path.parent
        return open_plain(file, self.dataset, is_one_chunk=is_one_chunk, folder=folder, sorting=self._sorting)

    def _read(self, opened: Opened, bounds: ChunkBounds) -> Generator[_Message | None, None, None]:
        for self._window in opened.windows:
            if self._window is None:
                yield None
                continue
            # What was given is confirmed by now.
            yield from cut_chunks(
                self._window,
                iter(self._window),
                bounds,
                load_id=self.claimed.load_id,
                dataset=self.dataset.name,
                header=opened.header.names,
                declared=self.dataset.labels,
                first_row=self._row_count,
            )
        if opened.lines is not None:
            rejects = self._unreadable_count
            self.line_account = LineAccount.of(opened.lines, rows=self._row_count - rejects, rejects=rejects)
        yield self._manifest()

    def message(self) -> _Message | None:
        """Return the message to publish next; None where this was a step on the way to it.

        OSError where the file can't be read or sorted.
        """
        if self._current is None and self._messages is not None:
            self._current = next(self._messages)
        return self._current

    def confirm(self) -> None:
        """The message is safe: the next one is another."""
        if isinstance(self._current, RowsExtracted):
            self._row_count += self._current.row_count
            self._unreadable_count += len(self._current.unreadable)
        else:
            self.is_finished = True
            self.close()
        self._current = None

    def close(self) -> None:
        """Close the file; a new `open` begins from the start."""
        if isinstance(self._window, RecordsOfText):
            self._window.close()
        if self._messages is not None:
            self._messages.close()
            self._messages = None
        if self._file is not None:
            self._file.close()
        self._file, self._survey, self._opened, self.is_open = None, None, None, False

    def _manifest(self) -> LoadExtracted:
        manifest = LoadExtracted(load_id=self.claimed.load_id, dataset=self.dataset.name, row_count=self._row_count)
        if self._changes is None:
            source = self._opened.source if self._opened else None
            self.fingerprint = source.fingerprint if source else None
            return manifest
        self.fingerprint = self._changes.fingerprint
        unchanged, superseded = self._changes.unchanged_count, self._changes.superseded_count
        return replace(
            manifest,
            row_count=self._row_count + unchanged + superseded,
            unchanged_count=unchanged,
            superseded_count=superseded,
        )
