import io
import json
import multiprocessing
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

from shared.model.errors import FileRefused
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.parquet import arrow_text
from shared.reading.parquet.records import ParquetRecords
from tests.support.formats import codes_of, parquet_file, refusal

MIB = 1 << 20


def read(table: pa.Table, **options: object) -> ParquetRecords:
    return read_bytes(parquet_file(table, **options))


def read_bytes(data: bytes) -> ParquetRecords:
    return ParquetRecords(io.BytesIO(data), DecompressionLimit())


def texts_of(column: pa.Array) -> list[str]:
    return [record[1][0] for record in read(pa.table({"a": column})) if isinstance(record, tuple)]


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (["é", "", None], pa.string(), ["é", "", ""]),
        (["é", None], pa.large_string(), ["é", ""]),
        (["é", None], pa.dictionary(pa.int8(), pa.string()), ["é", ""]),
        ([b"abc", "é".encode()], pa.binary(), ["abc", "é"]),
        ([b"ab"], pa.binary(2), ["ab"]),
        ([-7, 2**63 - 1, None], pa.int64(), ["-7", "9223372036854775807", ""]),
        ([2**64 - 1], pa.uint64(), ["18446744073709551615"]),
        ([True, False, None], pa.bool_(), ["true", "false", ""]),
        ([0.1, 7.0, 1e22, 1e-7, None], pa.float64(), ["0.1", "7", "10000000000000000000000", "0.0000001", ""]),
        ([0.1, 7.5], pa.float32(), ["0.1", "7.5"]),
        ([1.5], pa.float16(), ["1.5"]),
        ([float("nan"), float("inf"), float("-inf")], pa.float64(), ["nan", "inf", "-inf"]),
        ([Decimal("0.0000001"), Decimal("-12.5"), None], pa.decimal128(20, 7), ["0.0000001", "-12.5000000", ""]),
        ([Decimal("1E+3")], pa.decimal256(50, 0), ["1000"]),
        ([date(1837, 6, 20), None], pa.date32(), ["1837-06-20", ""]),
        ([date(1837, 6, 20)], pa.date64(), ["1837-06-20"]),
        ([time(9, 30), time(9, 30, 0, 500)], pa.time64("us"), ["09:30:00.000000", "09:30:00.000500"]),
        ([timedelta(hours=27)], pa.duration("us"), ["27:00:00"]),
        ([None], pa.null(), [""]),
        ([[1, None], [], None], pa.list_(pa.int64()), ["[1, null]", "[]", ""]),
        ([{"x": "é", "y": Decimal("1.50")}], pa.struct({"x": pa.string(), "y": pa.decimal128(9, 2)}), ["é"]),
    ],
    ids=str,
)
def test_values_come_as_a_csv_file_would_have_them(values: list[object], kind: pa.DataType, texts: list[str]) -> None:
    expected = ['{"x": "é", "y": "1.50"}'] if pa.types.is_struct(kind) else texts

    assert texts_of(pa.array(values, kind)) == expected


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_moments_are_written_without_needless_digits(unit: str) -> None:
    moment = datetime(2024, 5, 31, 14, 3, tzinfo=UTC)
    moments = [moment, moment + timedelta(milliseconds=120), None]

    with_zone = pa.array(moments, pa.timestamp(unit, "Europe/Berlin"))
    without_zone = pa.array([moment and moment.replace(tzinfo=None) for moment in moments], pa.timestamp(unit))

    assert texts_of(with_zone) == ["2024-05-31T14:03:00Z", "2024-05-31T14:03:00.12Z", ""]
    assert texts_of(without_zone) == ["2024-05-31T14:03:00", "2024-05-31T14:03:00.12", ""]


def test_nanoseconds_and_far_years_are_kept() -> None:
    assert texts_of(pa.array([1], pa.timestamp("ns"))) == ["1970-01-01T00:00:00.000000001"]
    assert texts_of(pa.array([400_000_000_000], pa.timestamp("s"))) == ["14645-06-30T15:06:40"]


FAR_MOMENTS = [
    "0001-01-01T00:00:00",
    "1582-10-04T23:59:59",
    "1677-09-21T00:12:43.145224",
    "1969-12-31T23:59:59.999999",
    "2262-04-11T23:47:16.854776",
    "2999-12-31T00:00:00",
    "9999-12-31T23:59:59.999999",
    "",
]
FAR_COLUMN = pa.array([datetime.fromisoformat(text) if text else None for text in FAR_MOMENTS], pa.timestamp("us"))


def read_as_int96(column: pa.Array) -> list[str]:
    records = read(pa.table({"id": range(len(column)), "a": column}), use_deprecated_int96_timestamps=True)
    return [record[1][1] for record in records if isinstance(record, tuple)]


