"""Takes the parts of a file that show how it is to be read: its beginning, its end, and what is not ASCII between."""

from dataclasses import dataclass
from typing import IO

from shared.reader.blocks import Readable

#: Enough to see a dialect, little enough to try many.
HEAD_BYTES = 64 << 10
_TAIL_BYTES = 16 << 10
#: How far to look for text that is not ASCII, and how much of it to take.
_MOST_SCANNED_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
_ODD_BYTES = 16 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was taken of a file."""

    head: bytes
    #: The end of a file that goes on behind the head.
    tail: bytes
    #: Whether the head is the whole file.
    is_whole: bool
    #: Lines behind the head that are not ASCII, where there are none in the head.
    odd: bytes = b""


def sample_of(file: IO[bytes]) -> Sample:
    """Take a sample of an open file, and go back to its beginning."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    size_bytes = file.seek(0, 2)
    if size_bytes <= len(head):
        file.seek(0)
        return Sample(head=head, tail=b"", is_whole=True)
    odd = _not_ascii(file, len(head)) if head.isascii() else b""
    file.seek(max(len(head), size_bytes - _TAIL_BYTES))
    tail = file.read()
    file.seek(0)
    return Sample(head=head, tail=tail, is_whole=False, odd=odd)


def _not_ascii(file: IO[bytes], begin: int) -> bytes:
    """Return lines around the first bytes that are not ASCII."""
    file.seek(begin)
    for _ in range(_MOST_SCANNED_BYTES // _BLOCK_BYTES):
        block = file.read(_BLOCK_BYTES)
        if not block.isascii():
            lines = (line for line in block.splitlines(keepends=True) if not line.isascii())
            return b"".join(lines)[:_ODD_BYTES]
        if not block:
            break
    return b""


class StreamSample:
    """Takes a sample of what can be read only once, by reading all of it, some at a time."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._head = b""
        self._tail = b""
        self._odd = b""
        self._size_bytes = 0

    def advance(self) -> bool:
        """Read on; False at the end. FileRefused where the stream is damaged or ends early."""
        block = self._stream.read(_BLOCK_BYTES)
        missing = HEAD_BYTES - len(self._head)
        self._head += block[:missing]
        self._tail = (self._tail + block[missing:])[-_TAIL_BYTES:] if missing <= len(block) else b""
        self._size_bytes += len(block)
        if len(self._odd) < _ODD_BYTES and not block.isascii():
            self._odd += b"".join(line for line in block.splitlines(keepends=True) if not line.isascii())
        return bool(block)

    @property
    def sample(self) -> Sample:
        """What was taken, once all was read."""
        is_whole = self._size_bytes <= len(self._head)
        odd = self._odd[:_ODD_BYTES] if self._head.isascii() else b""
        return Sample(head=self._head, tail=b"" if is_whole else self._tail, is_whole=is_whole, odd=odd)
