"""One claimed file on its way into the queue: its header, its chunks, its manifest."""

import errno
import os
import stat
from pathlib import Path
from typing import IO, TYPE_CHECKING

from services.watcher.chunks import cut_chunks
from services.watcher.claims import ClaimedName
from services.watcher.header import Header, match_header
from services.watcher.records import RecordReader
from shared.datasets import Dataset
from shared.errors import FileRefused
from shared.files import READ_FLAGS
from shared.messages import LoadExtracted, RowsExtracted, UnreadableRow

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reading:
    """Gives a file's messages one after the other; a message is read when it is asked for, and given until confirmed.

    Files take turns, many at a time: what one holds between its turns must be small.
    """

    def __init__(self, claimed: ClaimedName, dataset: Dataset, path: Path) -> None:
        self.claimed = claimed
        self._dataset = dataset
        self._path = path
        self._file: IO[bytes] | None = None
        self._chunks: Iterator[RowsExtracted] = iter(())
        self._row_count = 0
        self._current: RowsExtracted | LoadExtracted | None = None
        #: Whether the manifest, which is the last message, is confirmed.
        self.is_finished = False

    @property
    def is_open(self) -> bool:
        """Whether the header has been read."""
        return self._file is not None

    def open(self) -> Header:
        """Read the header. FileRefused where it does not fit the dataset; OSError where the file can't be read."""
        self._file = _open_regular(self._path)
        reader = RecordReader(self._file)
        records = iter(reader)
        header = match_header(_header_cells(next(records, None)), self._dataset)
        self._chunks = cut_chunks(
            reader,
            records,
            self.claimed.bounds,
            load_id=self.claimed.load_id,
            dataset=self._dataset.name,
            header=header.names,
        )
        self._row_count, self._current = 0, None
        return header

    def message(self) -> RowsExtracted | LoadExtracted:
        """Return the message to publish next. OSError where the file can't be read."""
        if self._current is None:
            self._current = next(self._chunks, None) or self._manifest()
        return self._current

    def confirm(self) -> None:
        """The message is safe: the next one is another."""
        if isinstance(self._current, RowsExtracted):
            self._row_count += self._current.row_count
        else:
            self.is_finished = True
            self.close()
        self._current = None

    def close(self) -> None:
        """Close the file; a new `open` begins from the start."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _manifest(self) -> LoadExtracted:
        return LoadExtracted(load_id=self.claimed.load_id, dataset=self._dataset.name, row_count=self._row_count)


def _open_regular(path: Path) -> IO[bytes]:
    """Open a file; FileRefused where something else took its place between the look and the claim."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefused("not-a-regular-file", "found a link; expected a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused("not-a-regular-file", "found a folder, a pipe or a device; expected a regular file")
    return os.fdopen(descriptor, "rb")


def _header_cells(first: tuple[int, list[str]] | UnreadableRow | None) -> list[str]:
    if first is None:
        raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
    if isinstance(first, UnreadableRow):
        raise FileRefused(first.code, f"the header can't be read: {first.message}")
    cells = first[1]
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        raise FileRefused("encoding-error", "the header has bytes that are not UTF-8; save the file as UTF-8")
    return cells
