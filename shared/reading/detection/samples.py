"""Takes the parts of a file that show how it is to be read: its beginning, its end, and what is not ASCII between."""

from dataclasses import dataclass
from typing import IO

from shared.reading.blocks import Readable
from shared.reading.encodings.text_encodings import is_utf8, without_cut_character
from shared.reading.encodings.wide_encodings import marked_encoding, unmarked_wide_encoding

#: Enough to see a dialect, little enough to try many.
HEAD_BYTES = 64 << 10
_TAIL_BYTES = 16 << 10
#: How far to look for text that is not ASCII, and how much of it to take; lines with bytes not met before come on top.
_MAX_SCANNED_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
_ODD_BYTES = 16 << 10
_ASCII, _NOT_ASCII = bytes(range(0x80)), bytes(range(0x80, 0x100))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSample:
    """What was taken of a file."""

    head: bytes
    #: The end of a file that goes on behind the head.
    tail: bytes
    #: Whether the head is the whole file.
    is_whole: bool
    #: Lines behind the head that are not ASCII, where the head does not show UTF-8.
    odd: bytes = b""


def sample_of(file: IO[bytes]) -> FileSample:
    """Take a sample of an open file, and go back to its beginning."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    size_bytes = file.seek(0, 2)
    if size_bytes <= len(head):
        file.seek(0)
        return FileSample(head=head, tail=b"", is_whole=True)
    odd = _odd_lines(file, head) if needs_odd_lines(head) else b""
    file.seek(max(len(head), size_bytes - _TAIL_BYTES))
    tail = file.read()
    file.seek(0)
    return FileSample(head=head, tail=tail, is_whole=False, odd=odd)


def needs_odd_lines(head: bytes) -> bool:
    """Whether the rest of a file says something about its encoding that its beginning does not say."""
    is_clear = marked_encoding(head) or unmarked_wide_encoding(head)
    return not is_clear and (head.isascii() or not is_utf8(without_cut_character(head)))


def _odd_lines(file: IO[bytes], head: bytes) -> bytes:
    odd = OddLines(head)
    file.seek(len(head))
    for _ in range(_MAX_SCANNED_BYTES // _BLOCK_BYTES):
        block = file.read(_BLOCK_BYTES)
        if not block or odd.is_utf8:
            break
        odd.add(block)
    return odd.text


class OddLines:
    """Collects lines that are not ASCII: the first ones, and all that have a byte which none before them had."""

    def __init__(self, head: bytes) -> None:
        self._seen = bytes({*_ASCII, *head})
        self._lines: list[bytes] = []
        self._size_bytes = 0

    @property
    def text(self) -> bytes:
        """The lines."""
        return b"".join(self._lines)

    @property
    def is_utf8(self) -> bool:
        """Whether what was collected is UTF-8: then there is nothing more to learn."""
        return bool(self._lines) and is_utf8(self.text)

    def add(self, block: bytes) -> None:
        """Look through the next bytes."""
        if block.isascii() or (self._is_full and not block.translate(None, self._seen)):
            return
        # A character may be cut at either end.
        for line in block.strip(_NOT_ASCII).splitlines(keepends=True):
            if not line.isascii() and (not self._is_full or line.translate(None, self._seen)):
                self._take(line[:_ODD_BYTES].rstrip(_NOT_ASCII))

    @property
    def _is_full(self) -> bool:
        return self._size_bytes >= _ODD_BYTES

    def _take(self, line: bytes) -> None:
        self._lines.append(line if line.endswith(b"\n") else line + b"\n")
        self._size_bytes += len(line)
        self._seen = bytes({*self._seen, *line})


class StreamSample:
    """Takes a sample of what can be read only once, by reading all of it, some at a time."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._head = b""
        self._tail = b""
        self._is_behind_head = False
        self._odd: OddLines | None = None
        self._size_bytes = 0

    def advance(self) -> bool:
        """Read on; False at the end. FileRefused where the stream is damaged or ends early."""
        block = self._stream.read(_BLOCK_BYTES)
        missing = HEAD_BYTES - len(self._head)
        self._head += block[:missing]
        self._tail = (self._tail + block[missing:])[-_TAIL_BYTES:] if missing <= len(block) else b""
        self._size_bytes += len(block)
        self._look_for_odd_lines(block[missing:])
        return bool(block)

    @property
    def sample(self) -> FileSample:
        """What was taken, once all was read."""
        is_whole = self._size_bytes <= len(self._head)
        odd = self._odd.text if self._odd is not None else b""
        return FileSample(head=self._head, tail=b"" if is_whole else self._tail, is_whole=is_whole, odd=odd)

    def _look_for_odd_lines(self, rest: bytes) -> None:
        if rest and not self._is_behind_head:
            self._is_behind_head = True
            self._odd = OddLines(self._head) if needs_odd_lines(self._head) else None
        if self._odd is not None and not self._odd.is_utf8:
            self._odd.add(rest)
