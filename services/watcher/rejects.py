"""Writes the file of a load's rejected rows, to be mended and dropped again."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection, select

from shared.files import replacing
from shared.loads import Load
from shared.reader.records import read_record
from shared.schema import Schema

_REPORT_COLUMNS = ("line", "column", "code", "message")
_ROWS_AT_ONCE = 1000


def write_rejects(connection: Connection, schema: Schema, load: Load, path: Path) -> None:
    """Write the rejected rows as CSV: the file's own columns first, then what is wrong with each."""
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow([*load.header, *_report_columns(load.header)])
        for cells, report in _rejected_rows(connection, schema, load.load_id):
            writer.writerow([*_as_wide_as(cells, len(load.header)), *report])
        text.detach()


def _rejected_rows(
    connection: Connection, schema: Schema, load_id: int
) -> Iterator[tuple[list[str], Sequence[object]]]:
    table = schema.rejects
    query = (
        select(table.c.raw, table.c.line, table.c.column_name, table.c.code, table.c.message)
        .where(table.c.load_id == load_id)
        .order_by(table.c.line)
        .execution_options(yield_per=_ROWS_AT_ONCE)
    )
    for raw, *report in connection.execute(query):
        yield read_record(raw), report


def _as_wide_as(cells: list[str], width: int) -> list[str]:
    """A row of the wrong width keeps all it had: what is too much is joined into its last value."""
    if len(cells) > width:
        return [*cells[: width - 1], ",".join(cells[width - 1 :])]
    return [*cells, *[""] * (width - len(cells))]


def _report_columns(header: Sequence[str]) -> list[str]:
    """Names for our columns that the file does not have already."""
    prefix = ""
    while any(f"{prefix}{name}" in header for name in _REPORT_COLUMNS):
        prefix += "_"
    return [f"{prefix}{name}" for name in _REPORT_COLUMNS]
