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
    #: The end of a file that goes on behind the head; None where it can't be known without reading all.
    tail: bytes | None
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


class Rewound:
    """Gives what was read of a stream for a sample once more, and then the rest."""

    def __init__(self, begun: bytes, rest: Readable) -> None:
        self._begun = begun
        self._rest = rest

    def read(self, size_bytes: int, /) -> bytes:
        """Read at most so many bytes; none at the end."""
        if not self._begun:
            return self._rest.read(size_bytes)
        taken, self._begun = self._begun[:size_bytes], self._begun[size_bytes:]
        return taken


def sample_of_stream(stream: Readable) -> tuple[Sample, Rewound]:
    """Take a sample of what can be read only once; return what gives all of it."""
    parts, missing = [], HEAD_BYTES
    while missing and (data := stream.read(missing)):
        parts.append(data)
        missing -= len(data)
    head = b"".join(parts)
    more = stream.read(1) if not missing else b""
    is_whole = not more
    return Sample(head=head, tail=b"" if is_whole else None, is_whole=is_whole), Rewound(head + more, stream)
