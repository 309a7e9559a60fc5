"""Gives a file of a wide encoding as UTF-8, for what reads lines byte by byte."""

import codecs

from shared.reading.blocks import Readable

#: A byte that UTF-8 does not have: the row with it is rejected.
_STRAY = b"\xff"


class Utf8Of:
    """Reads UTF-16 or UTF-32 and gives UTF-8; a byte order mark becomes that of UTF-8.

    What is no character stays none: half a pair of UTF-16, or a character that the end cuts.
    """

    def __init__(self, file: Readable, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._ready = b""
        self._is_ended = False

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""
        while len(self._ready) < size_bytes and not self._is_ended:
            data = self._file.read(size_bytes)
            self._is_ended = not data
            self._ready += self._converted(data)
        taken, self._ready = self._ready[:size_bytes], self._ready[size_bytes:]
        return taken

    def _converted(self, data: bytes) -> bytes:
        try:
            text = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            self._is_ended = True
            return _STRAY
        return text.encode("utf-8", "surrogatepass")
