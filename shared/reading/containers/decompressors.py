"""Decompressors with the interface of the standard library: for one member, with limited output per call."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Literal, Protocol

import zstandard

Compression = Literal["gzip", "zstd", "bzip2", "xz"]

#: The maximum memory of a decompressor: xz -9 needs 65 MiB, zstd --long 128 MiB.
_MEMORY_BYTES = 128 << 20
#: Four bytes of zstd can expand to 128 KiB, and its decompressor has no output limit: its input is kept small.
_ZSTD_PIECE_BYTES = 512
_ZLIB_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class Decompressor(Protocol):
    """The interface of the standard library's decompressors, for one member."""

    @property
    def eof(self) -> bool:
        """Whether the end of the member was reached, with the correct checksum."""

    @property
    def needs_input(self) -> bool:
        """Whether there is no more output without further input."""

    @property
    def unused_data(self) -> bytes:
        """The input after the end of the member."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take compressed bytes, none if no input is needed; return at most `max_length` decompressed bytes."""


class _GzipMember:
    """One member of a gzip file; its checksum and length are verified."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(wbits=_ZLIB_WITH_GZIP_HEADER)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class _ZstdFrame:
    """One frame of a zstd file. The output of one call may exceed the maximum, by up to 16 MiB."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=_MEMORY_BYTES).decompressobj()
        self._waiting = memoryview(b"")

    @property
    def eof(self) -> bool:
        return self._zstd.eof

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        return self._zstd.unused_data + bytes(self._waiting)

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - there is no limit in zstd's interface
        waiting = self._waiting or memoryview(data)
        self._waiting = waiting[_ZSTD_PIECE_BYTES:]
        return self._zstd.decompress(waiting[:_ZSTD_PIECE_BYTES])


#: Create a decompressor for one member of a file.
MEMBERS: dict[Compression, Callable[[], Decompressor]] = {
    "gzip": _GzipMember,
    "zstd": _ZstdFrame,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES),
}

#: The errors that they raise for damaged data.
DAMAGED = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, ValueError)
