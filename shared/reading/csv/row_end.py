"""Finds the end of a row that is too large for memory, by its quotes. Pure."""

import re

from shared.reading.csv.dialects import Dialect

#: More than a delimiter, blanks and a quote that belong together: the end of a piece that waits for the next one.
_MAX_TOKEN_BYTES = 64


class QuotesOfRow:
    """Follows the quotes of one row, from its first line: a RowEnd."""

    def __init__(self, dialect: Dialect) -> None:
        self._patterns = _Patterns(dialect) if dialect.quote is not None else None
        self._rest = b""
        self._is_at_begin = True
        self._is_in_quotes = False
        self._is_broken = False

    @property
    def is_open(self) -> bool:
        """Whether the row continues on the next line, inside a quoted value that may be closed there."""
        return self._is_in_quotes and not self._is_broken

    @property
    def is_never_closed(self) -> bool:
        """Whether a quoted value is still open, or the quote that should close it is followed by text."""
        return self._is_in_quotes

    def feed(self, piece: bytes) -> None:
        """Process the next line of the row, or the next piece of a line."""
        data = self._rest + piece
        end = len(data) if data.endswith((b"\n", b"\r")) else max(0, len(data) - _MAX_TOKEN_BYTES)
        self._rest = data[self._follow(data, end) :]

    def finish(self) -> None:
        """Process the rest that waits for a next piece."""
        self._follow(self._rest, len(self._rest))
        self._rest = b""

    def _follow(self, data: bytes, end: int) -> int:
        """Follow the quotes that begin before the end; return where to continue."""
        position = 0
        while self._patterns is not None and position < end and not self._is_broken:
            if self._is_in_quotes:
                position = self._close(self._patterns, data, position, end)
            else:
                position = self._open(self._patterns, data, position, end)
        return max(position, end)

    def _open(self, patterns: "_Patterns", data: bytes, position: int, end: int) -> int:
        found = patterns.first.match(data) if self._is_at_begin else None
        found = found or patterns.opening.search(data, position)
        self._is_at_begin = False
        if found is None or found.start() >= end:
            return end
        self._is_in_quotes = True
        return found.end()

    def _close(self, patterns: "_Patterns", data: bytes, position: int, end: int) -> int:
        found = patterns.quote.search(data, position)
        if found is None or found.start() >= end:
            return end
        if found[1] is not None:
            self._is_broken = self._is_in_quotes = patterns.after_quote.match(data, found.end()) is None
        return found.end()


class _Patterns:
    """The patterns that open and close a quoted value."""

    def __init__(self, dialect: Dialect) -> None:
        quote = re.escape((dialect.quote or "").encode(dialect.encoding))
        delimiter = re.escape(dialect.delimiter.encode(dialect.encoding))
        blanks = rb"[ \t]*+" if dialect.trim else b""
        escape = re.escape((dialect.escape or "").encode(dialect.encoding))
        pair = quote * 2 + (rb"|" + escape + rb"." if escape else b"")
        self.first = re.compile(blanks + quote)
        self.opening = re.compile(delimiter + blanks + quote)
        #: Its group is a quote that may close a value; a doubled or escaped quote does not.
        self.quote = re.compile(b"(?s:" + pair + b")|(" + quote + b")")
        self.after_quote = re.compile(blanks + b"(?:" + delimiter + rb"|[\r\n]|\Z)")
