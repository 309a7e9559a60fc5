"""Takes finished files out of processing/: to the archive, or to rejected/ with a reason; writes rejects files."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, select

from services.watcher.claims import ClaimedName
from services.watcher.records import read_record
from shared.files import DataFolder, replacing, sync_folder, write_atomically
from shared.loads import Load
from shared.schema import Schema

_REPORT_COLUMNS = ("line", "column", "code", "message")
_ROWS_AT_ONCE = 1000


def archive(folder: DataFolder, claimed: ClaimedName) -> None:
    """Move the file of a complete load into the archive; nothing happens where it is not there any more."""
    _move(folder.processing / str(claimed), folder.archive / claimed.finished)


def reject(folder: DataFolder, claimed: ClaimedName, *, code: str, message: str) -> None:
    """Move a refused file to rejected/, with the reason beside it."""
    target = folder.rejected / claimed.finished
    text = f"{claimed.original}: {message}\nreason: {code}\nload: {claimed.load_id}\n"
    write_atomically(target.with_name(f"{target.name}.reason.txt"), text.encode("utf-8", "backslashreplace"))
    _move(folder.processing / str(claimed), target)


def make_moves_last(folder: DataFolder) -> None:
    """Sync the folders that files were moved between."""
    for path in (folder.archive, folder.rejected, folder.processing):
        sync_folder(path)


def write_rejects(connection: Connection, schema: Schema, folder: DataFolder, claimed: ClaimedName, load: Load) -> None:
    """Write a load's rejected rows as CSV, to be mended and dropped: the file's own columns first, then the faults."""
    with replacing(folder.rejected / claimed.rejects) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow([*load.header, *_report_columns(load.header)])
        for cells, report in _rejected_rows(connection, schema, load.load_id):
            writer.writerow([*_as_wide_as(cells, len(load.header)), *report])
        text.detach()


def _move(source: Path, target: Path) -> None:
    with suppress(FileNotFoundError):
        source.rename(target)


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
