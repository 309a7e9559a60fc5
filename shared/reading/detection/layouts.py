"""Finds the table in a file: the lines above its header, the header itself, and the lines below the rows. Pure.

Each place where the table may begin is rated with all its consequences, and the best one is chosen. Lines that look
like a table are rarely skipped for another table: rows that do not fit become visible rejects, but lines above a table
are not rows at all.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import NamedTuple

from shared.model.datasets import ReadSettings
from shared.reading.detection.cell_types import CellType, kind_of
from shared.reading.detection.footers import footer_of, is_remark
from shared.reading.detection.headers import (
    HeaderGuess,
    guess_header,
    has_decimal_parts,
    is_rule,
    may_be_names,
    value_columns,
)
from shared.reading.detection.trailing_delimiters import lacks_last, trailing_delimiters
from shared.reading.line_account import line_count_of
from shared.reading.sources import Record

#: The maximum number of records above a header, and of places that are rated.
_MAX_PREAMBLE_RECORDS, _MAX_PLACES = 100, 16
#: The ratings of a table without a header: at the beginning of the file or below remarks, and below anything else.
_WITHOUT_HEADER, _WITHOUT_HEADER_BELOW = 0.7, 0.35
#: The ratings of a header without rows below skipped lines, and of one that is repeated at once.
_WITHOUT_ROWS, _REPEATED = 0.3, 0.5
#: The ratings of skipping lines: titles and notes, pairs of a label and a value, wider records, a table.
_TITLES, _PAIRS, _WIDER, _TABLE = 0.97, 0.95, 0.85, 0.1
#: The rating of skipping pairs that may be a table of two columns: the user is asked.
_LABELS, _MAX_PAIRS, _MAX_LABELLED = 0.7, 10, 3
#: The share of one type above which values below each other are a column.
_MAX_SHARE_OF_KIND = 0.7
#: The ratings of skipping pairs and wider records without a blank line below them, and a record that may be a row.
_ADJACENT, _LIKE_ROW = 0.6, 0.4
#: The minimum number of equally wide records of a table: with values in the same columns, or directly above the table.
_MIN_TABLE_RECORDS = 4
_MIN_TABLE_WIDTH = 3
#: The maximum number of rows by which a header is judged.
_MAX_JUDGED_ROWS = 100
_SURE_HEADER = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The position of the table."""

    #: Lines before the header.
    skip_lines: int = 0
    #: Records of the header; 0 without a header.
    header_lines: int = 1
    #: Records below the header that are not rows: units, lines of dashes.
    notes_lines: int = 0
    #: Records at the end that are not rows.
    footer_lines: int = 0
    #: The number of delimiters at the end of each row that are not followed by a column.
    trailing_delimiters: int = 0
    #: Whether the header has no cell for the first column, which contains row names.
    row_names: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the first record is the header and all others are rows."""
        return self == Layout()

    def __str__(self) -> str:
        """Describe the layout in the terms of inflow.toml."""
        parts = [f"header_lines {self.header_lines}"]
        parts += [f"skip_lines {self.skip_lines}"] if self.skip_lines else []
        parts += [f"notes_lines {self.notes_lines}"] if self.notes_lines else []
        parts += [f"footer_lines {self.footer_lines}"] if self.footer_lines else []
        parts += [f"trailing_delimiters {self.trailing_delimiters}"] if self.trailing_delimiters else []
        parts += ["no name for the first column"] if self.row_names else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableGuess:
    """A place where the table may begin, and its consequences."""

    layout: Layout
    #: The first record of the table.
    first: Record
    #: The number of cells of a row.
    width: int
    #: The rating of this beginning, from 0 to 1.
    score: float
    #: The share of the values below that are in rows of this width.
    fit: float
    #: The confidence in whether the first record is the header, from 0 to 1.
    header_confidence: float
    #: Whether the lines above may also be a table of two columns.
    passes_over_pairs: bool = False


def guess_tables(
    records: Sequence[Record],
    settings: ReadSettings,
    *,
    unreadable: int = 0,
    named: tuple[int, int] | None = None,
) -> list[TableGuess]:
    """Rate the places where the table may begin, best first; there is at least one.

    `unreadable` is the number of unreadable records. `named` is the known beginning of the header, and the number of
    its records.
    """
    if not records:
        return [_nothing(settings)]
    if named is not None:
        place, header_lines = named
        return [_table_at(records, place, replace(settings, header_lines=header_lines), unreadable)]
    places = [0] if settings.skip_lines is not None else _places(records, settings)
    guesses = [_table_at(records, place, settings, unreadable) for place in places]
    return sorted(guesses, key=lambda guess: -guess.score)


def with_footer(
    layout: Layout, settings: ReadSettings, *, ending: Sequence[Record] | None, width: int, is_cut: bool
) -> Layout:
    """Add the remarks at the end of the file, whose last records are given if they are known.

    `is_cut`: the file does not end with a line end.
    """
    lines = settings.footer_lines
    if lines is None:
        lines = footer_of(ending, width, at_least=layout.header_lines + layout.notes_lines + 1, is_cut=is_cut)
    return replace(layout, footer_lines=lines)


def _nothing(settings: ReadSettings) -> TableGuess:
    header_lines = 1 if settings.header_lines is None else settings.header_lines
    layout = Layout(skip_lines=settings.skip_lines or 0, header_lines=header_lines)
    return TableGuess(layout=layout, first=(1, []), width=1, score=1.0, fit=1.0, header_confidence=1.0)


def _places(records: Sequence[Record], settings: ReadSettings) -> list[int]:
    """Return the records with which a table may begin: the first one, and those that differ from the one before.

    If it is known that there is no header, only remarks are above the rows.
    """
    if settings.header_lines == 0:
        width = max(len(cells) for _, cells in records)
        remarks = sum(1 for _ in takewhile(lambda record: width > 1 and is_remark(record[1], width), records))
        return [remarks if remarks < len(records) else 0]
    found = [0]
    above, filled_above = records[0][1], _filled(records[0][1])
    for place, (_, cells) in enumerate(records[1:_MAX_PREAMBLE_RECORDS], start=1):
        filled = _filled(cells)
        is_other = len(cells) != len(above) or filled > filled_above or is_apart(records, place)
        is_below_repeated = place > 1 and cells != above == records[place - 2][1]
        if filled and (is_other or is_below_repeated):
            found.append(place)
            if len(found) == _MAX_PLACES:
                break
        above, filled_above = cells, filled
    return found


def is_apart(records: Sequence[Record], place: int) -> bool:
    """Whether a blank line, or a record of only delimiters, is directly above a record."""
    line, cells = records[place - 1]
    gap = records[place][0] - line
    return not any(map(str.strip, cells)) or (gap > 1 and gap > line_count_of(cells))


def _filled(cells: Sequence[str]) -> int:
    return sum(map(bool, map(str.strip, cells)))


class _Shape(NamedTuple):
    width: int
    trailing: int = 0
    row_names: bool = False


def _table_at(records: Sequence[Record], place: int, settings: ReadSettings, unreadable: int) -> TableGuess:
    table = records[place:]
    width = _width(table, settings)
    header = guess_header(_first_rows(table, width, fixed=settings.header_lines), width, fixed=settings.header_lines)
    shape = _shape(table, width, header)
    if shape.row_names:
        header = replace(header, header_lines=1, confidence=min(header.confidence, 0.9))
    elif settings.header_lines is None and len(table[0][1]) < width - shape.trailing:
        # The first of several lines has a cell for each column, including empty ones.
        header = replace(header, header_lines=min(header.header_lines, 1))
    body = [cells for _, cells in table[header.header_lines + header.notes_lines :]]
    fit = _fit(body, shape.width, unreadable)
    has_header = header.header_lines > 0 and header.confidence >= _SURE_HEADER
    skipping = _skipping(records, place, width, has_header=has_header)
    beginning = _beginning(records, place, header) * _named_share(table, shape, header)
    line = records[place][0]
    layout = Layout(
        skip_lines=settings.skip_lines or (line - 1 if place else 0),
        header_lines=header.header_lines,
        notes_lines=header.notes_lines,
        trailing_delimiters=shape.trailing,
        row_names=shape.row_names,
    )
    return TableGuess(
        layout=layout,
        first=records[place],
        width=shape.width,
        score=math.prod(skipping) * beginning * (0.5 + fit / 2) * (_WITHOUT_ROWS if place and not body else 1),
        fit=fit,
        header_confidence=header.confidence,
        passes_over_pairs=_LABELS in skipping,
    )


def _width(table: Sequence[Record], settings: ReadSettings) -> int:
    """Return the width of the table that begins with this record: that of the record if others have it too.

    Otherwise that of most records below, which may have additional or missing delimiters at their ends.
    """
    own, below = len(table[0][1]), Counter(len(cells) for _, cells in table[1:] if any(map(str.strip, cells)))
    most = max(below, key=lambda width: (below[width], width), default=own)
    has_its_like_near = own > 1 and own in [len(cells) for _, cells in table[1:4]]
    return own if has_its_like_near and settings.header_lines != 0 else most


def _first_rows(table: Sequence[Record], width: int, *, fixed: int | None) -> list[Sequence[str]]:
    """Return the first record, and those as wide as the table, up to a blank line if they are enough to judge.

    A line of dashes below the header may be drawn across the delimiters. The header may be repeated, as in concatenated
    files. `fixed` is the known number of lines of the header.
    """
    first = _as_wide(table[0][1], width)
    rows = [first]
    for at in range(1, len(table)):
        cells = table[at][1]
        if len(rows) >= _MAX_JUDGED_ROWS or (len(rows) > _MIN_TABLE_RECORDS and is_apart(table, at)):
            break
        is_drawn_across = at == 1 and fixed in (None, 1) and is_rule(cells)
        is_repeated = cells == first
        if (len(cells) == width and not is_repeated) or is_drawn_across:
            rows.append(cells)
    return rows


def _as_wide(cells: Sequence[str], width: int) -> Sequence[str]:
    return [*cells[:width], *[""] * (width - len(cells))]


def _shape(table: Sequence[Record], width: int, header: HeaderGuess) -> _Shape:
    """Compare the width of the first record with that of the others, and decide which is right if they differ."""
    (_, cells), own = table[0], len(table[0][1])
    if own == width or (not header.header_lines and own < width - 1):
        return _Shape(width, trailing_delimiters(table, width, header.header_lines))
    if own > width:
        # Delimiters or a blank may follow the names.
        return _Shape(width if not any(map(str.strip, cells[width:])) else own)
    if lacks_last(table, 0, width):
        return _Shape(width, trailing_delimiters(table, width, max(1, header.header_lines)))
    rows = [row for _, row in table[1:] if len(row) == width]
    if own + 1 == width == len(table[1][1]) and _lacks_first(cells, rows):
        return _Shape(width, row_names=True)
    return _Shape(own if header.header_lines else width)


def _lacks_first(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a record has a name for each column except the first, which has the name or the number of each row.

    A decimal comma in a comma-delimited row also adds a value.
    """
    row_names = [row[0].strip() for row in rows]
    are_distinct = len({*row_names}) == len(rows) > 1 and all(row_names)
    are_names = len(cells) > 1 and sum(map(bool, cells)) >= len(cells) - 1 and may_be_names(cells)
    below = guess_header(rows, len(cells) + 1, fixed=None)
    has_names_below = below.is_by_values and below.header_lines > 0
    name_rows = may_be_names(row_names) or _count_rows(row_names)
    return are_distinct and name_rows and are_names and not has_names_below and not has_decimal_parts(rows)


