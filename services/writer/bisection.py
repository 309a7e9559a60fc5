"""Finds the rows of a chunk that the database refuses, by halves, and merges all others.

A refused row is treated as one that can't be typed: the last line of a key that the database accepts wins. A line that
a later one supersedes is not tried: it counts as superseded, even if the database would refuse it.
"""

from collections.abc import Callable, Sequence
from itertools import chain

from sqlalchemy import Connection

from services.writer.merge import Merger
from services.writer.outcomes import LinedRow, MergePlan, lines_of_each_key
from shared.messaging.payloads import RowsExtracted
from shared.model.errors import RowsRefused
from shared.model.rows import Rejection, as_csv

#: What was merged of a chunk, and the rows that the database refused.
Merged = tuple[MergePlan, list[Rejection]]
Merge = Callable[[Connection, Merger, RowsExtracted, Sequence[LinedRow]], Merged]


def merge_all(connection: Connection, merger: Merger, chunk: RowsExtracted, rows: Sequence[LinedRow]) -> Merged:
    """Merge a chunk's typed rows together; RowsRefused (through the transaction) where the database refuses any."""
    return merger.merge(connection, chunk.load_id, rows), []


def merge_what_fits(connection: Connection, merger: Merger, chunk: RowsExtracted, rows: Sequence[LinedRow]) -> Merged:
    """Merge a chunk's typed rows but those that the database refuses, which become rejections in its words."""
    merged, refused = MergePlan(), list[Rejection]()
    texts = dict(zip(chunk.lines, chunk.rows, strict=True))
    # What is still to be merged, the lines of a key together, the next ones last.
    waiting = [lines_of_each_key(rows, merger.key)]
    while waiting:
        some = waiting.pop()
        try:
            with merger.database.savepoint(connection):
                merged.add(merger.merge(connection, chunk.load_id, list(chain.from_iterable(some))))
        except RowsRefused as error:
            if len(some) == 1:
                *earlier, (line, _) = some[0]
                refused.append(_rejection(line, error, texts[line]))
                waiting += [[earlier]] if earlier else []
            else:
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
    return merged, refused


def _rejection(line: int, error: RowsRefused, cells: Sequence[str]) -> Rejection:
    message = f"the database refuses the row: {error}"
    return Rejection(line=line, column=None, code="constraint-error", message=message, raw=as_csv(cells))
