"""Reads the last records of a file from its end only. Pure."""

from collections.abc import Sequence
from io import BytesIO

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.dialects import Dialect
from shared.reading.csv.records import RecordReader
from shared.reading.detection.samples import FileSample
from shared.reading.sources import Record

_Records = Sequence[Record | UnreadableRow]
#: DOS and CP/M programs write it after the last line of a text.
_END_MARK = b"\x1a"


def ending_of(sample: FileSample) -> bytes:
    """Return the end of the file from the beginning of a line, without the end mark of DOS."""
    ending = sample.head if sample.is_whole else sample.tail[sample.tail.find(b"\n") + 1 :]
    return ending.removesuffix(_END_MARK)


def has_end_mark(sample: FileSample) -> bool:
    """Whether that mark is on a line of its own, which is not a row."""
    return (sample.tail or sample.head).endswith((b"\n" + _END_MARK, b"\r" + _END_MARK))


def last_records(sample: FileSample, dialect: Dialect, width: int) -> _Records:
    """Read the end; if it begins inside a quoted value, from the end of that value's record.

    Of the two, the reading with more records as wide as the table is chosen.
    """
    ending = ending_of(sample)
    records = _read(ending, dialect, width)
    quote = (dialect.quote or "").encode(dialect.encoding)
    if sample.is_whole or not quote or quote not in ending:
        return records
    first, *others = _read(quote + ending, dialect, width)
    is_possible = not isinstance(first, UnreadableRow)
    return others if is_possible and _faults(others, width) < _faults(records, width) else records


def _read(text: bytes, dialect: Dialect, width: int) -> _Records:
    # As when the table is read: after a fault, the width determines which lines are records.
    return list(RecordReader(BytesIO(text), dialect=dialect, width=width))


def _faults(records: _Records, width: int) -> int:
    return sum(isinstance(record, UnreadableRow) or len(record[1]) != width for record in records)