def test_moments_of_the_type_int96_are_exact_in_every_year() -> None:
    assert read_as_int96(FAR_COLUMN) == FAR_MOMENTS
    assert read_as_int96(pa.array([1, -1], pa.timestamp("ns"))) == [
        "1970-01-01T00:00:00.000000001",
        "1969-12-31T23:59:59.999999999",
    ]


def test_moments_of_the_type_int96_are_exact_in_nested_values() -> None:
    offsets = pa.array(range(len(FAR_COLUMN) + 1), pa.int32())
    texts = [text or None for text in FAR_MOMENTS]

    objects = read_as_int96(pa.StructArray.from_arrays([FAR_COLUMN], ["t"]))
    lists = read_as_int96(pa.ListArray.from_arrays(offsets, FAR_COLUMN))

    assert [json.loads(text) for text in objects] == [{"t": text} for text in texts]
    assert [json.loads(text) for text in lists] == [[text] for text in texts]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("encoding", ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"])
def test_texts_are_read_in_every_encoding(encoding: str, version: str) -> None:
    texts = [None if number % 7 == 0 else f"Straße {number // 10}" for number in range(5000)]
    lists = [[text, None] for text in texts]
    table = pa.table({"a": texts, "l": pa.array(lists, pa.list_(pa.string()))})
    options = {"use_dictionary": False, "column_encoding": {"a": encoding, "l.list.element": encoding}}

    records = [record[1] for record in read(table, data_page_version=version, **options) if isinstance(record, tuple)]

    assert [cells[0] for cells in records] == [text or "" for text in texts]
    assert [json.loads(cells[1]) for cells in records] == lists


def test_texts_in_nested_values_are_read_across_groups_of_rows() -> None:
    table = pa.table({"s": [{"a": f"x{number}", "l": [f"y{number % 7}"]} for number in range(2500)]})

    objects = [json.loads(record[1][0]) for record in read(table, row_group_size=700) if isinstance(record, tuple)]

    assert objects == table["s"].to_pylist()


def test_texts_that_repeat_the_one_before_take_bounded_memory() -> None:
    table = pa.table({"a": ["x" * (MIB // 2)] * 800})
    data = parquet_file(table, use_dictionary=False, column_encoding={"a": "DELTA_BYTE_ARRAY"}, compression="none")
    del table
    before = pa.total_allocated_bytes()

    assert refusal(lambda: read_and_check(read_bytes(data), most_bytes=before + 64 * MIB)) == "compression-bomb"


NANOSECOND = pa.array([1_717_164_180_123_456_789], pa.timestamp("ns"))


@pytest.mark.parametrize(
    ("column", "texts"),
    [
        (pa.StructArray.from_arrays([NANOSECOND], ["t"]), ['{"t": "2024-05-31T14:03:00.123456789"}']),
        (pa.array([[2**31 + 1, None], None], pa.list_(pa.time64("ns"))), ['["00:00:02.147483649", null]', ""]),
        (
            pa.array([[{"d": [date(1837, 6, 20)]}]], pa.list_(pa.struct({"d": pa.list_(pa.date32())}))),
            ['[{"d": ["1837-06-20"]}]'],
        ),
        (
            pa.array([[("k", [1]), ("l", None)], []], pa.map_(pa.string(), pa.list_(pa.int64()))),
            ['[["k", [1]], ["l", null]]', "[]"],
        ),
        (
            pa.array([None, [], [None, {"d": 1}]], pa.list_(pa.struct({"d": pa.int64()}))),
            ["", "[]", '[null, {"d": 1}]'],
        ),
        (pa.array([[None, "é"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))), ['[null, "é"]', ""]),
        (pa.array([[1, 2], None, [3, None]], pa.list_(pa.int8(), 2)), ["[1, 2]", "", "[3, null]"]),
        (pa.array([[b"\xff\x00", b"a"]], pa.list_(pa.binary())), [r'["\\xff00", "a"]']),
        (pa.array([{"x": None}, None], pa.struct({"x": pa.struct({"y": pa.float64()})})), ['{"x": null}', ""]),
    ],
    ids=str,
)
def test_nested_values_are_json_with_all_their_digits(column: pa.Array, texts: list[str]) -> None:
    assert texts_of(column) == texts


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        ([b"x", b"\xff\x00", b"y"], pa.binary(), ["x", r"\xff00", "y"]),
        ([b"x", b"a\x00b", None], pa.large_binary(), ["x", r"\x610062", ""]),
        ([b"\xffab", b"abc"], pa.binary(3), [r"\xff6162", "abc"]),
        ([rb"\xff", b"a\nb"], pa.binary(), [r"\x5c786666", "a\nb"]),
        ([UUID(int=1).bytes], pa.uuid(), ["00000000-0000-0000-0000-000000000001"]),
    ],
    ids=str,
)
def test_bytes_that_are_no_text_come_as_hexadecimal_digits(
    values: list[object], kind: pa.DataType, texts: list[str]
) -> None:
    assert texts_of(pa.array(values, kind)) == texts


def test_rows_are_numbered_through_all_groups() -> None:
    table = pa.table({"a": [str(number) for number in range(2500)]})

    assert list(read(table, row_group_size=700)) == [(number + 1, [str(number)]) for number in range(2500)]


def read_and_check(source: ParquetRecords, *, most_bytes: int) -> None:
    for _ in source:
        assert pa.total_allocated_bytes() < most_bytes


def test_a_long_text_that_a_million_rows_share_is_a_bomb_in_bounded_memory() -> None:
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), pa.array(["x" * 500_000]))
    data = parquet_file(pa.table({"a": shared}), store_schema=False)
    before = pa.total_allocated_bytes()
    source = read_bytes(data)

    assert refusal(lambda: read_and_check(source, most_bytes=before + 32 * MIB)) == "compression-bomb"


def test_a_row_that_is_too_large_faults_itself_alone() -> None:
    assert codes_of(read(pa.table({"a": ["x", "y" * (MIB + 1), "z"]}))) == [
        (1, ["x"]),
        (2, "row-too-large"),
        (3, ["z"]),
    ]


def test_pages_that_unpack_to_very_much_are_a_bomb() -> None:
    data = parquet_file(pa.table({"a": [bytes(MIB)] * 100}), use_dictionary=False, compression="zstd")

    assert refusal(lambda: read_bytes(data)) == "compression-bomb"


def test_values_of_a_huge_fixed_size_are_refused() -> None:
    data = parquet_file(pa.table({"a": pa.array([bytes(2 * MIB)], pa.binary(2 * MIB))}))

    assert refusal(lambda: read_bytes(data)) == "row-too-large"


def test_a_file_without_rows_has_a_header_alone() -> None:
    source = read(pa.table({"a": pa.array([], pa.string()), "b": pa.array([], pa.int64())}))

    assert source.header == ["a", "b"]
    assert list(source) == []


def test_every_cut_is_noticed() -> None:
    data = parquet_file(pa.table({"a": ["x"]}))

    for length in range(len(data)):
        assert refusal(lambda length=length: read_bytes(data[:length])) == "truncated-file"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PAR1" + bytes(100) + b"PAR1", "format-error"),
        (b"PAR1....PARE", "format-error"),
        (parquet_file(pa.table({})), "blank-header"),
    ],
)
def test_what_can_not_be_read_is_refused(data: bytes, code: str) -> None:
    assert refusal(lambda: read_bytes(data)) == code


