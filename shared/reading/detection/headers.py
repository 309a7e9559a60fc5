"""Distinguishes the header from the rows, and the units or notes below it from both. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from operator import itemgetter
from typing import TypeVar

from shared.reading.detection.cell_types import CellType, code_length, is_rare_for_names, kind_of, shape_of

_T = TypeVar("_T")
_VALUES: tuple[CellType, ...] = ("number", "time")
#: The types of values that their columns' names do not look like.
_COLUMN_KINDS: tuple[CellType, ...] = (*_VALUES, "code")
#: The minimum share of values among the cells of a column of values.
_MIN_SHARE = 0.8
_MAX_HEADER_LINES = 4
_UNIT = re.compile(r"[\[(].{0,20}[\])]|%|°?[CFK]|[µmkcdMG]?(?:m|g|l|L|s|V|A|W|Hz|Pa|bar|mol|J)(?:[²³23])?(?:/\w{1,3})?")
_YEARS = range(1800, 2200)
#: The confidence that columns of values give; and the evidence for a header in a table of texts without any other.
_SURE, _PRIOR_OF_HEADER = 0.95, 0.2
_MAX_EVIDENCE = 5
_RULE = re.compile(r"[-=_+ ]+|:?-+:?")
#: The maximum number of missing values that a row may mark in words. Directly below a complete header this is doubtful.
_MAX_LACKED = 2
#: The minimum number of columns that do not have the numbers 0, 1, 2, … by chance.
_MIN_NUMBERED = 4


def value_columns(rows: Sequence[Sequence[str]], width: int) -> dict[int, CellType]:
    """Return the columns with numbers, times or codes in nearly all rows below a possible header."""
    below = rows[max(1, min(len(rows) // 2, _MAX_HEADER_LINES)) :]
    found: dict[int, CellType] = {}
    for column in range(width):
        kinds = Counter(map(kind_of, map(itemgetter(column), below)))
        del kinds["empty"]
        for kind in _COLUMN_KINDS:
            if kinds[kind] and kinds[kind] >= _MIN_SHARE * kinds.total():
                found[column] = kind
    return found


@dataclass(frozen=True, slots=True)
class HeaderGuess:
    """The roles of the first records of a table."""

    #: The number of records with names, and of those below them with units or a line of dashes.
    header_lines: int
    notes_lines: int
    #: The confidence in whether there are names, from 0.5 to 1.
    confidence: float
    #: Whether columns of values, which names do not look like, decided.
    is_by_values: bool


def guess_header(rows: Sequence[Sequence[str]], width: int, *, fixed: int | None) -> HeaderGuess:
    """Guess the roles of the first records; `fixed` is the number that are known to be names."""
    notes_at = 1 if fixed is None else fixed
    rules = int(0 < notes_at < len(rows) and is_rule(rows[notes_at]))
    rows = [*rows[:notes_at], *rows[notes_at + rules :]]
    values = value_columns(rows, width)
    if fixed is not None:
        has_units = 0 < fixed < len(rows) and bool(values) and are_units(rows[fixed])
        return HeaderGuess(fixed, rules or int(has_units), 1.0, bool(values))
    if rules:
        return HeaderGuess(1, rules, 1.0, is_by_values=True)
    if not values:
        confidence = _confidence_in_names(rows)
        return HeaderGuess(int(confidence >= 0.5), 0, max(confidence, 1 - confidence), is_by_values=False)  # noqa: PLR2004
    header_lines, notes_lines = _header_of(rows, values)
    # A code identifies its row, and so is not missing in it.
    may_be_row = header_lines > 1 and len(values) <= _MAX_LACKED and "code" not in values.values()
    may_be_row = may_be_row and all(map(str.strip, rows[0]))
    return HeaderGuess(header_lines, notes_lines, 0.5 if may_be_row else _SURE, is_by_values=True)


def is_rule(cells: Sequence[str]) -> bool:
    """Whether a record is a line drawn below the names: only dashes, at least two in a row."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_RULE.fullmatch(cell) for cell in filled) and any(len(cell) > 1 for cell in filled)


