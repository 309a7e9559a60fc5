"""A fault in a column that a dataset does not have rejects no row; in one that it has, it rejects only its row."""

import io
import json
from collections.abc import Callable

import pyarrow as pa
import pytest

from shared.model.datasets import NOTHING_FIXED, Column, Dataset
from shared.operations.dry_run import check_file
from shared.reading.detector import make_plan
from tests.support.formats import parquet_file, workbook, zipped

ID = Column(name="id", type="integer")
NOTE = Column(name="note", type="text", label="Note")
LATE = 3000


def dataset(*columns: Column) -> Dataset:
    return Dataset(name="t", files=("*",), columns=(ID, *columns), key=("id",))


def checked(data: bytes, *columns: Column) -> tuple[int, int, list[str]]:
    """How many rows a file has, how many are rejected, and for which reasons."""
    findings = check_file(io.BytesIO(data), dataset(*columns), NOTHING_FIXED)
    assert findings.refusal is None
    return findings.row_count, findings.rejected_count, [rejection.code for rejection in findings.rejections]


def sheet_with_error(error: str) -> bytes:
    return workbook([["id", "Note", "city"], [1, "a", "Ayr"], [2, error, "Bath"], [3, "c", "Derry"]])


def sheet_with_padded_name() -> bytes:
    return workbook([["id", " Note ", "city"], [1, "a", "Ayr"], [2, "#N/A", "Bath"], [3, "c", "Derry"]])


FILES: dict[str, Callable[[], bytes]] = {
    "bytes of a CSV file": lambda: b"id,Note,city\n1,a,Ayr\n2,M\xfcller,Bath\n3,\xc3\xa9,Derry\n4,\xc3\xa9,x\n",
    "an error of a workbook": lambda: sheet_with_error("#DIV/0!"),
    "another error of a workbook": lambda: sheet_with_error("#REF!"),
    "an error below a name with blanks": sheet_with_padded_name,
    "half of a surrogate pair in JSON": lambda: b'[{"id": 1, "Note": "a"}, {"id": 2, "Note": "\\ud800"}, {"id": 3}]',
    "bytes in NDJSON": lambda: b'{"id": 1, "Note": "a"}\n{"id": 2, "Note": "M\xfcller"}\n{"id": 3}\n',
    "bytes of a text in Parquet": lambda: parquet_file(
        pa.table({"id": [1, 2, 3], "Note": pa.array([b"a", b"M\xfcller", None]).view(pa.string())})
    ),
    "bytes in an archive": lambda: zipped({"a.csv": b"id,Note,city\n1,\xc3\xa9,Ayr\n2,M\xfcller,Bath\n"}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_fault_in_a_column_that_is_not_declared_rejects_no_row(name: str) -> None:
    rows, rejected, _ = checked(FILES[name]())

    assert (rows > 1, rejected) == (True, 0)


@pytest.mark.parametrize("name", FILES)
def test_a_fault_in_a_declared_column_rejects_its_row_alone(name: str) -> None:
    rows, rejected, codes = checked(FILES[name](), NOTE)

    assert (rows > 1, rejected) == (True, 1)
    assert set(codes) <= {"encoding-error", "type-error"}


def test_bytes_in_a_column_that_is_not_declared_reject_no_row() -> None:
    data = parquet_file(pa.table({"id": [1, 2], "blob": [b"\x00\xff", b"\xfe"]}))

    assert checked(data) == (2, 0, [])


def objects(*last: dict[str, object]) -> list[dict[str, object]]:
    first: list[dict[str, object]] = [{"id": number} for number in range(LATE)]
    return [*first, *last]


def as_list(rows: list[dict[str, object]]) -> bytes:
    return json.dumps(rows).encode()


def as_lines(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_member(rows: list[dict[str, object]]) -> bytes:
    return json.dumps({"total": len(rows), "items": rows}).encode()


def as_archive(rows: list[dict[str, object]]) -> bytes:
    return zipped({"a.json": as_list(rows)})


@pytest.mark.parametrize("write", [as_list, as_lines, as_member, as_archive])
@pytest.mark.parametrize("columns", [(), (NOTE,)])
def test_a_name_that_only_a_late_object_has_rejects_no_row(
    write: Callable[[list[dict[str, object]]], bytes], columns: tuple[Column, ...]
) -> None:
    data = write(objects({"id": LATE, "Note": "x"}, {"Note": "y", "id": LATE + 1, "more": 1}))

    assert checked(data, *columns) == (LATE + 2, 0, [])


@pytest.mark.parametrize("write", [as_list, as_lines, as_archive])
def test_the_names_of_late_objects_are_in_the_header(write: Callable[[list[dict[str, object]]], bytes]) -> None:
    data = write(objects({"id": LATE, "Note": "x"}, {"more": 1, "id": LATE + 1}))
    table = make_plan(io.BytesIO(data), NOTHING_FIXED).open(io.BytesIO(data))

    *_, noted, last = table

    assert table.header == ["id", "Note", "more"]
    assert [noted, last] == [(LATE + 1, [str(LATE), "x", ""]), (LATE + 2, [str(LATE + 1), "", "1"])]


def test_late_names_without_end_are_rejected() -> None:
    late: list[dict[str, object]] = [{"id": number, f"n{number}": 1} for number in range(1100)]

    rows, rejected, codes = checked(as_list(objects(*late)))

    assert (rows, rejected, set(codes)) == (LATE + 1100, 100, {"extra-cell"})
