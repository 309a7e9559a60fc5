"""Samples the parts of a file that show its format: its beginning, its end, and non-ASCII lines between them."""

from dataclasses import dataclass
from typing import IO

from shared.reading.blocks import Readable
from shared.reading.encodings.text_encodings import is_utf8, without_cut_character
from shared.reading.encodings.wide_encodings import marked_encoding, unmarked_wide_encoding

#: Large enough to recognize a dialect, small enough to try many.
HEAD_BYTES = 64 << 10
_TAIL_BYTES = 16 << 10
#: The maximum size that is searched for non-ASCII lines, and that is collected; lines with new bytes are added to it.
_MAX_SCANNED_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
_ODD_BYTES = 16 << 10
_ASCII, _NOT_ASCII = bytes(range(0x80)), bytes(range(0x80, 0x100))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSample:
    """The sample of a file."""

    head: bytes
    #: The end of a file that is longer than the head.
    tail: bytes
    #: Whether the head is the whole file.
    is_whole: bool
    #: Non-ASCII lines after the head, unless the head shows that the file is UTF-8.
    odd: bytes = b""


def sample_of(file: IO[bytes]) -> FileSample:
    """Take a sample of an open file, and seek to its beginning."""
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
    """Whether the rest of a file is needed to detect its encoding."""
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
    """Collects non-ASCII lines: the first ones, and all with a byte that is in none before them."""

    def __init__(self, head: bytes) -> None:
        self._seen = bytes({*_ASCII, *head})
        self._lines: list[bytes] = []
        self._size_bytes = 0

    @property
    def text(self) -> bytes:
        """The lines collected."""
        return b"".join(self._lines)

    @property
    def is_utf8(self) -> bool:
        """Whether the lines collected are UTF-8: then no more are needed."""
        return bool(self._lines) and is_utf8(self.text)

    def add(self, block: bytes) -> None:
        """Search the next bytes."""
        if block.isascii() or (self._is_full and not block.translate(None, self._seen)):
            return
        # A character may be incomplete at either end.
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
    """Takes a sample of a stream that can be read only once, by reading all of it in steps."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._head = b""
        self._tail = b""
        self._is_past_head = False
        self._odd: OddLines | None = None
        self._size_bytes = 0

    def advance(self) -> bool:
        """Read a step; return False at the end. Raises FileRefused if the stream is damaged or ends early."""
        block = self._stream.read(_BLOCK_BYTES)
        missing = HEAD_BYTES - len(self._head)
        self._head += block[:missing]
        self._tail = (self._tail + block[missing:])[-_TAIL_BYTES:] if missing <= len(block) else b""
        self._size_bytes += len(block)
        self._look_for_odd_lines(block[missing:])
        return bool(block)

    @property
    def sample(self) -> FileSample:
        """The sample, once all was read."""
        is_whole = self._size_bytes <= len(self._head)
        odd = self._odd.text if self._odd is not None else b""
        return FileSample(head=self._head, tail=b"" if is_whole else self._tail, is_whole=is_whole, odd=odd)

    def _look_for_odd_lines(self, rest: bytes) -> None:
        if rest and not self._is_past_head:
            self._is_past_head = True
            self._odd = OddLines(self._head) if needs_odd_lines(self._head) else None
        if self._odd is not None and not self._odd.is_utf8:
            self._odd.add(rest)
