"""Enters where rejected rows begin in their file: found in one more reading of it, which no good row pays for."""

from typing import IO

from sqlalchemy import Connection, case, select, update

from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.reading.detector import make_plan
from shared.reading.offsets import LineOffsets
from shared.reading.read_plan import ReadPlan
from shared.storage.schema.schema import Schema

_ROWS_AT_ONCE = 500


def offsets_in(file: IO[bytes], plan: ReadPlan) -> LineOffsets | None:
    """Look for lines as the reader counts them; None where it counts something else, such as the rows of a sheet."""
    lines = plan.lines_of(file)
    return None if lines is None else LineOffsets(lines)


def offsets_found_in(file: IO[bytes], dataset: Dataset) -> LineOffsets | None:
    """Do the same with a file whose format is no longer known, by detecting it; None, too, if the file has changed."""
    try:
        plan = make_plan(file, dataset.read, expected=dataset.expected_labels)
    except FileRefused:
        return None
    return offsets_in(file, plan)


def record_offsets(connection: Connection, schema: Schema, load_id: int, offsets: LineOffsets) -> None:
    """Enter the offsets of a load's rejected rows; what the file does not have any more stays unknown."""
    line = 0
    while lines := _lines_after(connection, schema, load_id, line):
        line = lines[-1]
        found = {each: offset for each in lines if (offset := offsets.of(each)) is not None}
        if found:
            table = schema.rejects
            mine = (table.c.load_id == load_id) & table.c.line.in_(found)
            connection.execute(update(table).where(mine).values(byte_offset=case(found, value=table.c.line)))


def _lines_after(connection: Connection, schema: Schema, load_id: int, line: int) -> list[int]:
    table = schema.rejects
    mine = (table.c.load_id == load_id) & (table.c.line > line)
    return list(connection.scalars(select(table.c.line).where(mine).order_by(table.c.line).limit(_ROWS_AT_ONCE)))
