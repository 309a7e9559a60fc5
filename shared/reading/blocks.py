"""Reads a file in blocks and yields its lines, in bounded memory however long a line or a row is."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, Protocol

BOM = b"\xef\xbb\xbf"

#: The maximum size of a row; G8 needs some bound, and a message must stay far below the broker's 16 MiB.
MAX_ROW_BYTES = 1 << 20
_LINE_ENDS = (b"\n", b"\r")
_MARKS = re.compile(b"(?:" + BOM + b")+")


def without_marks(row: bytes) -> bytes:
    """Return a row without the byte order marks before it."""
    marks = _MARKS.match(row)
    return row if marks is None else row[marks.end() :]


class Readable(Protocol):
    """A stream that is read from its start to its end."""

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most this many bytes; none at the end."""


class RowTooLarge(Exception):
    """A row above the limit. A new iteration continues with the line after the one that exceeded it."""


class RowEnd(Protocol):
    """Follows the quotes of one row."""

    def feed(self, piece: bytes) -> None:
        """Process the next line of the row, or the next piece of a line."""

    @property
    def is_open(self) -> bool:
        """Whether the row continues on the next line, inside a quoted value that may be closed there."""


class Lines:
    """Iterates over the lines of a file, with their line ends.

    Lines end as RFC 4180 readers expect: LF, CRLF or CR. In the encoding these must be single bytes, as in all but
    UTF-16 and UTF-32. Bytes that can't be decoded become lone surrogates. The consumer ends each row that it
    completes; a row above the limit raises RowTooLarge.

    A file that begins with a byte order mark may be several concatenated files: the marks before its rows are left
    out. For a part of a file, `skips_marks` tells whether the file begins with one.
    """

    def __init__(
        self,
        file: Readable,
        *,
        block_bytes: int,
        encoding: str = "utf-8",
        max_row_bytes: int = MAX_ROW_BYTES,
        skips_marks: bool | None = None,
        suspect: re.Pattern[bytes] | None = None,
    ) -> None:
        self._suspect = suspect
        #: Whether lines of the current row may match the pattern: one of its blocks does.
        self.is_suspect = False
        self._encoding = encoding
        self._block_bytes = block_bytes
        self._max_row_bytes = max_row_bytes
        begin = file.read(len(BOM)) if skips_marks is None else b""
        self._skips_marks = begin == BOM if skips_marks is None else skips_marks
        self._blocks = _Blocks(file, block_bytes, max_row_bytes, begin.removeprefix(BOM))
        self._block: Iterator[bytes] = iter(())
        self._row: list[bytes] = []
        self._row_bytes = 0
        #: The rest of a row that is too large for memory.
        self._rest_of_row: IO[bytes] | None = None
        #: Whether the last piece read is part of a line, and more of it follows.
        self._is_in_line = False
        #: The size of the rows that were ended.
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        """Continue reading, to the end of the file."""
        encoding = self._encoding
        self._end_line()
        while True:
            for line in self._block:
                self._row.append(line)
                self._row_bytes += len(line)
                if self._row_bytes > self._max_row_bytes:
                    # Whatever was read of it: the count must not depend on the blocks.
                    self._row_bytes = self._max_row_bytes
                    self._is_in_line = not line.endswith(_LINE_ENDS)
                    raise RowTooLarge(f"the row is longer than {self._max_row_bytes} bytes")
                yield line.decode(encoding, "surrogateescape")
            if not self._begin_block():
                return

    @property
    def row_text(self) -> str:
        """The text since the end of the last row, up to the limit; bytes that can't be decoded become U+FFFD."""
        return b"".join(self._row)[: self._max_row_bytes].decode(self._encoding, "replace")

    @property
    def row_line_count(self) -> int:
        """The number of lines since the end of the last row."""
        return len(self._row)

    def skip(self, count: int) -> Iterator[str]:
        """Skip `count` lines, or fewer at the end of the file; yield the text of each, of a long line its beginning."""
        skipped = 0
        while skipped < count:
            try:
                if next(iter(self), None) is None:
                    return
            except RowTooLarge:
                # A new iteration continues after it.
                pass
            yield self.row_text
            self.end_row()
            skipped += 1

    def read_rest_of_row(self, row_end: RowEnd) -> int:
        """Read a row that is too large to its end, into a temporary file. Return the number of its lines."""
        for line in self._row:
            row_end.feed(line)
        line_count = len(self._row)
        if not self._is_in_line and not row_end.is_open:
            return line_count
        self._rest_of_row = TemporaryFile()  # noqa: SIM115
        for piece in self._pieces():
            line_count += not self._is_in_line
            self._is_in_line = not piece.endswith(_LINE_ENDS)
            self._rest_of_row.write(piece)
            row_end.feed(piece)
            if not self._is_in_line and not row_end.is_open:
                break
        self._is_in_line = False
        return line_count

    def return_lines(self, is_next: Callable[[str], bool]) -> int:
        """End the row before its first line, except for the very first one, for which `is_next` is true.

        A new iteration yields that line and those after it again. Return the number of lines that the row keeps.
        """
        rest, block = self._rest_of_row, self._block
        pieces = chain(self._row, self._pieces_of(rest) if rest is not None else ())
        self._row, self._row_bytes, self._rest_of_row = [], 0, None
        line_count, is_in_line = 0, False
        for piece in pieces:
            if line_count and not is_in_line and is_next(piece.decode(self._encoding, "surrogateescape")):
                self._block = chain([piece], pieces, block)
                break
            line_count += not is_in_line
            is_in_line = not piece.endswith(_LINE_ENDS)
            self._keep(piece)
        return line_count

    def end_row(self) -> None:
        """End the row; the next line begins a new one."""
        self._row.clear()
        if self._rest_of_row is not None:
            self._rest_of_row.close()
            self._rest_of_row = None
        self.bytes_read += self._row_bytes
        self._row_bytes = 0

    def _keep(self, piece: bytes) -> None:
        if self._row_bytes < self._max_row_bytes:
            self._row.append(piece)
            self._row_bytes = min(self._row_bytes + len(piece), self._max_row_bytes)

    def _pieces_of(self, rest: IO[bytes]) -> Iterator[bytes]:
        # It is no longer known which of its blocks match the pattern.
        self.is_suspect = self._suspect is not None
        with rest:
            rest.seek(0)
            yield from _Blocks(rest, self._block_bytes, self._max_row_bytes).lines()

    def _end_line(self) -> None:
        """Skip the rest of a line that is too long."""
        if self._is_in_line:
            any(piece.endswith(_LINE_ENDS) for piece in self._pieces())
            self._is_in_line = False

    def _pieces(self) -> Iterator[bytes]:
        while True:
            yield from self._block
            if not self._begin_block():
                return

    def _begin_block(self) -> bool:
        """Read the next block; return False if there is none."""
        block = self._blocks.next()
        if self._suspect is not None:
            self.is_suspect = bool(self._suspect.search(block) or (self.is_suspect and self._row))
        lines = block.splitlines(keepends=True)
        self._block = self._without_marks(lines) if self._skips_marks and BOM in block else iter(lines)
        return bool(block)

    def _without_marks(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Remove byte order marks at the beginning of rows: those of the file, and of files concatenated to it."""
        for line in lines:
            text = line if self._row or self._is_in_line else without_marks(line)
            self._row_bytes += len(line) - len(text)
            yield text


class _Blocks:
    """Blocks of whole lines of a file, or pieces of a line that is longer than the maximum row."""

    def __init__(self, file: Readable, block_bytes: int, max_bytes: int, begin: bytes = b"") -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._max_bytes = max_bytes
        self._rest = begin

    def next(self) -> bytes:
        """Return the next block; at the end of the file, the rest."""
        block, self._rest = self._rest, b""
        while data := self._file.read(self._block_bytes):
            block += data
            # The last byte of a piece is kept back: it may be half of a line end.
            end = _end_of_last_line(block) or (len(block) - 1 if len(block) > self._max_bytes + 1 else 0)
            if end:
                self._rest = block[end:]
                return block[:end]
        return block

    def lines(self) -> Iterator[bytes]:
        """Read to the end."""
        while block := self.next():
            yield from block.splitlines(keepends=True)


def _end_of_last_line(data: bytes) -> int:
    """Return the end of the last whole line, 0 if there is none; a CR at the very end may be half of a CRLF."""
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