def _count_rows(texts: Sequence[str]) -> bool:
    """Whether these are consecutive numbers from 0 or 1; others are more likely the values of a column."""
    return [*texts] in ([*map(str, range(begin, begin + len(texts)))] for begin in (0, 1))


def _fit(body: Sequence[Sequence[str]], width: int, unreadable: int) -> float:
    """Return the share of the values that are in rows of this width; an unreadable record counts as a row."""
    counts = Counter(map(len, body))
    if width > 1:
        counts[1] -= sum(is_remark(cells, width) for cells in body if len(cells) == 1)
    total = sum(each * count for each, count in counts.items()) + width * unreadable
    return width * counts[width] / total if total else 1.0


def _beginning(records: Sequence[Record], place: int, header: HeaderGuess) -> float:
    """Rate a record as the first one of a table."""
    cells, filled = records[place][1], _filled(records[place][1])
    if not filled:
        return 0.1
    width = max(len(each) for _, each in records[place:]) if filled == 1 else 1
    if width > 2 or len(cells) == 1 < width:  # noqa: PLR2004
        return 0.1
    if header.header_lines:
        is_repeated = [cells] == [each for _, each in records[place + 1 : place + 2]]
        return (0.6 + 0.4 * header.confidence) * (_REPEATED if is_repeated else 1)
    above = [each for _, each in records[:place] if _filled(each)]
    are_titles = all(_filled(each) == 1 for each in above)
    is_below_remarks = are_titles and (not place or is_apart(records, place) or all(map(_is_remark, above)))
    return _WITHOUT_HEADER if is_below_remarks else _WITHOUT_HEADER_BELOW


