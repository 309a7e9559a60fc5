"""Writes files of rejected rows, to be mended and dropped again."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, select

from shared.model.reject_files import load_label, report_columns
from shared.model.rows import Rejection
from shared.reading.csv.records import read_record
from shared.runtime.files import replacing
from shared.storage.ledger.loads import Load
from shared.storage.schema.schema import Schema

_ROWS_AT_ONCE = 1000


class RejectsWriter:
    """Writes rejected rows as CSV: the file's own columns first, then what is wrong with each."""

    def __init__(self, file: IO[bytes], header: Sequence[str], *, load: str) -> None:
        self._file = file
        self._load = load
        self._width = len(header)
        self._write([*header, *report_columns(header)])

    def write(self, rejection: Rejection, *, byte_offset: int | None) -> None:
        """Write one row."""
        cells = _as_wide_as(read_record(rejection.raw), self._width)
        place = (self._load, rejection.line, byte_offset)
        self._write([*cells, *place, rejection.column, rejection.code, rejection.message])

    def _write(self, cells: Sequence[object]) -> None:
        text = io.StringIO()
        csv.writer(text).writerow(cells)
        self._file.write(text.getvalue().encode())


def write_rejects(connection: Connection, schema: Schema, load: Load, path: Path) -> None:
    """Write the rejected rows of a complete load."""
    with replacing(path) as file:
        writer = RejectsWriter(file, load.header, load=load_label(load.load_id, load.token))
        for rejection, byte_offset in _rejected_rows(connection, schema, load.load_id):
            writer.write(rejection, byte_offset=byte_offset)


def _rejected_rows(connection: Connection, schema: Schema, load_id: int) -> Iterator[tuple[Rejection, int | None]]:
    table = schema.rejects
    query = (
        select(table)
        .where(table.c.load_id == load_id)
        .order_by(table.c.line)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for row in connection.execute(query):
        rejection = Rejection(line=row.line, column=row.column_name, code=row.code, message=row.message, raw=row.raw)
        yield rejection, row.byte_offset


def _as_wide_as(cells: list[str], width: int) -> list[str]:
    """A row of the wrong width keeps all it had: what is too much is joined into its last value."""
    if len(cells) > width:
        return [*cells[: width - 1], ",".join(cells[width - 1 :])]
    return [*cells, *[""] * (width - len(cells))]
