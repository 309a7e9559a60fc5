"""Types the raw rows of a chunk: each becomes a typed row or a rejection. Pure."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.model.bad_values import BadValue
from shared.model.datasets import Dataset
from shared.model.reasons import Reason
from shared.model.unreadable_rows import UnreadableRow
from shared.model.values import Value, parser_of

TypedRow = tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRows:
    """Rows of one file as raw strings, in the columns of the file."""

    #: Column names from the file's header.
    header: list[str]
    #: The physical line on which each row begins, counted from 1 and including the header.
    lines: list[int]
    rows: list[list[str]]
    unreadable: list[UnreadableRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A rejected row. With several faults, it has the column and code of the first and the messages of all."""

    line: int
    #: The file's name for the column at fault; None if the row as a whole is.
    column: str | None
    code: Reason
    message: str
    #: The row as one CSV record in the columns of the file.
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedChunk:
    """The typed rows of a chunk, each with its line and in the order of the dataset's columns, and the rejections."""

    rows: list[tuple[int, TypedRow]]
    rejections: list[Rejection]


def type_chunk(dataset: Dataset, chunk: RawRows) -> TypedChunk:
    """Type every row of a chunk. Columns that the dataset does not declare are ignored."""
    typer = _RowTyper(dataset, chunk.header)
    rows: list[tuple[int, TypedRow]] = []
    rejections = [_rejection(bad) for bad in chunk.unreadable]
    for line, cells in zip(chunk.lines, chunk.rows, strict=True):
        try:
            rows.append((line, typer.convert(cells)))
        except (BadValue, IndexError):
            rejections.append(typer.reject(line, cells))
    return TypedChunk(rows=rows, rejections=rejections)


class _RowTyper:
    """Types the rows of files with one header."""

    def __init__(self, dataset: Dataset, header: Sequence[str]) -> None:
        positions = {name: position for position, name in enumerate(header)}
        self._width = len(header)
        self._repeated_headers = repeated_headers(header)
        self._columns = dataset.columns
        self._cells: list[tuple[int | None, Callable[[str], Value]]] = [
            (positions.get(column.expected_label), parser_of(column)) for column in dataset.columns
        ]

    def convert(self, cells: Sequence[str]) -> TypedRow:
        """Type one row; raises BadValue or IndexError at the first fault."""
        if len(cells) != self._width or cells in self._repeated_headers:
            raise IndexError
        return tuple(None if position is None else parse(cells[position]) for position, parse in self._cells)

    def reject(self, line: int, cells: Sequence[str]) -> Rejection:
        """Return the rejection of a row that could not be typed, with all its faults."""
        if is_blank(cells) or len(cells) != self._width:
            return _rejection(misshapen(line, cells, self._width))
        if cells in self._repeated_headers:
            return _rejection(repeating(line, cells))
        raw = as_csv(cells)
        faults = self._faults(cells)
        column, first = faults[0]
        message = "; ".join(f"{name}: {fault}" for name, fault in faults)
        return Rejection(line=line, column=column, code=first.code, message=message, raw=raw)

    def _faults(self, cells: Sequence[str]) -> list[tuple[str, BadValue]]:
        faults = []
        for column, (position, parse) in zip(self._columns, self._cells, strict=True):
            if position is None:
                continue
            try:
                parse(cells[position])
            except BadValue as fault:
                faults.append((column.expected_label, fault))
        return faults


def misshapen(line: int, cells: Sequence[str], width: int) -> UnreadableRow:
    """Return the reject of a row that has no value, or more or fewer values than the header."""
    if is_blank(cells):
        return UnreadableRow(line=line, code="blank-row", message="the row has no value", raw=as_csv(cells))
    code: Reason = "extra-cell" if len(cells) > width else "missing-cell"
    message = f"the row has {len(cells)} values, the header has {width}"
    return UnreadableRow(line=line, code=code, message=message, raw=as_csv(cells))


def repeated_headers(header: Sequence[str]) -> Sequence[list[str]]:
    """Return the repeated headers to reject, as in concatenated files: the second may begin with a byte order mark."""
    # With a single column, the same text may be a value.
    return ([*header], [f"\ufeff{header[0]}", *header[1:]]) if len(header) > 1 else ()


def repeating(line: int, cells: Sequence[str]) -> UnreadableRow:
    """Return the reject of a row that repeats the header."""
    return UnreadableRow(line=line, code="type-error", message="the row repeats the header", raw=as_csv(cells))


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row has only delimiters and blanks."""
    return not any(map(str.strip, cells))


def _rejection(bad: UnreadableRow) -> Rejection:
    return Rejection(line=bad.line, column=None, code=bad.code, message=bad.message, raw=bad.raw)


def as_csv(cells: Sequence[str]) -> str:
    """Return the cells as one CSV record (RFC 4180), without the line end."""
    text = io.StringIO()
    # With this line terminator, the csv module quotes values that contain CR or LF.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")
