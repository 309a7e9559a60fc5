"""Rejects files: the report columns after those of the original file, and the rejects that their rows name. Pure.

A row names its load by number and token. The token can't be guessed, so only a file that Inflow wrote can name a load.
"""

import codecs
import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from shared.model.rows import RawRows

_REPORT_COLUMNS = ("load", "line", "byte_offset", "column", "code", "message")
_LOAD, _LINE = (_REPORT_COLUMNS.index(name) for name in ("load", "line"))
#: Delimiters that spreadsheets write.
_DELIMITERS = (",", ";", "\t")
#: A load's number of at most 18 digits, and its token, which loads of older versions lack.
_NAMED_LOAD = re.compile(r"([0-9]{1,18})(?:-([0-9a-f]{16}))?")
_NAMED_LINE = re.compile(r"[0-9]{1,18}")

#: A load as a rejected row names it: number and token.
NamedLoad = tuple[int, str]


def report_columns(header: Sequence[str]) -> list[str]:
    """Return names for the report columns that differ from those of the file's own columns."""
    prefix = ""
    while any(f"{prefix}{name}" in header for name in _REPORT_COLUMNS):
        prefix += "_"
    return [f"{prefix}{name}" for name in _REPORT_COLUMNS]


def load_label(load_id: int, token: str) -> str:
    """Return a load's number and token as a rejects file writes them."""
    return "-".join(filter(None, [str(load_id), token]))


def has_report(header: Sequence[str]) -> bool:
    """Whether a header is that of a rejects file."""
    return any(True for _ in _reports(header))


def is_reject_file(beginning: bytes) -> bool:
    """Whether a text begins like a rejects file, as Inflow wrote it or as a spreadsheet saved it."""
    line = beginning.removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    names = line[0].decode("utf-8", "replace") if line else ""
    return any(has_report(next(csv.reader([names], delimiter=delimiter), [])) for delimiter in _DELIMITERS)


def named_rejects(chunk: RawRows, rejected_lines: Collection[int]) -> dict[NamedLoad, set[int]]:
    """Return the rejected lines, by load, that the accepted rows of a chunk name in their report columns.

    A row that was rejected, corrected wrongly and rejected again names both rejects. Other values are ignored.
    """
    named: dict[NamedLoad, set[int]] = {}
    for place in _reports(chunk.header):
        rows = (cells for line, cells in zip(chunk.lines, chunk.rows, strict=True) if line not in rejected_lines)
        for load, line in _places(rows, place):
            named.setdefault(load, set()).add(line)
    return named


def _reports(header: Sequence[str]) -> Iterator[int]:
    """Yield where report columns begin, the last report first: a rejects file may have come from another one."""
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
