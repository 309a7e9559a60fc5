"""The same table in other formats and compressions, whole and cut."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable, Iterator

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from verification.corpus.cases import Case, refused, whole
from verification.corpus.tables import DECIMALS, MIXED, SCRIPTS, TEXTS, Table
from verification.corpus.writing import usual_style


def cases() -> Iterator[Case]:
    for table in (MIXED, TEXTS, DECIMALS, SCRIPTS):
        contents = {name: write(table) for name, write in FORMATS.items()}
        for name, content in contents.items():
            yield Case(name=f"{name}, {table.name}", content=content, answer=whole(table))
            if name not in ("xlsx", "parquet"):
                yield from _compressed(f"{name}, {table.name}", content, table)
        yield from _cut(contents, table)
    yield from _archives()


def _compressed(name: str, content: bytes, table: Table) -> Iterator[Case]:
    for kind, compress in COMPRESSIONS.items():
        packed = compress(content)
        yield Case(name=f"{kind} of {name}", content=packed, answer=whole(table))
        yield Case(
            name=f"{kind} of {name}, cut", content=packed[: len(packed) * 2 // 3], answer=refused("truncated-file")
        )


def _cut(contents: dict[str, bytes], table: Table) -> Iterator[Case]:
    for name, code in {"JSON": "truncated-file", "NDJSON": "truncated-file"}.items():
        content = contents[name]
        yield Case(name=f"{name} cut, {table.name}", content=content[: -len(content) // 3], answer=refused(code))
    xlsx = contents["xlsx"]
    rest = xlsx[xlsx.index(b"PK\x03\x04", 1) :]
    yield Case(name=f"xlsx without its beginning, {table.name}", content=rest, answer=refused("compression-error"))
    for name in ("xlsx", "parquet"):
        content = contents[name]
        cut = content[: -len(content) // 3]
        yield Case(name=f"{name} cut, {table.name}", content=cut, answer=refused("truncated-file"))


def _archives() -> Iterator[Case]:
    text = usual_style(TEXTS).write(TEXTS).encode()
    twice = TEXTS.with_rows(TEXTS.rows * 2)
    yield Case(name="two members", content=_zip({"a.csv": text, "b.csv": text}), answer=whole(twice))
    other = usual_style(MIXED).write(MIXED).encode()
    answer = refused("format-error")
    yield Case(name="two members of other columns", content=_zip({"a.csv": text, "b.csv": other}), answer=answer)
    yield Case(name="no member", content=_zip({}), answer=refused("blank-header"))


def _csv(table: Table) -> bytes:
    return usual_style(table).write(table).encode()


def _objects(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.header, cells, strict=True)) for cells in table.rows]


def _json(table: Table) -> bytes:
    return json.dumps(_objects(table), ensure_ascii=False, indent=1).encode()


def _ndjson(table: Table) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in _objects(table)).encode()


def _xlsx(table: Table) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("data")
    for cells in (table.header, *table.rows):
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _parquet(table: Table) -> bytes:
    columns = zip(*table.rows, strict=True)
    arrow = pa.table({name: pa.array(column) for name, column in zip(table.header, columns, strict=True)})
    content = io.BytesIO()
    pq.write_table(arrow, content)
    return content.getvalue()


def _zip(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


FORMATS: dict[str, Callable[[Table], bytes]] = {
    "CSV": _csv,
    "JSON": _json,
    "NDJSON": _ndjson,
    "xlsx": _xlsx,
    "parquet": _parquet,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda content: _zip({"table.csv": content}),
}
