"""Records with bytes that are not of their file's encoding: they come as lone surrogates. Pure."""

from collections.abc import Sequence

from shared.messages.unreadable_rows import UnreadableRow
from shared.rows import as_csv


def is_decoded(cells: Sequence[str]) -> bool:
    """Whether all bytes of a record were of its encoding."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def undecoded(line: int, cells: Sequence[str]) -> UnreadableRow:
    """Say what is wrong with a record that has such bytes; in its text they are U+FFFD."""
    raw = as_csv(cells).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    message = "the row has bytes that are not of the file's encoding; save the file as UTF-8"
    return UnreadableRow(line=line, code="encoding-error", message=message, raw=raw)