def _named_share(table: Sequence[Record], shape: _Shape, header: HeaderGuess) -> float:
    """Return the share of the columns with values that have a name; the first one needs none. 1 without a header."""
    if not header.header_lines or shape.row_names:
        return 1.0
    rows = [cells for _, cells in table[header.header_lines + header.notes_lines :] if len(cells) == shape.width]
    named = {column for _, cells in table[: header.header_lines] for column, cell in enumerate(cells) if cell.strip()}
    unnamed = [column for column in range(1, shape.width) if column not in named]
    valued = sum(any(cells[column].strip() for cells in rows) for column in unnamed)
    return 1 - valued / shape.width


def _is_remark(cells: Sequence[str]) -> bool:
    return is_remark([*filter(str.strip, cells)], _MIN_TABLE_WIDTH)


def _skipping(records: Sequence[Record], place: int, width: int, *, has_header: bool) -> list[float]:
    """Rate, for each group of records above, separated by blank lines, that it is not part of the table."""
    found = []
    for begin, end in _groups(records, place):
        group = [cells for _, cells in records[begin:end] if _filled(cells)]
        is_adjacent = end == place and not is_apart(records, place)
        above = _Above(group, width, is_adjacent=is_adjacent, has_header=has_header)
        found.append(_skipping_group(above))
    return found


