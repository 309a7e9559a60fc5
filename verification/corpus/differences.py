"""Classifies the differences of another reader's result from the correct one. docs/reading.md explains each class."""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import chain

from verification.corpus.cases import Answer


class Difference(StrEnum):
    """The classes of differences."""

    SAME = "same"
    GIVEN_UP = "the file is given up"
    NOT_REFUSED = "a file that is cut or not a table is read all the same"
    OTHER_DIALECT = "another dialect is found"
    OTHER_TABLE = "another table, or another width, is found"
    HEADER_A_ROW = "the header is taken for a row"
    ROW_A_HEADER = "a row or a remark is taken for the header"
    RENAMED = "columns are renamed"
    UNITS_A_ROW = "units are taken for a row"
    BLANK_LINES = "blank lines are rows"
    SURPLUS = "a surplus delimiter at the end of a row is passed over"
    SHIFTED = "a row without one of its delimiters is kept"
    RAGGED = "rows of another width are kept"
    FILLED = "rows that are too narrow are filled up"
    MERGED = "several lines become one row behind a stray quote"
    STRAY_QUOTES = "rows with stray quotes are kept"
    BLANKS = "blanks, quotes or line ends of values differ"
    TORN = "quoted values are torn apart"
    LEFT_OUT = "rows are left out"
    KEPT = "a line that is not a row is kept"
    UNKNOWN = "unknown"


def difference(found: Answer | None, right: Answer) -> Difference:
    """Return the class of the difference; if there are several, the most significant one."""
    if found is None:
        return Difference.SAME if right.refused else Difference.GIVEN_UP
    if right.refused:
        return Difference.NOT_REFUSED
    if found.rows == right.rows and found.header == right.header:
        return Difference.SAME
    return next((name for name, is_so in _CLASSES.items() if is_so(found, right)), Difference.UNKNOWN)


def _is_other_dialect(found: Answer, right: Answer) -> bool:
    """Whether most lines have another width and most values are missing, unlike a table that begins elsewhere."""
    widths = Counter(map(len, [found.header, *found.rows]))
    wanted = _cells(right)
    are_there = (_cells(found) & wanted).total() * 2 >= wanted.total()
    return widths.most_common(1)[0][0] != len(right.header) and not are_there


def _cells(answer: Answer) -> Counter[str]:
    return Counter(_plain([*answer.header, *chain.from_iterable(answer.rows)]))


def _is_other_table(found: Answer, right: Answer) -> bool:
    return len(found.header) != len(right.header)


def _has_header_as_row(found: Answer, right: Answer) -> bool:
    return right.header in found.rows and right.header not in right.rows


def _has_other_header(found: Answer, right: Answer) -> bool:
    """Whether another line is taken for the header; if the rows agree, only the names differ."""
    return found.rows != right.rows and _plain(found.header) != _plain(right.header)


def _has_surplus(found: Answer, right: Answer) -> bool:
    are_extra = {code for _, code in right.rejects} == {"extra-cell"}
    return are_extra and len(found.rows) == len(right.rows) + len(right.rejects)


def _has_units(found: Answer, right: Answer) -> bool:
    return not right.rejects and found.header == right.header and found.rows[1:] == right.rows


def _has_blank_lines(found: Answer, right: Answer) -> bool:
    return [row for row in found.rows if any(row)] == right.rows


def _has_shifted(found: Answer, right: Answer) -> bool:
    return bool(_extra(found, right)) and any(code == "missing-cell" for _, code in right.rejects)


def _has_other_names(found: Answer, right: Answer) -> bool:
    return found.rows == right.rows


def _extra(found: Answer, right: Answer) -> list[list[str]]:
    wanted = Counter(map(tuple, right.rows))
    return [list(row) for row in Counter(map(tuple, found.rows)) - wanted]


def _has_ragged(found: Answer, right: Answer) -> bool:
    return any(len(row) != len(right.header) for row in found.rows)


def _has_filled(found: Answer, right: Answer) -> bool:
    return any(not row[-1] for row in _extra(found, right))


def _has_merged(found: Answer, right: Answer) -> bool:
    return any("\n" in cell or "\r" in cell for row in _extra(found, right) for cell in row)


def _differs_in_blanks(found: Answer, right: Answer) -> bool:
    return [_plain(row) for row in found.rows] == [_plain(row) for row in right.rows]


def _differs_in_quotes(found: Answer, right: Answer) -> bool:
    return bool(_extra(found, right)) and any(code == "dialect-error" for _, code in right.rejects)


def _has_torn(found: Answer, right: Answer) -> bool:
    """Whether a value has an odd number of quotes."""
    return any(cell.count('"') % 2 for row in _extra(found, right) for cell in row)


def _has_fewer(found: Answer, right: Answer) -> bool:
    return len(found.rows) < len(right.rows) and not _are_lacking(right.rows, found.rows)


def _has_more(found: Answer, right: Answer) -> bool:
    return len(found.rows) > len(right.rows) and not _are_lacking(found.rows, right.rows)


def _are_lacking(among: list[list[str]], rows: list[list[str]]) -> bool:
    """Whether any of the rows is not among the others."""
    return bool(Counter(tuple(_plain(row)) for row in rows) - Counter(tuple(_plain(row)) for row in among))


def _plain(cells: Sequence[str]) -> list[str]:
    """Return the values without quotes, escapes and blanks, which readers treat differently."""
    return ["".join(cell.replace('"', "").replace("\\", "").split()) for cell in cells]


_CLASSES: dict[Difference, Callable[[Answer, Answer], bool]] = {
    Difference.BLANKS: _differs_in_blanks,
    Difference.RENAMED: _has_other_names,
    Difference.SURPLUS: _has_surplus,
    Difference.BLANK_LINES: _has_blank_lines,
    Difference.UNITS_A_ROW: _has_units,
    Difference.OTHER_DIALECT: _is_other_dialect,
    Difference.HEADER_A_ROW: _has_header_as_row,
    Difference.OTHER_TABLE: _is_other_table,
    Difference.ROW_A_HEADER: _has_other_header,
    Difference.LEFT_OUT: _has_fewer,
    Difference.RAGGED: _has_ragged,
    Difference.MERGED: _has_merged,
    Difference.FILLED: _has_filled,
    Difference.STRAY_QUOTES: _differs_in_quotes,
    Difference.SHIFTED: _has_shifted,
    Difference.TORN: _has_torn,
    Difference.KEPT: _has_more,
}
