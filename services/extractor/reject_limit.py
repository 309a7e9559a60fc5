"""Counts what would be rejected of a file before any of its rows is published, where its dataset has a limit."""

import logging
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from services.extractor.extraction import Reading
from services.extractor.rejects.byte_offsets import offsets_in
from services.extractor.rejects.rejects_file import RejectsWriter
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.claimed_names import ClaimedName
from shared.extraction.regular_files import open_regular
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Dataset, RejectLimit
from shared.model.errors import FileRefused
from shared.model.reject_files import load_label
from shared.model.rows import Rejection, type_chunk
from shared.runtime.files import DataFolder, replacing
from shared.runtime.logs import facts
from shared.storage.ledger import load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_MAX_SHOWN = 3
_Steps = Generator[None, None, None]
#: The header, how many rows, and those that would be rejected.
_Typed = tuple[list[str], int, list[Rejection]]


@dataclass(slots=True)
class _Count:
    rows: int = 0
    rejected: int = 0
    #: The first ones.
    shown: list[Rejection] = field(default_factory=list)

    def add(self, row_count: int, rejections: list[Rejection]) -> None:
        self.rows += row_count
        self.rejected += len(rejections)
        self.shown += rejections[: _MAX_SHOWN - len(self.shown)]


class FirstPasses:
    """Looks at files a chunk at a time, so that others have their turns in between."""

    def __init__(self, *, folder: DataFolder, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._passes: dict[int, _Steps] = {}
        self._over: set[int] = set()

    def go_on(self, claimed: ClaimedName, *, is_resumed: bool) -> bool:
        """Look at a chunk more; True where there is nothing left to look at. What is resumed was looked at before.

        FileRefused where more rows would be rejected than may be; they are in rejected/ then. FileRefused, too, where
        the file does not fit; OSError where it can't be read; TransientError where the ledger can't be written.
        """
        dataset = self._store.catalog.datasets[claimed.dataset or ""]
        if dataset.max_rejects is None or is_resumed or claimed.load_id in self._over:
            return True
        steps = self._passes.setdefault(claimed.load_id, self._look(claimed, dataset, dataset.max_rejects))
        try:
            next(steps)
        except StopIteration:
            self.drop([claimed.load_id])
            self._over.add(claimed.load_id)
            return True
        except BaseException:
            self.drop([claimed.load_id])
            raise
        return False

    def drop(self, load_ids: Iterable[int]) -> None:
        """Look at these no further."""
        for load_id in load_ids:
            self._over.discard(load_id)
            steps = self._passes.pop(load_id, None)
            if steps is not None:
                steps.close()

    def _look(self, claimed: ClaimedName, dataset: Dataset, limit: RejectLimit) -> _Steps:
        count, seconds = _Count(), 0.0
        begun = time.monotonic()
        for _, row_count, rejections in self._typed(claimed, dataset):
            count.add(row_count, rejections)
            seconds += time.monotonic() - begun
            yield
            begun = time.monotonic()
        self._report(claimed.load_id, count, seconds + time.monotonic() - begun)
        if limit.is_exceeded(count.rejected, count.rows):
            yield from self._write(claimed, dataset)
            raise FileRefused("too-many-rejects", _refusal(claimed, count, limit))

    def _typed(self, claimed: ClaimedName, dataset: Dataset) -> Iterator[_Typed]:
        reading = Reading(claimed, dataset, self._folder.processing / str(claimed), sorting=SortingTurns())
        with closing(reading):
            while not reading.survey():
                yield [], 0, []
            reading.open(None, in_file_order=True)
            while isinstance(chunk := reading.message(), RowsExtracted):
                rejections = type_chunk(dataset, chunk).rejections
                yield chunk.header, chunk.row_count, sorted(rejections, key=lambda rejection: rejection.line)
                reading.confirm()

    def _report(self, load_id: int, count: _Count, seconds: float) -> None:
        with self._store.transaction() as connection:
            load_states.mark_first_pass(connection, self._store.schema, load_id, milliseconds=round(seconds * 1000))
        _log.info(
            "rows looked at before they are published",
            extra=facts(
                "rejects_counted",
                load_id=load_id,
                rows_read=count.rows,
                rejected=count.rejected,
                seconds=round(seconds, 3),
            ),
        )

    def _write(self, claimed: ClaimedName, dataset: Dataset) -> _Steps:
        """Write the rejects into a file, in a second look: only files that are refused pay for it."""
        path = self._folder.processing / str(claimed)
        with replacing(self._folder.rejected / claimed.rejects) as target, open_regular(path) as file:
            offsets, writer = offsets_in(file, dataset), None
            for header, _, rejections in self._typed(claimed, dataset):
                for rejection in rejections:
                    writer = writer or RejectsWriter(target, header, load=load_label(claimed.load_id, claimed.token))
                    byte_offset = None if offsets is None else offsets.of(rejection.line)
                    writer.write(rejection, byte_offset=byte_offset)
                yield


def _refusal(claimed: ClaimedName, count: _Count, limit: RejectLimit) -> str:
    shown = "; ".join(f"line {rejection.line}: {rejection.message}" for rejection in count.shown)
    return (
        f"{count.rejected} of {count.rows} rows would be rejected, at most {limit} may be (max_rejects). "
        f"All of them are in {claimed.rejects}; the first: {shown}"
    )
