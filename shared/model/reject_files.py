"""The columns that a file of rejected rows has behind those of the original file, and what its rows name. Pure.

A row names its load by number and token: only who had our own file can name a load.
"""

import codecs
import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from shared.model.rows import RawRows

_REPORT_COLUMNS = ("load", "line", "byte_offset", "column", "code", "message")
_LOAD, _LINE = (_REPORT_COLUMNS.index(name) for name in ("load", "line"))
#: What spreadsheets part cells with.
_DELIMITERS = (",", ";", "\t")
#: The number of a load, and its token; loads of versions before tokens have none. No number has more digits.
_NAMED_LOAD = re.compile(r"([0-9]{1,18})(?:-([0-9a-f]{16}))?")
_NAMED_LINE = re.compile(r"[0-9]{1,18}")

#: A load as a rejected row names it: number and token.
NamedLoad = tuple[int, str]


def report_columns(header: Sequence[str]) -> list[str]:
    """Return names for our columns that the file does not have already."""
    prefix = ""
    while any(f"{prefix}{name}" in header for name in _REPORT_COLUMNS):
        prefix += "_"
    return [f"{prefix}{name}" for name in _REPORT_COLUMNS]


def load_label(load_id: int, token: str) -> str:
    """Return how a file of rejected rows names its load."""
    return "-".join(filter(None, [str(load_id), token]))


def has_report(header: Sequence[str]) -> bool:
    """Whether a file is one of rejected rows."""
    return any(True for _ in _reports(header))


def is_reject_file(beginning: bytes) -> bool:
    """Tell by its beginning whether a text is a file of rejected rows, as we wrote it or a spreadsheet saved it."""
    line = beginning.removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    names = line[0].decode("utf-8", "replace") if line else ""
    return any(has_report(next(csv.reader([names], delimiter=delimiter), [])) for delimiter in _DELIMITERS)


def named_rejects(chunk: RawRows, rejected_lines: Collection[int]) -> dict[NamedLoad, set[int]]:
    """Return the lines of rejected rows, by their loads, that the accepted rows of a chunk name in our columns.

    A row that was rejected, mended badly and rejected once more names both. What names none is ignored.
    """
    named: dict[NamedLoad, set[int]] = {}
    for place in _reports(chunk.header):
        rows = (cells for line, cells in zip(chunk.lines, chunk.rows, strict=True) if line not in rejected_lines)
        for load, line in _places(rows, place):
            named.setdefault(load, set()).add(line)
    return named


def _reports(header: Sequence[str]) -> Iterator[int]:
    """Where reports begin, the last one first: a file of rejected rows may have been made of another one."""
    place = len(header) - len(_REPORT_COLUMNS)
    while place > 0 and header[place:] == report_columns(header[:place]):
        yield place
        header, place = header[:place], place - len(_REPORT_COLUMNS)


def _places(rows: Iterable[Sequence[str]], place: int) -> Iterator[tuple[NamedLoad, int]]:
    for cells in rows:
        load = _NAMED_LOAD.fullmatch(cells[place + _LOAD].strip())
        line = _NAMED_LINE.fullmatch(cells[place + _LINE].strip())
        if load is not None and line is not None:
            yield (int(load[1]), load[2] or ""), int(line[0])
