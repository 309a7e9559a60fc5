"""Decompresses a file as it is read, in bounded memory, and verifies its end."""

import tempfile
from contextlib import ExitStack
from typing import IO

from shared.model.errors import FileRefused
from shared.reading.blocks import Readable
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.decompressors import DAMAGED, MEMBERS, Compression

_BLOCK_BYTES = 64 * 1024


class Decompressed:
    """The decompressed bytes of a file, of all its members one after the other.

    Reading raises FileRefused: `truncated-file` if the file ends early, `compression-error` if it is damaged,
    `compression-bomb` if its content is too large.
    """

    def __init__(self, file: Readable, compression: Compression, limit: DecompressionLimit) -> None:
        self._file = file
        self._compression = compression
        self._limit = limit
        self._member = MEMBERS[compression]()
        self._waiting = b""
        self._out = memoryview(b"")

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most this many bytes; none at the end."""
        while not self._out:
            if self._member.eof and not self._begin_next_member():
                return b""
            self._decompress()
        data, self._out = bytes(self._out[:size_bytes]), self._out[size_bytes:]
        return data

    def _decompress(self) -> None:
        data = b""
        if self._member.needs_input:
            data, self._waiting = self._waiting or self._next_block(), b""
            if not data:
                message = f"the {self._compression} data ends early; send the whole file again"
                raise FileRefused("truncated-file", message)
        try:
            self._out = memoryview(self._member.decompress(data, _BLOCK_BYTES))
        except DAMAGED as error:
            message = f"the {self._compression} data is damaged: {error}; send the file again"
            raise FileRefused("compression-error", message) from error
        self._limit.add_output(len(self._out))

    def _begin_next_member(self) -> bool:
        # Files are padded with zeros, on tapes and by xz. Anything else that is not a member is damage.
        self._waiting = self._member.unused_data.lstrip(b"\0")
        while not self._waiting and (block := self._next_block()):
            self._waiting = block.lstrip(b"\0")
        if self._waiting:
            self._member = MEMBERS[self._compression]()
        return bool(self._waiting)

    def _next_block(self) -> bytes:
        block = self._file.read(_BLOCK_BYTES)
        self._limit.add_input(len(block))
        return block


def compression_of(start: bytes) -> Compression | None:
    """Return the compression of data that begins with these bytes; eight are enough."""
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"\xfd7zXZ\0"):
        return "xz"
    # BZh and the level are followed by a block, or by the end of an empty file.
    if start.startswith(b"BZh") and start[4:7] in (b"1AY", b"\x17rE"):
        return "bzip2"
    # The second one is a skippable frame: pzstd begins with one.
    if start.startswith(b"\x28\xb5\x2f\xfd") or (start[:1] in b"PQRSTUVWXYZ[\\]^_" and start[1:4] == b"*M\x18"):
        return "zstd"
    return None


def seekable(file: Readable) -> IO[bytes]:
    """Copy a stream into a temporary file: spreadsheets and Parquet need random access."""
    with ExitStack() as stack:
        copy = stack.enter_context(tempfile.TemporaryFile())
        while data := file.read(_BLOCK_BYTES):
            copy.write(data)
        copy.seek(0)
        stack.pop_all()
        return copy
