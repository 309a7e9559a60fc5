"""Reads a file as blocks of whole lines, in bounded memory however long a line or a row is."""

from collections.abc import Iterator
from io import StringIO
from typing import IO, Self

_BOM = b"\xef\xbb\xbf"

#: The most bytes a row may have; G8 needs some bound, and a message must stay far below the broker's 16 MiB.
LONGEST_ROW_BYTES = 1 << 20
_EXCERPT_BYTES = 1000


class RowTooLarge(Exception):
    """A row above LONGEST_ROW_BYTES. Reading goes on with the line after what was read so far.

    `skipped_lines` counts the lines that were read and not handed out; `excerpt` is the beginning of the first.
    """

    def __init__(self, *, skipped_lines: int, excerpt: str) -> None:
        super().__init__(f"the row is longer than {LONGEST_ROW_BYTES} bytes")
        self.skipped_lines = skipped_lines
        self.excerpt = excerpt


class LineBlocks:
    """Iterates over the blocks of a UTF-8 file, each an iterator of lines with their line ends.

    Lines end as RFC 4180 readers expect: LF, CRLF or CR. Bytes that are not UTF-8 come as lone surrogates. The
    consumer sets `bytes_since_row` to 0 with every row it completes; a row that never ends raises RowTooLarge.
    """

    def __init__(self, file: IO[bytes], *, block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._rest = b""
        self._is_first = True
        self.blocks_read = 0
        self.bytes_since_row = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Iterator[str]:
        """Return the next block's lines."""
        if self.bytes_since_row > LONGEST_ROW_BYTES:
            self.bytes_since_row = 0
            raise RowTooLarge(skipped_lines=0, excerpt="")
        block = self._next_block()
        if not block:
            raise StopIteration
        self.blocks_read += 1
        self.bytes_since_row += len(block)
        return StringIO(block.decode("utf-8", "surrogateescape"), newline="")

    def _next_block(self) -> bytes:
        """Return whole lines; at the end of the file whatever is left."""
        buffer = self._rest
        while True:
            data = self._read()
            buffer += data
            cut = _end_of_last_line(buffer) if data else len(buffer)
            if cut or not data:
                self._rest = buffer[cut:]
                return buffer[:cut]
            if len(buffer) > LONGEST_ROW_BYTES:
                self._skip_line()
                self.bytes_since_row = 0
                excerpt = buffer[:_EXCERPT_BYTES].decode("utf-8", "replace")
                raise RowTooLarge(skipped_lines=1, excerpt=excerpt)

    def _skip_line(self) -> None:
        """Throw away the rest of a line that is too long."""
        self._rest = b""
        while data := self._read():
            end = _end_of_first_line(data)
            if end:
                self._rest = data[end:]
                return

    def _read(self) -> bytes:
        data = self._file.read(self._block_bytes)
        if self._is_first:
            self._is_first = False
            data = data.removeprefix(_BOM)
        return data


def _end_of_last_line(data: bytes) -> int:
    """Where the last whole line ends; a CR at the very end may be half a CRLF."""
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1


def _end_of_first_line(data: bytes) -> int:
    return data.find(b"\n") + 1 or data.find(b"\r") + 1