def has_decimal_parts(rows: Sequence[Sequence[str]]) -> bool:
    """Whether two adjacent columns look like the two parts of numbers, all with the same number of decimals."""
    columns = [*zip(*rows, strict=True)]
    return any(
        all(re.fullmatch(r"[-+]?\d+", cell.strip()) for cell in whole)
        and all(re.fullmatch(r"\d{1,3}", cell.strip()) for cell in part)
        and _ends_alike(part)
        for whole, part in pairwise(columns)
    )


def _ends_alike(parts: Sequence[str]) -> bool:
    lengths = Counter(len(part.strip()) for part in parts)
    return len(lengths) == 1 and min(lengths) > 1


def _header_of(rows: Sequence[Sequence[str]], values: dict[int, CellType]) -> tuple[int, int]:
    """Return the number of records with names, and of those below them with units or notes."""
    if not _names_values(rows[0], values):
        has_dates = _are_dates(rows[0], values) and not any(_are_dates(cells, values) for cells in rows[1:2])
        return int(has_dates or _numbers_columns(rows, values) or _numbers_rows(rows, values)), 0
    further = takewhile(
        lambda cells: are_units(cells) or cells == rows[0] or _names_more(cells, values), rows[1:_MAX_HEADER_LINES]
    )
    header_lines = 1 + sum(1 for _ in further)
    notes = [cells for cells in rows[1:header_lines] if are_units(cells)]
    if not notes and _names_the_rest(rows[:header_lines], rows[header_lines:]):
        header_lines += 1
    return header_lines - len(notes), len(notes)


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record is more likely names than a row."""
    return _confidence_in_names(rows) >= 0.5  # noqa: PLR2004


def _confidence_in_names(rows: Sequence[Sequence[str]]) -> float:
    """Return how likely the first record of a table of texts is names, from 0 to 1, by the shapes of the cells below.

    A little above 0.5 without evidence: most tables have a header.
    """
    below = rows[1:]
    if not below:
        return _SURE if may_be_names(rows[0]) else 1 - _SURE
    evidence = sum(
        _says_names(cell.strip(), [cells[column].strip() for cells in below]) for column, cell in enumerate(rows[0])
    )
    odds: float = 2 ** (2 * max(-_MAX_EVIDENCE, min(_MAX_EVIDENCE, evidence)) + _PRIOR_OF_HEADER)
    return round(odds / (1 + odds), 2)


def _says_names(cell: str, below: Sequence[str]) -> int:
    """Return 1 if a cell differs from those below it, as a name does; -1 if it looks like one of them; 0 otherwise."""
    values = [text for text in below if text]
    if not values:
        return 0
    if not cell:
        # A column may lack a name, or a row a value.
        return -1 if len(values) < len(below) else 0
    if cell in values:
        return -1
    usual = _usual([shape_of(text) for text in values])
    if usual is None:
        return 0
    length = _usual([code_length(text) for text in values])
    if shape_of(cell) != usual or length not in (None, code_length(cell)):
        return 1
    return -1 if is_rare_for_names(usual) or length is not None else 0


def _usual(found: Sequence[_T]) -> _T | None:
    """Return the value that nearly all have; None if they differ."""
    [(usual, count)] = Counter(found).most_common(1)
    return usual if count >= _MIN_SHARE * len(found) else None


def may_be_names(cells: Sequence[str]) -> bool:
    """Whether none of the cells looks like a value."""
    return not any(kind_of(cell) in _VALUES for cell in cells)


def _names_values(cells: Sequence[str], values: dict[int, CellType]) -> bool:
    """Whether most columns of values have another type of cell here."""
    kinds = [(kind_of(cells[column]), kind) for column, kind in values.items()]
    others = sum(found not in (kind, *_VALUES, "empty") for found, kind in kinds)
    return others > 0 and others >= sum(found == kind or found in _VALUES for found, kind in kinds)


def _numbers_columns(rows: Sequence[Sequence[str]], values: dict[int, CellType]) -> bool:
    """Whether the names are column numbers, from 0, or from 1 next to a column without a name."""
    header = rows[0]
    names = [header[column].strip() for column in values if header[column].strip()]
    has_row_numbers = not header[0].strip() and all(cells[0].strip() for cells in rows[1:])
    are_enough = len(names) >= (1 if has_row_numbers else _MIN_NUMBERED)
    begin = int(names[:1] == ["1"] and len(names) < len(header))
    return are_enough and names == [str(begin + place) for place in range(len(names))] and header not in rows[1:]


def _numbers_rows(rows: Sequence[Sequence[str]], values: dict[int, CellType]) -> bool:
    """Whether the only columns of values have no name, and a value in all rows below: row numbers."""
    below = rows[1:]
    are_unnamed = not any(rows[0][column].strip() for column in values)
    are_full = all(cells[column].strip() for cells in below for column in values)
    return are_unnamed and are_full and bool(below) and _is_header(rows)


def _names_more(cells: Sequence[str], values: dict[int, CellType]) -> bool:
    """Whether this can only be a further line of names: a row may have a word in place of one or two values."""
    filled = [(cells[column].strip(), kind) for column, kind in values.items() if kind_of(cells[column]) != "empty"]
    are_names = not any(kind_of(text) in (kind, *_VALUES) for text, kind in filled)
    return are_names and len({text for text, _ in filled}) > 1


def _names_the_rest(header: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row says nothing but names of columns of values that have none above, as of pandas' index."""
    named = {column for cells in header for column, cell in enumerate(cells) if cell.strip()}
    further = {column: kind_of(cell) for cells in rows[:1] for column, cell in enumerate(cells) if cell.strip()}
    below = {column: {kind_of(cells[column]) for cells in rows[1:]} - {"empty"} for column in further}
    are_names = all(below[column] and below[column] <= {*_COLUMN_KINDS} - {kind} for column, kind in further.items())
    return bool(further) and named.isdisjoint(further) and are_names and may_be_names(rows[0])


