"""Transcodes a file in a wide encoding to UTF-8, for the readers that process bytes."""

import codecs

from shared.reading.blocks import Readable

#: A byte that is never valid in UTF-8: the row with it is rejected.
_STRAY = b"\xff"


class Utf8Of:
    """Reads UTF-16 or UTF-32 and returns UTF-8; a byte order mark becomes that of UTF-8.

    Invalid input stays invalid: half of a surrogate pair, or a character that is incomplete at the end.
    """

    def __init__(self, file: Readable, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._ready = b""
        self._is_ended = False

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most this many bytes; none at the end."""
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
