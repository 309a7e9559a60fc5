"""Scans a JSON text of any size and extracts its values, in bounded memory whatever their size and depth."""

import re

from shared.model.errors import FileRefused
from shared.reading.blocks import MAX_ROW_BYTES, Readable

_BOM = b"\xef\xbb\xbf"
_NOT_BLANK = re.compile(rb"[^ \t\r\n]")
#: An object without nested ones, as nearly all rows are: found at the speed of a regular expression.
_FLAT_OBJECT = re.compile(rb'\{(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+\}', re.DOTALL)
_BRACKETS_OR_QUOTE = re.compile(rb'[{\[]++|[}\]]++|"')
_IN_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_AFTER_SCALAR = re.compile(rb"[ \t\r\n,:{}\[\]]")


class ValueTooLarge(Exception):
    """A value above the limit. The scanner is after it."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__()
        self.beginning = beginning


class Scanner:
    """A position before a character of a UTF-8 text, which moves forward.

    Its methods raise FileRefused if the text ends too early (`truncated-file`) or is not JSON (`format-error`).
    """

    def __init__(self, file: Readable, *, block_bytes: int = 256 * 1024, max_value_bytes: int = MAX_ROW_BYTES) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._max_value_bytes = max_value_bytes
        self._data = b""
        self._at = 0
        self._bytes_before = 0
        while len(self._data) < len(_BOM) and self._read_on():
            pass
        self._at = len(_BOM) if self._data.startswith(_BOM) else 0

    def peek(self) -> bytes:
        """Move to the next non-blank character and return it; empty at the end of the text."""
        while not (found := _NOT_BLANK.search(self._data, self._at)):
            self._at = len(self._data)
            if not self._read_on():
                return b""
        self._at = found.start()
        return found[0]

    def take(self, expected: bytes) -> bytes:
        """Move past the next character, which must be one of these."""
        if self._next() not in expected:
            raise self._broken(" or ".join(expected.decode()))
        self._at += 1
        return self._data[self._at - 1 : self._at]

    def value(self) -> bytes:
        """Return the text of the next value and move past it. Raises ValueTooLarge if it is above the limit."""
        first = self._next()
        if first in b",:]}":
            raise self._broken("a value")
        if flat := _FLAT_OBJECT.match(self._data, self._at, self._at + self._max_value_bytes):
            self._at = flat.end()
            return flat[0]
        return self._cut(_ValueEnd(is_scalar=first not in b'{["'))

    def skip_value(self) -> None:
        """Move past the next value, however large it is."""
        try:
            self.value()
        except ValueTooLarge:
            return

    def leave_list(self) -> None:
        """Move past the end of the list that was entered."""
        try:
            self._cut(_ValueEnd(depth=1))
        except ValueTooLarge:
            return

    def _next(self) -> bytes:
        first = self.peek()
        if not first:
            raise _truncated()
        return first

    def _cut(self, end: "_ValueEnd") -> bytes:
        parts, size_bytes = [], 0
        while not end.is_found:
            if self._at == len(self._data) and not self._read_on():
                raise _truncated()
            begin, self._at = self._at, end.find(self._data, self._at)
            size_bytes += self._at - begin
            if size_bytes <= self._max_value_bytes:
                parts.append(self._data[begin : self._at])
            elif not parts:
                parts.append(self._data[begin : begin + self._max_value_bytes])
        value = b"".join(parts)
        if size_bytes > self._max_value_bytes:
            raise ValueTooLarge(value)
        return value

    def _read_on(self) -> bool:
        """Append the next block to the rest; return False at the end of the file."""
        block = self._file.read(self._block_bytes)
        self._bytes_before += self._at
        self._data, self._at = self._data[self._at :] + block, 0
        return bool(block)

    def _broken(self, expected: str) -> FileRefused:
        found = self._data[self._at : self._at + 1].decode("ascii", "replace")
        where = self._bytes_before + self._at + 1
        return FileRefused("format-error", f"the JSON is broken at byte {where}: found {found!r}; expected {expected}")


class _ValueEnd:
    """Finds the end of one value, block by block, by its brackets and quotes only."""

    def __init__(self, *, depth: int = 0, is_scalar: bool = False) -> None:
        self._depth = depth
        self._is_scalar = is_scalar
        self._is_in_string = False
        self._is_escaped = False
        self.is_found = False

    def find(self, data: bytes, at: int) -> int:
        """Return the end of the value, or the end of the data."""
        if self._is_scalar:
            after = _AFTER_SCALAR.search(data, at)
            self.is_found = after is not None
            return after.start() if after else len(data)
        while not self.is_found and at < len(data):
            at = self._in_string(data, at) if self._is_in_string else self._outside_strings(data, at)
        return at

    def _outside_strings(self, data: bytes, at: int) -> int:
        found = _BRACKETS_OR_QUOTE.search(data, at)
        if not found:
            return len(data)
        symbols = found[0]
        if symbols == b'"':
            self._is_in_string = True
        elif symbols[0] in b"{[":
            self._depth += len(symbols)
        else:
            closed = min(self._depth, len(symbols))
            self._depth -= closed
            self.is_found = not self._depth
            return found.start() + closed
        return found.end()

    def _in_string(self, data: bytes, at: int) -> int:
        if self._is_escaped:
            self._is_escaped = False
            return at + 1
        found = _IN_STRING.match(data, at)
        end = found.end() if found else at
        symbol = data[end : end + 1]
        self._is_escaped = symbol == b"\\"
        self._is_in_string = symbol != b'"'
        self.is_found = not (self._is_in_string or self._depth)
        return min(end + 1, len(data))


def _truncated() -> FileRefused:
    return FileRefused("truncated-file", "the JSON ends before it is closed; send the whole file again")
