"""The columns that a file of rejected rows has behind those of the original file, and what its rows name. Pure."""

import codecs
import csv
from collections.abc import Collection, Iterable, Iterator, Sequence

from shared.messages.payloads import RowsExtracted

_REPORT_COLUMNS = ("load", "line", "byte_offset", "column", "code", "message")
_LOAD, _LINE = (_REPORT_COLUMNS.index(name) for name in ("load", "line"))
#: What spreadsheets part cells with.
_DELIMITERS = (",", ";", "\t")
#: More is no number that a load or a line ever had.
_MOST_DIGITS = 18


def report_columns(header: Sequence[str]) -> list[str]:
    """Return names for our columns that the file does not have already."""
    prefix = ""
    while any(f"{prefix}{name}" in header for name in _REPORT_COLUMNS):
        prefix += "_"
    return [f"{prefix}{name}" for name in _REPORT_COLUMNS]


def has_report(header: Sequence[str]) -> bool:
    """Whether a file is one of rejected rows."""
    return any(True for _ in _reports(header))


def is_reject_file(beginning: bytes) -> bool:
    """Tell by its beginning whether a text is a file of rejected rows, as we wrote it or a spreadsheet saved it."""
    line = beginning.removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    names = line[0].decode("utf-8", "replace") if line else ""
    return any(has_report(next(csv.reader([names], delimiter=delimiter), [])) for delimiter in _DELIMITERS)


def named_rejects(chunk: RowsExtracted, rejected_lines: Collection[int]) -> dict[int, set[int]]:
    """Return the lines of rejected rows, by their loads, that the accepted rows of a chunk name in our columns.

    A row that was rejected, mended badly and rejected once more names both. What names none is ignored.
    """
    named: dict[int, set[int]] = {}
    for place in _reports(chunk.header):
        rows = (cells for line, cells in zip(chunk.lines, chunk.rows, strict=True) if line not in rejected_lines)
        for load_id, line in _numbers(rows, place):
            named.setdefault(load_id, set()).add(line)
    return named


def _reports(header: Sequence[str]) -> Iterator[int]:
    """Where reports begin, the last one first: a file of rejected rows may have been made of another one."""
    place = len(header) - len(_REPORT_COLUMNS)
    while place > 0 and header[place:] == report_columns(header[:place]):
        yield place
        header, place = header[:place], place - len(_REPORT_COLUMNS)


def _numbers(rows: Iterable[Sequence[str]], place: int) -> Iterator[tuple[int, int]]:
    for cells in rows:
        load_id, line = cells[place + _LOAD].strip(), cells[place + _LINE].strip()
        if _is_number(load_id) and _is_number(line):
            yield int(load_id), int(line)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
