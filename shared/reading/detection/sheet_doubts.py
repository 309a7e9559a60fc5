"""Checks whether the row detected as the header of a sheet may be wrong. Pure."""

from collections.abc import Sequence

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detection.headers import guess_header
from shared.reading.sources import Record

#: The maximum number of records by which the header is judged.
MAX_JUDGED_RECORDS = 100
#: The minimum share of records with values only in the columns of the header.
_MIN_FITTING = 0.1
_MAX_SHOWN_CHARACTERS = 80
_REMEDY = "skip the rows above it with skip_lines ="


def doubt_of_sheet(header: Sequence[str], records: Sequence[Record | UnreadableRow]) -> str | None:
    """Return what is wrong with a header, to be followed by the place of the setting; None if nothing is."""
    rows = [record[1] for record in records if not isinstance(record, UnreadableRow)]
    outside = sum(isinstance(record, UnreadableRow) and record.code == "extra-cell" for record in records)
    shown = repr(", ".join(header)[:_MAX_SHOWN_CHARACTERS])
    if records and len(records) - outside < _MIN_FITTING * len(records):
        return f"nearly all rows have values outside the columns of the header {shown}; {_REMEDY}"
    guess = guess_header([header, *rows], len(header), fixed=None)
    if guess.is_by_values and not guess.header_lines:
        return f"the header {shown} looks like a row; insert a row with the names of the columns, or {_REMEDY}"
    return None
