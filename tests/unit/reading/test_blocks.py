import re
import tracemalloc
from io import BytesIO, RawIOBase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reading.blocks import MAX_ROW_BYTES, Lines, RowTooLarge

BOM = b"\xef\xbb\xbf"
#: Bytes that meet at the edges of blocks in every way that matters: line ends, halves of characters, no UTF-8.
BYTES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b'"', "é".encode(), b"\xff", BOM])).map(b"".join)
BLOCK_BYTES = st.integers(1, 40)
MEBIBYTE = 1 << 20


class EndlessLine(RawIOBase):
    """A file of one line that is far too long, and one that is not; it is never in memory."""

    def __init__(self, *, mebibytes: int) -> None:
        self._left = mebibytes

    def read(self, size: int = -1) -> bytes:
        self._left -= 1
        if self._left > 0:
            return b"x" * min(size, MEBIBYTE)
        return b"\nnext\n" if self._left == 0 else b""


def read(data: bytes, *, block_bytes: int = 1 << 20, max_row_bytes: int = MAX_ROW_BYTES) -> list[str | None]:
    """Read each line as a row of its own; None stands for one that is too large."""
    lines = Lines(BytesIO(data), block_bytes=block_bytes, max_row_bytes=max_row_bytes)
    rows: list[str | None] = []
    while True:
        try:
            for line in lines:
                rows.append(line)
                lines.end_row()
            return rows
        except RowTooLarge:
            rows.append(None)
            lines.end_row()


def lines_of(data: bytes) -> list[bytes]:
    return re.findall(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", data)


def own_lines_of(data: bytes) -> list[bytes]:
    """The lines, without the mark of the file; where it has one, without those before lines."""
    lines = lines_of(data.removeprefix(BOM))
    return [re.sub(b"^(?:" + BOM + b")+", b"", line) for line in lines] if data.startswith(BOM) else lines


def text_of(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


@given(BYTES, BLOCK_BYTES)
def test_lines_end_with_lf_crlf_or_cr_wherever_a_block_ends(data: bytes, block_bytes: int) -> None:
    assert read(data, block_bytes=block_bytes) == [*map(text_of, own_lines_of(data))]


@given(BYTES, BLOCK_BYTES, st.integers(1, 12))
def test_a_line_that_is_too_long_is_left_out_alone(data: bytes, block_bytes: int, longest: int) -> None:
    expected = [
        text_of(line) if len(whole) <= longest else None
        for line, whole in zip(own_lines_of(data), lines_of(data.removeprefix(BOM)), strict=True)
    ]

    assert read(data, block_bytes=block_bytes, max_row_bytes=longest) == expected


@given(BYTES, BLOCK_BYTES, st.integers(1, 12))
def test_the_count_of_bytes_does_not_depend_on_the_blocks(data: bytes, block_bytes: int, longest: int) -> None:
    lines = Lines(BytesIO(data), block_bytes=block_bytes, max_row_bytes=longest)
    ended = 0
    while True:
        try:
            for _ in lines:
                lines.end_row()
            break
        except RowTooLarge:
            lines.end_row()
            ended += 1

    own_lines = lines_of(data.removeprefix(BOM))
    assert lines.bytes_read == sum(min(len(line), longest) for line in own_lines)
    assert ended == sum(len(line) > longest for line in own_lines)


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 4, 100])
def test_marks_before_lines_are_left_out_of_a_file_that_begins_with_one(block_bytes: int) -> None:
    assert read(BOM + b"city\n" + BOM + b"Ayr\n", block_bytes=block_bytes) == ["city\n", "Ayr\n"]
    assert read(b"city\n" + BOM + b"Ayr\n", block_bytes=block_bytes) == ["city\n", "\ufeffAyr\n"]


@pytest.mark.parametrize("data", [b"", BOM], ids=["nothing", "only a byte order mark"])
def test_an_empty_file_has_no_lines(data: bytes) -> None:
    assert read(data, block_bytes=1) == []


@given(st.binary(max_size=60), BLOCK_BYTES)
def test_no_byte_is_lost(data: bytes, block_bytes: int) -> None:
    text = "".join(line or "" for line in read(data, block_bytes=block_bytes))

    assert text.encode("utf-8", "surrogateescape") == b"".join(own_lines_of(data))


@pytest.mark.parametrize("block_bytes", [1, 5, 100])
def test_a_row_of_several_lines_is_too_large_at_the_line_that_goes_over(block_bytes: int) -> None:
    lines = Lines(BytesIO(b"four\nfour\nfour\nnext\n"), block_bytes=block_bytes, max_row_bytes=12)

    with pytest.raises(RowTooLarge, match="longer than 12 bytes"):
        list(lines)

    assert lines.row_text.startswith("four\nfour\n")
    lines.end_row()
    assert list(lines) == ["next\n"]


def test_the_text_of_a_row_is_that_of_its_lines() -> None:
    lines = Lines(BytesIO(b"one\n\xfftwo\nthree\n"), block_bytes=2)
    iterator = iter(lines)

    next(iterator)
    lines.end_row()
    next(iterator)
    next(iterator)

    assert lines.row_text == "\ufffdtwo\nthree\n"


@pytest.mark.parametrize("block_bytes", [64 * 1024, 2 * MEBIBYTE], ids=["blocks below a row", "blocks above a row"])
def test_memory_stays_bounded_however_long_a_line_is(block_bytes: int) -> None:
    lines = Lines(EndlessLine(mebibytes=128), block_bytes=block_bytes)

    tracemalloc.start()
    with pytest.raises(RowTooLarge):
        list(lines)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < 8 * MEBIBYTE
    lines.end_row()
    assert list(lines) == ["next\n"]
