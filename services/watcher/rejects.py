"""Writes the file of a load's rejected rows, to be mended and dropped again."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from shared.files import replacing
from shared.loads import Load
from shared.reader.records import read_record
from shared.reject_files import report_columns
from shared.schema import Schema

_ROWS_AT_ONCE = 1000


def write_rejects(connection: Connection, schema: Schema, load: Load, path: Path) -> None:
    """Write the rejected rows as CSV: the file's own columns first, then what is wrong with each."""
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow([*load.header, *report_columns(load.header)])
        for cells, report in _rejected_rows(connection, schema, load.load_id):
            writer.writerow([*_as_wide_as(cells, len(load.header)), *report])
        text.detach()


def _rejected_rows(
    connection: Connection, schema: Schema, load_id: int
) -> Iterator[tuple[list[str], Sequence[object]]]:
    table = schema.rejects
    report = (table.c.load_id, table.c.line, table.c.byte_offset, table.c.column_name, table.c.code, table.c.message)
    query = (
        select(table.c.raw, *report)
        .where(table.c.load_id == load_id)
        .order_by(table.c.line)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for raw, *values in connection.execute(query):
        yield read_record(raw), values


def _as_wide_as(cells: list[str], width: int) -> list[str]:
    """A row of the wrong width keeps all it had: what is too much is joined into its last value."""
    if len(cells) > width:
        return [*cells[: width - 1], ",".join(cells[width - 1 :])]
    return [*cells, *[""] * (width - len(cells))]