def _are_dates(cells: Sequence[str], values: dict[int, CellType]) -> bool:
    """Whether the names of columns of numbers are different dates or times, or years at equal intervals.

    Columns with a word or without a name are not considered.
    """
    named = {column: cells[column].strip() for column in values if kind_of(cells[column]) in _VALUES}
    names = list(named.values())
    if len(set(names)) < max(2, len(names)) or any(values[column] != "number" for column in named):
        return False
    if all(re.fullmatch(r"\d{4}", name) for name in names):
        return _are_years([int(name) for name in names])
    # 1234.5 also matches a month.
    return all(kind_of(name) == "time" and not re.fullmatch(r"\d+\.\d+", name) for name in names)


def _are_years(numbers: Sequence[int]) -> bool:
    """Whether numbers are years at equal intervals; two numbers must be consecutive, in either direction."""
    steps = {later - number for number, later in pairwise(numbers)}
    is_even = steps in ({1}, {-1}) or (len(steps) == 1 and 0 not in steps and len(numbers) > 2)  # noqa: PLR2004
    return is_even and all(number in _YEARS for number in numbers)


def are_units(cells: Sequence[str]) -> bool:
    """Whether a record consists of units."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_UNIT.fullmatch(cell) for cell in filled)


def joined_names(lines: Sequence[Sequence[str]]) -> list[str]:
    """Join the names of each column that are on several lines."""
    width = max(map(len, lines))
    columns = zip(*([*line, *[""] * (width - len(line))] for line in lines), strict=True)
    return [" ".join(name.strip() for name in column if name.strip()) for column in columns]
