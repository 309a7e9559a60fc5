"""Files cut into messages as the watcher cuts them, without a ledger."""

from contextlib import closing
from pathlib import Path

from services.extractor.extraction import detect
from services.extractor.row_sources import Cuts, Extracted, cut_rows, open_rows
from services.extractor.sorting.ordering import SortingTurns
from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import ClaimedName
from shared.extraction.regular_files import open_regular
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Dataset


def file_at(path: Path, dataset: Dataset, *, bounds: ChunkBounds, load_id: int = 1) -> ClaimedFile:
    """A file as it is claimed, wherever it is."""
    claimed = ClaimedName(load_id=load_id, token="", dataset=dataset.name, bounds=bounds, original=path.name)
    return ClaimedFile(claimed=claimed, dataset=dataset, path=path)


def cuts_of(file: ClaimedFile, *, sorting: SortingTurns | None = None) -> Cuts:
    """Cut a file, in steps."""
    with open_regular(file.path) as source:
        plan = yield from detect(source, file.dataset)
        return (yield from cut_rows(open_rows(source, file, plan, sorting=sorting or SortingTurns()), file))


def next_chunk(cuts: Cuts) -> RowsExtracted:
    """Take steps until one makes a chunk."""
    return next(cut for cut in cuts if cut is not None).chunk


def extract(file: ClaimedFile) -> tuple[list[RowsExtracted], Extracted]:
    """Cut a file to its end: return its chunks, and what follows them."""
    chunks: list[RowsExtracted] = []
    with closing(cuts_of(file)) as cuts:
        while True:
            try:
                cut = next(cuts)
            except StopIteration as end:
                extracted: Extracted = end.value
                return chunks, extracted
            if cut is not None:
                chunks.append(cut.chunk)
