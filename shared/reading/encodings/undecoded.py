"""Records with invalid characters: bytes that can't be decoded, halves of surrogate pairs. Pure.

They are represented by lone surrogates, which no message can carry.
"""

from collections.abc import Sequence

from shared.model.rows import as_csv
from shared.model.unreadable_rows import UnreadableRow


def is_decoded(cells: Sequence[str]) -> bool:
    """Whether a record has only valid characters."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """Replace invalid characters by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def undecoded(line: int, cells: Sequence[str]) -> UnreadableRow:
    """Return the fault of a record with invalid characters; in its text they are U+FFFD."""
    message = "the row has bytes that are not valid in the file's encoding; save the file as UTF-8"
    return UnreadableRow(line=line, code="encoding-error", message=message, raw=storable(as_csv(cells)))
