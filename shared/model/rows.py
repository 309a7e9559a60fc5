"""From the raw rows of a chunk to typed rows and rejections. Pure."""

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
    """Rows of one file as raw strings, in the file's own columns."""

    #: Column names as the file's header has them.
    header: list[str]
    #: Physical line on which each row begins, from 1, the header's line included.
    lines: list[int]
    rows: list[list[str]]
    unreadable: list[UnreadableRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One row refused. A row with several faults is one rejection: the first fault's column and code, all messages."""

    line: int
    #: What the file calls the column at fault; None where the row as a whole is.
    column: str | None
    code: Reason
    message: str
    #: The row as one CSV record of the file's own columns.
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedChunk:
    """The typed rows of a chunk, each with its line, in the order of the dataset's columns; and the rest."""

    rows: list[tuple[int, TypedRow]]
    rejections: list[Rejection]


def type_chunk(dataset: Dataset, chunk: RawRows) -> TypedChunk:
    """Type every row of a chunk. Columns of the file that the dataset does not declare are ignored."""
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
        self._repeated_header = repeated_header(header)
        self._columns = dataset.columns
        self._cells: list[tuple[int | None, Callable[[str], Value]]] = [
            (positions.get(column.expected_label), parser_of(column)) for column in dataset.columns
        ]

    def convert(self, cells: Sequence[str]) -> TypedRow:
        """Type one row; BadValue or IndexError at its first fault."""
        if len(cells) != self._width or cells == self._repeated_header:
            raise IndexError
        return tuple(None if position is None else parse(cells[position]) for position, parse in self._cells)

    def reject(self, line: int, cells: Sequence[str]) -> Rejection:
        """Say all that is wrong with a row that could not be typed."""
        if is_blank(cells) or len(cells) != self._width:
            return _rejection(misshapen(line, cells, self._width))
        if cells == self._repeated_header:
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
    """Say what is wrong with a row that has no value, or is not as wide as its header."""
    if is_blank(cells):
        return UnreadableRow(line=line, code="blank-row", message="the row has no value", raw=as_csv(cells))
    code: Reason = "extra-cell" if len(cells) > width else "missing-cell"
    message = f"the row has {len(cells)} values, the header has {width}"
    return UnreadableRow(line=line, code=code, message=message, raw=as_csv(cells))


def repeated_header(header: Sequence[str]) -> list[str] | None:
    """Return what is no row but the header once more, as in joined files; None where it may be a row."""
    # A single name may be a value, too.
    return [*header] if len(header) > 1 else None


def repeating(line: int, cells: Sequence[str]) -> UnreadableRow:
    """Say that a row is the header once more."""
    return UnreadableRow(line=line, code="type-error", message="the row repeats the header", raw=as_csv(cells))


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row has delimiters and blanks alone."""
    return not any(map(str.strip, cells))


def _rejection(bad: UnreadableRow) -> Rejection:
    return Rejection(line=bad.line, column=None, code=bad.code, message=bad.message, raw=bad.raw)


def as_csv(cells: Sequence[str]) -> str:
    """One CSV record (RFC 4180) without its line end."""
    text = io.StringIO()
    # The csv module quotes a CR or LF in a value only where it belongs to the line end.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")
