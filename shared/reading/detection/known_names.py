"""Finds the header of a table with declared columns. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.model.datasets import ReadSettings
from shared.reading.detection.dialect_scoring import Rating
from shared.reading.detection.headers import joined_names
from shared.reading.sources import Record

_MAX_PREAMBLE_RECORDS = 100


@dataclass(frozen=True, slots=True)
class KnownNames:
    """A record with expected names: if it has all, that is the best evidence; if only some, the others are missing."""

    rating: Rating
    place: int
    are_all: bool
    header_lines: int = 1


def find_known_names(ratings: list[Rating], expected: Collection[str], settings: ReadSettings) -> KnownNames | None:
    """Find the record with the most expected names; of equals, the first one, in the best dialect.

    If the number of skipped lines is fixed, it is the first record. A header of no or of several lines has none.
    """
    if settings.header_lines not in (None, 1):
        return None
    wanted, most_records = {*expected}, _MAX_PREAMBLE_RECORDS if settings.skip_lines is None else 1
    best, most = None, (0, False)
    for rating in ratings:
        counts = [len(wanted.intersection(map(str.strip, cells))) for _, cells in rating.records[:most_records]]
        if not any(counts):
            continue
        place = counts.index(max(counts))
        # In a column of texts a blank is not a delimiter, even if all rows have one.
        found = (counts[place], len(rating.records[place][1]) == rating.width)
        if found > most:
            best, most = KnownNames(rating, place, counts[place] == len(wanted)), found
    if settings.header_lines == 1 or (best is not None and best.are_all):
        return best
    return _find_joined(ratings[0], wanted, most_records) or best


def _find_joined(rating: Rating, wanted: Collection[str], most_records: int) -> KnownNames | None:
    """Find two records that, joined column by column, have all expected names."""
    records = [cells for _, cells in rating.records[: most_records + 1]]
    for place, pair in enumerate(pairwise(records)):
        if wanted and set(joined_names(pair)).issuperset(wanted):
            return KnownNames(rating, place, are_all=True, header_lines=len(pair))
    return None


def row_above(records: Sequence[Record], place: int) -> int | None:
    """Find a record directly above the header with a value for each of three or more columns.

    A title has fewer values, and another table is separated from this one by a blank line.
    """
    lower, cells = records[place]
    width = len(cells)
    for line, above in reversed(records[:place]):
        if line + 1 < lower or width <= 2:  # noqa: PLR2004
            return None
        if len(above) == width and all(map(str.strip, above)):
            return line
        lower = line
    return None
