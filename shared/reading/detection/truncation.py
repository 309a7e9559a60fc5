"""Finds evidence that the end of a file is missing. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detection.csv_format import CsvFormat
from shared.reading.detection.file_tail import ending_of, last_records
from shared.reading.detection.samples import FileSample
from shared.reading.encodings.wide_encodings import is_wide
from shared.reading.sources import Record

_LINE_ENDS = (b"\n", b"\r")


def truncation_of(sample: FileSample, csv_format: CsvFormat) -> str | None:
    """Return what is missing at the end of the file; None if nothing is, or if that can't be known.

    A file with a final line end is complete unless a quote is open. A file without one may have been written like that;
    it is truncated if its last record is the only one that is not as wide as the table.
    """
    if is_wide(csv_format.dialect.encoding) or csv_format.layout.footer_lines:
        return None
    ending = ending_of(sample)
    records = last_records(sample, replace(csv_format.dialect, comment=None), csv_format.width)
    if not records:
        return None
    *before, last = records
    if isinstance(last, UnreadableRow):
        is_open = last.code == "dialect-error" and "never closed" in last.message
        is_at_end = ending.decode(csv_format.dialect.encoding, "replace").endswith(last.raw)
        return "the file ends inside a quoted value" if is_open and is_at_end else None
    if ending.endswith(_LINE_ENDS) or len(last[1]) >= csv_format.width or not _are_whole(before, csv_format):
        return None
    return (
        f"the file ends in the middle of line {last[0]}" if sample.is_whole else "the file ends in the middle of a line"
    )


def _are_whole(before: Sequence[Record | UnreadableRow], csv_format: CsvFormat) -> bool:
    """Whether all records shortly before the last one are as wide as the table."""
    close = before[-20:]
    return bool(close) and all(
        not isinstance(record, UnreadableRow) and len(record[1]) == csv_format.width for record in close
    )
