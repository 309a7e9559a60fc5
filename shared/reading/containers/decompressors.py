"""Decompressors with one interface, that of the standard library: for one member, so much at a time as is asked for."""

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Literal, Protocol

import zstandard

Compression = Literal["gzip", "zstd", "bzip2", "xz"]

#: What a decompressor may take for itself: xz -9 needs 65 MiB, zstd --long 128 MiB.
_MEMORY_BYTES = 128 << 20
#: Four bytes of zstd can stand for 128 KiB, and its decompressor takes no limit: it gets little at a time.
_ZSTD_PIECE_BYTES = 512
_ZLIB_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class Decompressor(Protocol):
    """The interface of the standard library's decompressors, for one member."""

    @property
    def eof(self) -> bool:
        """Whether the member's end was reached, and its checksum was right."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes out before something goes in."""

    @property
    def unused_data(self) -> bytes:
        """What went in behind the member's end."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take compressed bytes, none where no input is needed, and return at most so many others."""


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
    """One frame of a zstd file. What comes out at once may be more than was asked for, up to 16 MiB."""

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

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - it takes no limit
        waiting = self._waiting or memoryview(data)
        self._waiting = waiting[_ZSTD_PIECE_BYTES:]
        return self._zstd.decompress(waiting[:_ZSTD_PIECE_BYTES])


#: Makes a decompressor for one member of a file.
MEMBERS: dict[Compression, Callable[[], Decompressor]] = {
    "gzip": _GzipMember,
    "zstd": _ZstdFrame,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES),
}

#: What they raise for damaged data.
DAMAGED = (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, ValueError)
