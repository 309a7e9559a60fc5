import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reading.offsets import LineOffsets
from tests.unit.reading.test_blocks import BLOCK_BYTES, BOM, BYTES, EndlessLine, lines_of


def beginnings(data: bytes) -> list[int]:
    """Where each line begins, as a regular expression on the whole sees it."""
    mark = len(BOM) if data.startswith(BOM) else 0
    begins = [mark]
    for line in lines_of(data[mark:])[:-1]:
        begins.append(begins[-1] + len(line))
    return begins


@given(BYTES, BLOCK_BYTES, st.integers(1, 3))
def test_lines_begin_where_the_reader_sees_them_begin(data: bytes, block_bytes: int, step: int) -> None:
    offsets = LineOffsets(BytesIO(data), block_bytes=block_bytes)
    expected = dict(enumerate(beginnings(data), start=1))

    asked = list(expected)[::step]
    assert [offsets.of(line) for line in asked] == [expected[line] for line in asked]


@pytest.mark.parametrize("block_bytes", range(1, 12))
def test_a_line_end_of_two_bytes_may_be_in_two_blocks(block_bytes: int) -> None:
    offsets = LineOffsets(BytesIO(b"a\r\nb\r\n\r\nc\rd\r"), block_bytes=block_bytes)

    assert [offsets.of(line) for line in range(1, 6)] == [0, 3, 6, 8, 10]


def test_a_line_that_the_file_lacks_is_nowhere() -> None:
    offsets = LineOffsets(BytesIO(b"a\nb\n"))

    assert [offsets.of(line) for line in (2, 2, 9)] == [2, 2, None]


@pytest.mark.parametrize("mark", [b"", BOM])
def test_the_first_line_begins_behind_a_byte_order_mark(mark: bytes) -> None:
    offsets = LineOffsets(BytesIO(mark + b"a\r\nb"))

    assert [offsets.of(line) for line in (1, 2)] == [len(mark), len(mark) + 3]


def test_memory_is_bounded_however_long_a_line_is() -> None:
    """G8"""
    offsets = LineOffsets(EndlessLine(mebibytes=64))
    tracemalloc.start()
    assert offsets.of(2) == (62 << 20) + 4
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 << 20