def test_a_changed_page_is_noticed() -> None:
    plain = {"compression": None, "use_dictionary": False, "write_statistics": False}
    data = parquet_file(pa.table({"a": ["Derry"]}), write_page_checksum=True, **plain)

    assert refusal(lambda: list(read_bytes(data.replace(b"Derry", b"Perry")))) == "format-error"


@pytest.mark.parametrize("index", [2, -1])
def test_a_value_that_is_not_in_its_dictionary_is_none(index: int) -> None:
    indices = pa.array([0, index, 1], pa.int32())
    column = pa.DictionaryArray.from_arrays(indices, pa.array(["x", "y"]), safe=False)

    with pytest.raises(pa.ArrowInvalid):
        arrow_text.texts_of(column)


def damaged_footers() -> Iterator[bytes]:
    """Yield a small file with each byte of its footer changed in several ways."""
    data = parquet_file(pa.table({"number": [1, 2, 3, None], "text": ["x", "y", None, "z"]}))
    end = len(data) - 8
    for place in range(end - int.from_bytes(data[end : end + 4], "little"), end):
        for byte in {0, 255, data[place] ^ 1, data[place] ^ 0x10, (data[place] + 1) % 256}:
            yield data[:place] + bytes([byte]) + data[place + 1 :]


def test_no_damage_of_the_metadata_ends_the_process() -> None:
    """What C++ throws in some accessors of pyarrow never becomes an exception: the process is aborted."""
    reader = multiprocessing.get_context("spawn").Process(target=_read_damaged_footers)
    reader.start()
    reader.join()

    assert reader.exitcode == 0


def _read_damaged_footers() -> None:
    for data in damaged_footers():
        with suppress(FileRefused):
            list(read_bytes(data))
