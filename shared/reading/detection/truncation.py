"""Finds evidence that a file's end is missing. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detection.csv_format import Understanding
from shared.reading.detection.file_tail import ending_of, last_records
from shared.reading.detection.samples import FileSample
from shared.reading.encodings.wide_encodings import is_wide
from shared.reading.sources import Record

_LINE_ENDS = (b"\n", b"\r")


def truncation_of(sample: FileSample, understanding: Understanding) -> str | None:
    """Say what of the file's end is missing; None where nothing is, or where nobody can know.

    A file that ends with a line end is whole unless a quote is open. One that does not may have been written so; it
    is cut where its last record is the only one that is not as wide as the table.
    """
    if is_wide(understanding.dialect.encoding) or understanding.layout.footer_lines:
        return None
    ending = ending_of(sample)
    records = last_records(sample, replace(understanding.dialect, comment=None), understanding.width)
    if not records:
        return None
    *before, last = records
    if isinstance(last, UnreadableRow):
        is_open = last.code == "dialect-error" and "never closed" in last.message
        is_at_end = ending.decode(understanding.dialect.encoding, "replace").endswith(last.raw)
        return "the file ends inside of a quoted value" if is_open and is_at_end else None
    if ending.endswith(_LINE_ENDS) or len(last[1]) >= understanding.width or not _are_whole(before, understanding):
        return None
    return f"the file ends in the middle of line {last[0]}" if sample.is_whole else "the file ends in a line's middle"


def _are_whole(before: Sequence[Record | UnreadableRow], understanding: Understanding) -> bool:
    """Whether all the records that come close before the last one are as wide as the table."""
    close = before[-20:]
    return bool(close) and all(
        not isinstance(record, UnreadableRow) and len(record[1]) == understanding.width for record in close
    )