def _groups(records: Sequence[Record], place: int) -> Iterator[tuple[int, int]]:
    begin = 0
    for at in range(1, place + 1):
        if at == place or is_apart(records, at):
            yield begin, at
            begin = at


class _Above(NamedTuple):
    """Consecutive records without a blank line, above a possible beginning of the table."""

    records: Sequence[Sequence[str]]
    #: The width of the table, and whether its first record is certainly a header.
    width: int
    has_header: bool
    #: Whether no blank line separates the records from the table.
    is_adjacent: bool

    @property
    def is_set_apart(self) -> bool:
        """Whether the records are separated from the table, by a blank line or by a wider header."""
        return not self.is_adjacent or (self.has_header and self.is_narrower)

    @property
    def is_narrower(self) -> bool:
        """Whether all records have fewer cells than a row."""
        return max(map(len, self.records), default=0) < self.width

    @property
    def may_be_labels(self) -> bool:
        """Whether each record may be a label with a value and perhaps a unit: a table of two columns has more rows."""
        labels = {cells[0].strip() for cells in self.records}
        are_names = len(labels) == len(self.records) <= _MAX_PAIRS and may_be_names([*labels])
        are_short = all(_filled(cells) <= _MAX_LABELLED for cells in self.records)
        return self.is_set_apart and self.has_header and are_names and are_short

    @property
    def are_labels(self) -> bool:
        """Whether they certainly are labels: their values have several types, unlike those of a column."""
        if not self.is_narrower or not self.may_be_labels:
            return False
        kinds = Counter(_rough_kind(cells[1]) for cells in self.records[1:] if len(cells) > 1 and cells[1].strip())
        return len(kinds) > 1 and max(kinds.values()) < _MAX_SHARE_OF_KIND * kinds.total()


def _skipping_group(above: _Above) -> float:
    group, width = above.records, above.width
    most = max(map(_filled, group), default=0)
    if most <= 1:
        # A word directly above possible rows is more likely the name of their only column, or one of the rows.
        is_title = above.has_header or not above.is_adjacent or any(map(_is_remark, group))
        is_like_rows = width == 1 and not all(map(_is_remark, group))
        return _LIKE_ROW if is_like_rows else _TITLES if is_title else _ADJACENT
    if above.are_labels:
        return _PAIRS
    if _has_table(group, is_adjacent=above.is_adjacent, has_header=above.has_header):
        return _LABELS if above.may_be_labels else _TABLE
    believable = _PAIRS if most == 2 else _WIDER  # noqa: PLR2004
    may_be_rows = width >= _MIN_TABLE_WIDTH or not above.has_header
    if may_be_rows and any(len(cells) == width == _filled(cells) for cells in group):
        believable *= _LIKE_ROW
    return believable if above.is_set_apart else believable * _ADJACENT


def _rough_kind(cell: str) -> CellType:
    kind = kind_of(cell)
    return kind if kind in ("number", "time") else "text"


def _has_table(group: Sequence[Sequence[str]], *, is_adjacent: bool, has_header: bool) -> bool:
    """Whether equally wide records look like a header and its rows, or like many rows."""
    tables = ([cells for cells in group if len(cells) == width] for width in {*map(len, group)})
    return any(_is_table(rows, is_adjacent=is_adjacent, has_header=has_header) for rows in tables)


def _is_table(rows: Sequence[Sequence[str]], *, is_adjacent: bool, has_header: bool) -> bool:
    width = len(rows[0])
    # A repeated record is not further evidence: it may be a repeated line, or the header of a concatenated file.
    rows = [*dict.fromkeys(map(tuple, rows))]
    if len(rows) < 2 or width < 2 or max(map(_filled, rows)) < width:  # noqa: PLR2004
        return False
    guess = guess_header(rows, width, fixed=None)
    if guess.is_by_values and guess.header_lines and (len(rows) > 2 or width > 2 or is_adjacent or not has_header):  # noqa: PLR2004
        return True
    is_long = len(rows) >= _MIN_TABLE_RECORDS
    return is_long and (is_adjacent or bool(value_columns(rows, width)))
