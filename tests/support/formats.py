"""Writes files in every format and compression, and reads them as the product does."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import IO

import openpyxl
import pyarrow as pa
import pytest
import zstandard
from pyarrow import parquet

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import Readable
from shared.reading.containers.archives import members_of
from shared.reading.containers.compression import Decompressed
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.magic import content_type_of
from shared.reading.excel.records import ExcelRecords
from shared.reading.json.records import JsonRecords, NdjsonRecords
from shared.reading.parquet.records import ParquetRecords
from shared.reading.sources import RecordSource

Table = tuple[Sequence[str], Sequence[Sequence[str]]]

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


class Trickle:
    """A file whose reads return at most `size` bytes."""

    def __init__(self, data: bytes, most_bytes: int) -> None:
        self._file = io.BytesIO(data)
        self._most_bytes = most_bytes

    def read(self, size_bytes: int, /) -> bytes:
        return self._file.read(min(size_bytes, self._most_bytes))


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def as_json(table: Table) -> bytes:
    return json.dumps(_objects(table), ensure_ascii=False).encode("utf-8")


def as_ndjson(table: Table) -> bytes:
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in _objects(table)).encode("utf-8")


def as_excel(table: Table) -> bytes:
    header, rows = table
    return workbook([header, *rows])


def workbook(rows: Iterable[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_parquet(table: Table) -> bytes:
    header, rows = table
    columns = {name: [row[position] for row in rows] for position, name in enumerate(header)}
    return parquet_file(pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()}))


def parquet_file(table: pa.Table, **options: object) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


WRITERS: dict[str, Callable[[Table], bytes]] = {
    "json": as_json,
    "ndjson": as_ndjson,
    "xlsx": as_excel,
    "parquet": as_parquet,
}
READERS: dict[str, Callable[[Readable], RecordSource]] = {
    "json": JsonRecords,
    "ndjson": NdjsonRecords,
    "xlsx": lambda file: ExcelRecords(in_memory(file), DecompressionLimit()),
    "parquet": lambda file: ParquetRecords(in_memory(file), DecompressionLimit()),
}


def unpacked(file: IO[bytes]) -> Readable:
    """Return the content of a file, decompressed if necessary."""
    kind = content_type_of(file)
    if kind in COMPRESSORS:
        return Decompressed(file, kind, DecompressionLimit())  # type: ignore[arg-type]
    if kind == "zip":
        [member] = members_of(file, DecompressionLimit())
        return member.open()
    return file


def in_memory(file: Readable) -> IO[bytes]:
    return io.BytesIO(read_all(file))


def read_all(file: Readable, size_bytes: int = 100_000) -> bytes:
    return b"".join(iter(lambda: file.read(size_bytes), b""))


def read_and_forget(file: Readable) -> None:
    while file.read(256 * 1024):
        pass


def refusal(action: Callable[[], object]) -> str:
    """Return the reason code with which a file is refused."""
    with pytest.raises(FileRefused) as caught:
        action()
    return caught.value.code


def codes_of(source: RecordSource) -> list[tuple[int, list[str] | str]]:
    """Return each record's line with its cells, or with its reason code if it is rejected."""
    return [(record.line, record.code) if isinstance(record, UnreadableRow) else record for record in source]


def _objects(table: Table) -> list[dict[str, str]]:
    header, rows = table
    return [dict(zip(header, row, strict=True)) for row in rows]
