"""Finds the byte offsets at which lines of a file begin, such as those of rejected rows."""

import re
from functools import cached_property
from typing import Final

from shared.reading.blocks import BOM, Readable

_LINE_END = re.compile(rb"\r\n?|\n")
_BLOCK_BYTES = 1 << 20


class LineOffsets:
    """Finds lines of a file, after decompression, by their numbers from 1, which must be requested in ascending order.

    Lines end as in `Lines`, in any encoding in which the bytes of LF and CR are always line ends. That is the case for
    UTF-8, the Windows and ISO encodings, Shift-JIS, GBK and Big5, but not for UTF-16 and UTF-32.
    """

    def __init__(self, file: Readable, *, block_bytes: int = _BLOCK_BYTES) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._rest = file.read(len(BOM))
        self._first = len(BOM) if self._rest == BOM else 0
        self._block = _Block(b"", offset=0, line=1)

    def of(self, line: int) -> int | None:
        """Return the offset at which a line begins, after a byte order mark; None if the file has fewer lines."""
        if line == 1:
            return self._first
        while line > self._block.last_line:
            if not self._read():
                return None
        return self._block.offset_of(line)

    def _read(self) -> bool:
        data = self._file.read(self._block_bytes)
        text, self._rest = self._rest + data, b""
        if data and text.endswith(b"\r"):
            # It may be half a CRLF.
            text, self._rest = text[:-1], b"\r"
        before = self._block
        self._block = _Block(text, offset=before.offset + len(before.text), line=before.last_line)
        return bool(text or self._rest)


class _Block:
    """A part of a file, and the line on which it begins."""

    def __init__(self, text: bytes, *, offset: int, line: int) -> None:
        self.text: Final = text
        self.offset: Final = offset
        self._line = line
        #: The line that begins after its last line end.
        self.last_line: Final = line + text.count(b"\n") + text.count(b"\r") - text.count(b"\r\n")

    def offset_of(self, line: int) -> int:
        return self.offset + self._begins[line - self._line - 1]

    @cached_property
    def _begins(self) -> list[int]:
        return [end.end() for end in _LINE_END.finditer(self.text)]
