"""Any table, in any format and any compression, comes back as it was; cut short anywhere, it never passes for whole."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.datasets import FORMATS
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.json.records import JsonRecords, NdjsonRecords
from tests.support.formats import COMPRESSORS, READERS, WRITERS, Table, Trickle, unpacked, zipped

#: XML has no control characters, and what begins with = is a formula in a sheet.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="=\ufffe\uffff"), min_size=1, max_size=8
)
NAMES = st.lists(TEXT, min_size=2, max_size=4, unique=True)
PACKINGS = st.sampled_from([None, *COMPRESSORS, "zip"])


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = draw(NAMES)
    # Every row has something in it: a sheet has no empty rows.
    rows = st.tuples(TEXT, *(TEXT | st.just("") for _ in names[1:]))
    return names, draw(st.lists(rows, min_size=1, max_size=6))


def packed(data: bytes, packing: str | None) -> bytes:
    if packing is None:
        return data
    return zipped({"table": data}) if packing == "zip" else COMPRESSORS[packing](data)


def test_every_format_is_read_back_here() -> None:
    """But for CSV, which has tests of its own."""
    assert set(WRITERS) == set(READERS) == set(FORMATS) - {"csv"}


@pytest.mark.parametrize("format_name", WRITERS)
@given(table=tables(), packing=PACKINGS)
def test_any_table_reads_back(format_name: str, packing: str | None, table: Table) -> None:
    file = io.BytesIO(packed(WRITERS[format_name](table), packing))

    source = READERS[format_name](unpacked(file))

    header, rows = table
    assert source.header == list(header)
    assert [cells for _, cells in source] == [list(row) for row in rows]  # type: ignore[misc]
    assert source.bytes_read > 0


@pytest.mark.parametrize("read", [JsonRecords, NdjsonRecords])
@given(table=tables(), block_bytes=st.integers(1, 40), most_bytes=st.integers(1, 40))
def test_blocks_do_not_matter(
    read: type[JsonRecords | NdjsonRecords], table: Table, block_bytes: int, most_bytes: int
) -> None:
    data = WRITERS["json" if read is JsonRecords else "ndjson"](table)
    whole = read(io.BytesIO(data))

    source = read(Trickle(data, most_bytes), block_bytes=block_bytes)

    assert source.header == whole.header
    assert list(source) == list(whole)
    assert source.bytes_read == whole.bytes_read


@pytest.mark.parametrize("format_name", WRITERS)
@given(table=tables(), packing=PACKINGS, data=st.data())
def test_a_file_cut_short_is_refused_or_has_only_whole_rows(
    format_name: str, packing: str | None, table: Table, data: st.DataObject
) -> None:
    whole = packed(WRITERS[format_name](table), packing)
    # A share: a workbook holds the time, and is a byte longer in some seconds than in others.
    length = min(int(data.draw(st.floats(0, 1)) * len(whole)), len(whole) - 1)

    records, is_refused = read_until_refused(format_name, whole[:length])

    rows = [list(row) for row in table[1]]
    assert records == rows[: len(records)]
    # Without the last line end, NDJSON is whole.
    assert is_refused or (packing is None and format_name == "ndjson" and is_at_line_end(whole, length))


def is_at_line_end(whole: bytes, length: int) -> bool:
    return b"\n" in (whole[length : length + 1], whole[length - 1 : length])


def read_until_refused(format_name: str, data: bytes) -> tuple[list[list[str]], bool]:
    records: list[list[str]] = []
    try:
        for record in READERS[format_name](unpacked(io.BytesIO(data))):
            assert not isinstance(record, UnreadableRow)
            records.append(record[1])
    except FileRefused:
        return records, True
    return records, False
