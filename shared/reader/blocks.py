"""Reads a file in blocks and gives out its lines, in bounded memory however long a line or a row is."""

import re
from collections.abc import Callable, Iterator
from itertools import chain, islice, takewhile
from typing import Protocol

BOM = b"\xef\xbb\xbf"

#: The most bytes a row may have; G8 needs some bound, and a message must stay far below the broker's 16 MiB.
LONGEST_ROW_BYTES = 1 << 20


class Readable(Protocol):
    """What is read from its start to its end."""

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""


class RowTooLarge(Exception):
    """A row above the limit. A new iteration goes on with the line after the one that went over it."""


class Lines:
    """Iterates over the lines of a file, with their line ends.

    Lines end as RFC 4180 readers expect: LF, CRLF or CR; the encoding is one in which these are single bytes, as in
    all but UTF-16 and UTF-32. Bytes that are not of the encoding come as lone surrogates. The consumer ends each row
    that it completes; one that goes above the limit raises RowTooLarge.
    """

    def __init__(
        self,
        file: Readable,
        *,
        block_bytes: int,
        encoding: str = "utf-8",
        longest_row_bytes: int = LONGEST_ROW_BYTES,
        skips_mark: bool = True,
        suspect: re.Pattern[bytes] | None = None,
    ) -> None:
        self._file = file
        self._suspect = suspect
        #: Whether lines of the row that is being read may match: one of its blocks does.
        self.is_suspect = False
        self._encoding = encoding
        self._block_bytes = block_bytes
        self._longest_row_bytes = longest_row_bytes
        self._rest = file.read(len(BOM)).removeprefix(BOM) if skips_mark else b""
        self._block: Iterator[bytes] = iter(())
        self._row: list[bytes] = []
        self._row_bytes = 0
        #: Bytes of the rows that were ended.
        self.bytes_read = 0

    def __iter__(self) -> Iterator[str]:
        """Read on, to the end of the file."""
        encoding = self._encoding
        while True:
            for line in self._block:
                self._row.append(line)
                self._row_bytes += len(line)
                if self._row_bytes > self._longest_row_bytes:
                    # However much of it was read: the count must not depend on the blocks.
                    self._row_bytes = self._longest_row_bytes
                    raise RowTooLarge(
                        f"the row is longer than {self._longest_row_bytes} bytes; perhaps a quote is never closed"
                    )
                yield line.decode(encoding, "surrogateescape")
            block = self._next_block()
            if not block:
                return
            if self._suspect is not None:
                self.is_suspect = bool(self._suspect.search(block) or (self.is_suspect and self._row))
            self._block = iter(block.splitlines(keepends=True))

    @property
    def row_text(self) -> str:
        """What was read since the last row ended, up to the limit; bytes that are not of the encoding as U+FFFD."""
        return b"".join(self._row)[: self._longest_row_bytes].decode(self._encoding, "replace")

    def skip(self, count: int) -> int:
        """Leave out so many lines; return how many there were."""
        skipped = 0
        while skipped < count:
            try:
                for _ in islice(self, count - skipped):
                    skipped += 1
                    self.end_row()
            except RowTooLarge:
                self.end_row()
                skipped += 1
            else:
                break
        return skipped

    def give_back(self, is_next: Callable[[str], bool]) -> int:
        """End the row before the first of its lines, other than its own first one, of which this is so.

        That line and those behind it are given out once more, by a new iteration. Return how many they are.
        """
        tails = (line.decode(self._encoding, "surrogateescape") for line in self._row[1:])
        kept = 1 + sum(1 for _ in takewhile(lambda line: not is_next(line), tails))
        given_back = self._row[kept:]
        if given_back:
            self._row = self._row[:kept]
            self._row_bytes = min(sum(map(len, self._row)), self._longest_row_bytes)
            self._block = chain(given_back, self._block)
        return len(given_back)

    def end_row(self) -> None:
        """Begin a new row with the next line."""
        self._row.clear()
        self.bytes_read += self._row_bytes
        self._row_bytes = 0

    def _next_block(self) -> bytes:
        """Return whole lines, or one cut short that is too long anyway; at the end of the file whatever is left."""
        block, self._rest = self._rest, b""
        while data := self._file.read(self._block_bytes):
            block += data
            end = _end_of_last_line(block)
            if end:
                self._rest = block[end:]
                return block[:end]
            # The last byte stays: it may be the line's end.
            block = block[: self._longest_row_bytes] + block[self._longest_row_bytes :][-1:]
        return block


def _end_of_last_line(data: bytes) -> int:
    """Where the last whole line ends, 0 if there is none; a CR at the very end may be half a CRLF."""
    return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
