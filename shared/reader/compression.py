"""Decompresses a file as it is read: in bounded memory, and never further than its end is sound."""

import bz2
import lzma
import tempfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, Literal, Protocol

import zstandard

from shared.errors import FileRefused
from shared.reader.blocks import Readable
from shared.reader.expansion import Expansion

Compression = Literal["gzip", "zstd", "bzip2", "xz"]

_BLOCK_BYTES = 64 * 1024
#: What a decompressor may take for itself: xz -9 needs 65 MiB, zstd --long 128 MiB.
_MEMORY_BYTES = 128 << 20
#: Four bytes of zstd can stand for 128 KiB, and its decompressor takes no limit: it gets little at a time.
_ZSTD_PIECE_BYTES = 512
_ZLIB_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class _Decompressor(Protocol):
    """The interface of the standard library's decompressors, for one member."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


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
    """One frame of a zstd file. What comes out of a piece may be more than was asked for, up to 16 MiB."""

    def __init__(self) -> None:
        self._zstd = zstandard.ZstdDecompressor(max_window_size=_MEMORY_BYTES).decompressobj()
        self._waiting = b""

    @property
    def eof(self) -> bool:
        return self._zstd.eof

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    @property
    def unused_data(self) -> bytes:
        return self._zstd.unused_data + self._waiting

    def decompress(self, data: bytes, max_length: int) -> bytes:  # noqa: ARG002 - zstd takes no limit
        data = self._waiting + data
        self._waiting = data[_ZSTD_PIECE_BYTES:]
        return self._zstd.decompress(data[:_ZSTD_PIECE_BYTES])


_MEMBERS: dict[Compression, Callable[[], _Decompressor]] = {
    "gzip": _GzipMember,
    "zstd": _ZstdFrame,
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_MEMORY_BYTES),
}


class Decompressed:
    """The bytes that come out of a compressed file, of all its members one after the other.

    Reading raises FileRefused: `truncated-file` where the file ends early, `compression-error` where it is damaged,
    `compression-bomb` where too much comes out.
    """

    def __init__(self, file: Readable, compression: Compression, expansion: Expansion) -> None:
        self._file = file
        self._compression = compression
        self._expansion = expansion
        self._member = _MEMBERS[compression]()
        self._is_at_start = True
        self._out = b""

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""
        while not self._out:
            if self._member.eof and not self._begin_next_member():
                return b""
            self._decompress(size_bytes)
        data, self._out = self._out[:size_bytes], self._out[size_bytes:]
        return data

    def _decompress(self, size_bytes: int) -> None:
        data = self._next_block() if self._member.needs_input else b""
        if self._member.needs_input and not data:
            raise FileRefused("truncated-file", f"the {self._compression} data ends early; send the whole file again")
        self._feed(data, size_bytes)

    def _feed(self, data: bytes, size_bytes: int) -> None:
        try:
            self._out = self._member.decompress(data, size_bytes)
        except (zlib.error, zstandard.ZstdError, lzma.LZMAError, OSError, ValueError) as error:
            raise FileRefused(
                "compression-error", f"the {self._compression} data is damaged: {error}; send the file again"
            ) from error
        self._expansion.give_out(len(self._out))

    def _begin_next_member(self) -> bool:
        # Files are padded with zeros, on tapes and by xz. Anything else that is no member is damage.
        rest = self._member.unused_data.lstrip(b"\0")
        while not rest and (block := self._next_block()):
            rest = block.lstrip(b"\0")
        if rest:
            self._member = _MEMBERS[self._compression]()
            self._feed(rest, _BLOCK_BYTES)
        return bool(rest)

    def _next_block(self) -> bytes:
        block = self._file.read(_BLOCK_BYTES)
        self._expansion.take_in(len(block))
        return block


def compression_of(start: bytes) -> Compression | None:
    """Name the compression of data that begins with these bytes; eight are enough."""
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start.startswith(b"\xfd7zXZ\0"):
        return "xz"
    # Behind BZh and the level comes a block, or the end of an empty file.
    if start.startswith(b"BZh") and start[4:7] in (b"1AY", b"\x17rE"):
        return "bzip2"
    # The second is a frame to be skipped: pzstd begins with one.
    if start.startswith(b"\x28\xb5\x2f\xfd") or (start[:1] in b"PQRSTUVWXYZ[\\]^_" and start[1:4] == b"*M\x18"):
        return "zstd"
    return None


def seekable(file: Readable) -> IO[bytes]:
    """Copy into a temporary file what can only be read from its start: sheets and Parquet need more."""
    with ExitStack() as stack:
        copy = stack.enter_context(tempfile.TemporaryFile())
        while data := file.read(_BLOCK_BYTES):
            copy.write(data)
        copy.seek(0)
        stack.pop_all()
        return copy
