"""Records with what is not a character: bytes that are not of their encoding, halves of surrogate pairs. Pure.

They come as lone surrogates, which no message can carry.
"""

from collections.abc import Sequence

from shared.model.rows import as_csv
from shared.model.unreadable_rows import UnreadableRow


def is_decoded(cells: Sequence[str]) -> bool:
    """Whether a record has characters only."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """Write U+FFFD for what is not a character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def undecoded(line: int, cells: Sequence[str]) -> UnreadableRow:
    """Say what is wrong with a record that is not decoded; in its text that is U+FFFD."""
    message = "the row has bytes that are not of the file's encoding; save the file as UTF-8"
    return UnreadableRow(line=line, code="encoding-error", message=message, raw=storable(as_csv(cells)))
