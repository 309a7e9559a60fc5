"""Queries about a dataset's table: whether all loaded rows are still there, and whether it has certain keys."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import islice

from sqlalchemy import ColumnElement, Connection, String, Table, func, select, tuple_, type_coerce

from shared.extraction.header import key_places, match_header
from shared.extraction.record_blocks import Incomparable
from shared.model.datasets import Dataset
from shared.model.rows import RawRows, type_chunk
from shared.model.unreadable_rows import UnreadableRow
from shared.model.values import Value
from shared.reading.csv.records import RecordReader
from shared.storage.schema.dataset_tables import INFERRED
from shared.storage.schema.schema import Schema

Key = tuple[Value, ...]

_KEYS_AT_A_TIME = 1000


def read_rows(dataset: Dataset, text: bytes, *, record_count: int) -> RawRows:
    """Read this many records after a header. Raises Incomparable if a CSV reader finds a different number."""
    records = RecordReader(BytesIO(text))
    (_, cells), *rows = _readable(records)
    if len(rows) != record_count:
        raise Incomparable("a quote stands where none belongs")
    return RawRows(
        header=match_header(cells, dataset).names,
        lines=[line for line, _ in rows],
        rows=[cells for _, cells in rows],
        unreadable=[],
    )


def brings_no_key(dataset: Dataset, header: bytes, changed: Iterable[bytes], removed: Iterable[bytes]) -> bool:
    """Whether each key of the changed records is one of the removed ones, as they are written.

    Raises Incomparable where a record can't be read.
    """
    [cells] = csv.reader([header.decode()])
    names = match_header(cells, dataset).names
    places = key_places(names, dataset)
    return _written_keys(changed, places, len(names)) <= _written_keys(removed, places, len(names))


def _written_keys(texts: Iterable[bytes], places: Sequence[int], width: int) -> set[tuple[str, ...]]:
    """A row that is not as wide as its header has no key. Bytes tell keys apart as well as characters do."""
    rows = csv.reader((text.decode("latin-1") for text in texts), strict=True)
    try:
        return {tuple([row[place] for place in places]) for row in rows if len(row) == width}
    except csv.Error as error:
        raise Incomparable(f"a row can't be read: {error}") from error


def keys_of(dataset: Dataset, chunk: RawRows) -> set[Key]:
    """Return the keys; a row that will be rejected has none."""
    places = [dataset.column_names.index(name) for name in dataset.key]
    return {tuple(row[place] for place in places) for _, row in type_chunk(dataset, chunk).rows}


def _readable(records: RecordReader) -> Iterator[tuple[int, list[str]]]:
    for record in records:
        if isinstance(record, UnreadableRow):
            raise Incomparable(record.message)
        yield record


def has_all_rows(connection: Connection, schema: Schema, name: str) -> bool:
    """Whether a dataset's table has as many rows as its loads inserted: it was not emptied by hand."""
    table = schema.datasets[name]
    row_count = connection.scalar(select(func.count()).select_from(table)) or 0
    if INFERRED in table.c:
        inferred = select(func.count()).select_from(table).where(table.c[INFERRED])
        row_count -= connection.scalar(inferred) or 0
    # Rows that are inserted meanwhile are only in the sum; then the file is published whole.
    inserted = select(func.sum(schema.loads.c.inserted)).where(schema.loads.c.dataset == name)
    return row_count == int(connection.scalar(inserted) or 0)


def has_any(connection: Connection, table: Table, keys: set[Key]) -> bool:
    """Whether a table has a row with one of these keys."""
    columns = [type_coerce(column, String) for column in table.primary_key]
    waiting = iter(keys)
    while some := list(islice(waiting, _KEYS_AT_A_TIME)):
        query = select(func.count()).select_from(table).where(_is_one_of(columns, some))
        if connection.scalar(query):
            return True
    return False


def _is_one_of(columns: Sequence[ColumnElement[str]], keys: Sequence[Key]) -> ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return tuple_(*columns).in_(keys)
