import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.extraction.record_blocks import Incomparable, read_blocks
from shared.reading.blocks import MAX_ROW_BYTES

SIZES = st.integers(1, 40)
CELLS = st.text(st.sampled_from('ab,"\n\r é'), max_size=6)


def split(text: bytes, *, block_bytes: int = 1 << 20) -> list[tuple[int, bytes]]:
    """Return the line on which each record begins, and its text; however it is asked for, it is the same."""
    found = []
    for block in read_blocks(io.BytesIO(text), block_bytes=block_bytes):
        records = block.split()
        assert block.record_count == len(records.texts) == len(records.lines)
        found += list(zip(records.lines, records.texts, strict=True))
    return found


def test_each_line_is_a_record_with_its_end() -> None:
    assert split(b"a,b\n1,2\r\n3,4\r5,6") == [(1, b"a,b\n"), (2, b"1,2\r\n"), (3, b"3,4\r"), (4, b"5,6")]


def test_a_record_goes_on_until_its_quotes_are_closed() -> None:
    assert split(b'a\n"1\n\n""2"\n3\n') == [(1, b"a\n"), (2, b'"1\n\n""2"\n'), (5, b"3\n")]


def test_blank_lines_are_no_records() -> None:
    assert split(b"\n\na\n\r\n\n1\n\n") == [(3, b"a\n"), (6, b"1\n")]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert split(b"\xef\xbb\xbfa\n") == [(1, b"a\n")]


@pytest.mark.parametrize(
    "text", [b'a\n"1\n2\n', b"a\n" + b"x" * (MAX_ROW_BYTES + 1)], ids=["a quote never closed", "a row too long"]
)
def test_what_never_ends_can_not_be_compared(text: bytes) -> None:
    with pytest.raises(Incomparable):
        split(text, block_bytes=64 * 1024)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), min_size=1), st.sampled_from(["\n", "\r\n", "\r"]), SIZES)
def test_records_are_those_that_a_reader_of_csv_finds(table: list[list[str]], line_end: str, size: int) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    content = text.getvalue().encode()

    records = split(content, block_bytes=size)

    assert b"".join(record for _, record in records) == content
    assert [next(csv.reader([record.decode()])) for _, record in records] == table


@given(st.binary(max_size=60).map(lambda data: data.replace(b'"', b"")), SIZES)
def test_records_and_lines_do_not_depend_on_the_stretches(text: bytes, size: int) -> None:
    assert split(text, block_bytes=size) == split(text)
