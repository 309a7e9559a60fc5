"""Counts what would be rejected of a file before any of its rows is published, where its dataset has a limit."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.extractor.rejects.byte_offsets import offsets_in
from services.extractor.rejects.rejects_file import RejectsWriter
from services.extractor.row_sources import cut_rows, open_rows
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import ClaimedName, LoadFiles
from shared.extraction.regular_files import open_regular
from shared.model.datasets import RejectLimit
from shared.model.errors import FileRefused
from shared.model.reject_files import load_label
from shared.model.rows import Rejection, type_chunk
from shared.reading.read_plan import ReadPlan
from shared.runtime.files import replacing
from shared.runtime.logs import facts
from shared.runtime.steps import Steps
from shared.storage.ledger import load_states
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_MAX_SHOWN = 3
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


def require_few_rejects(
    source: IO[bytes], file: ClaimedFile, plan: ReadPlan, *, files: LoadFiles, store: Store
) -> Steps[None]:
    """Read a file once, a chunk at each step. FileRefused where more rows would be rejected than its dataset allows.

    They are in rejected/ then. FileRefused, too, where the file does not fit; OSError where it can't be read;
    TransientError where the ledger can't be written.
    """
    count, seconds = _Count(), 0.0
    begun = time.monotonic()
    for _, row_count, rejections in _typed(source, file, plan):
        count.add(row_count, rejections)
        seconds += time.monotonic() - begun
        yield
        begun = time.monotonic()
    _report(store, file.claimed.load_id, count, seconds + time.monotonic() - begun)
    limit = file.dataset.max_rejects
    if limit is not None and limit.is_exceeded(count.rejected, count.rows):
        yield from _write(source, file, plan, files.rejected_rows(file.claimed))
        raise FileRefused("too-many-rejects", _refusal(file.claimed, count, limit))


def _typed(source: IO[bytes], file: ClaimedFile, plan: ReadPlan) -> Iterator[_Typed]:
    rows = open_rows(source, file, plan, sorting=SortingTurns(), in_file_order=True)
    for cut in cut_rows(rows, file):
        if cut is not None:
            rejections = type_chunk(file.dataset, cut.chunk).rejections
            yield cut.chunk.header, cut.chunk.row_count, sorted(rejections, key=lambda rejection: rejection.line)


def _report(store: Store, load_id: int, count: _Count, seconds: float) -> None:
    with store.transaction() as connection:
        load_states.mark_first_pass(connection, store.schema, load_id, milliseconds=round(seconds * 1000))
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


def _write(source: IO[bytes], file: ClaimedFile, plan: ReadPlan, path: Path) -> Steps[None]:
    """Write the rejects into a file, in a second look: only files that are refused pay for it."""
    with replacing(path) as target, open_regular(file.path) as again:
        offsets, writer = offsets_in(again, plan), None
        for header, _, rejections in _typed(source, file, plan):
            for rejection in rejections:
                label = load_label(file.claimed.load_id, file.claimed.token)
                writer = writer or RejectsWriter(target, header, load=label)
                byte_offset = None if offsets is None else offsets.of(rejection.line)
                writer.write(rejection, byte_offset=byte_offset)
            yield


def _refusal(claimed: ClaimedName, count: _Count, limit: RejectLimit) -> str:
    shown = "; ".join(f"line {rejection.line}: {rejection.message}" for rejection in count.shown)
    return (
        f"{count.rejected} of {count.rows} rows would be rejected, at most {limit} may be (max_rejects). "
        f"All of them are in {claimed.rejects}; the first: {shown}"
    )
