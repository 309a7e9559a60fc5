"""Distinguishes remarks, each the only text on its line, from truncated rows. Pure."""

import re
from collections.abc import Sequence
from itertools import dropwhile, takewhile

from shared.reading.sources import Record

_MAX_FOOTER_LINES = 12
_OTHER_DELIMITERS = (",", ";", "\t", "|", ":")
_MAX_WORDS_OF_A_NAME = 3
#: The beginnings of remarks, such as the sign of a note; their ends, as of sentences or before a list; and labels.
_REMARK = re.compile(r"^[*#(\[\-–—=_©†‡¹²³]|[.:!?)\]]$|\w: ")


def footer_of(ending: Sequence[Record] | None, width: int, *, at_least: int, is_cut: bool) -> int:
    """Count the records at the end that are remarks without a delimiter, in a table of three columns or more.

    A single one directly below the rows, without a line end, is more likely a truncated row.
    """
    if width < 3 or not ending:  # noqa: PLR2004
        return 0
    texts = list(takewhile(lambda record: _is_text_alone(record[1], width), reversed(ending[at_least:])))[::-1]
    is_apart = 0 < len(texts) < len(ending) and texts[0][0] > ending[-len(texts) - 1][0] + 1
    remarks = texts if is_apart else list(dropwhile(lambda record: not is_remark(record[1], width), texts))
    if len(remarks) > _MAX_FOOTER_LINES or (is_cut and len(remarks) == 1 and not is_apart):
        return 0
    return len(remarks)


def _is_text_alone(cells: Sequence[str], width: int) -> bool:
    """Whether a record is one cell on one line, with more than a word: a word may be the key of a truncated row.

    If it has another delimiter as often as a row has its own, it is more likely a row.
    """
    if len(cells) != 1 or cells[0].strip().isalnum() or not {"\r", "\n"}.isdisjoint(cells[0]):
        return False
    return all(cells[0].count(delimiter) != width - 1 for delimiter in _OTHER_DELIMITERS)


def is_remark(cells: Sequence[str], width: int) -> bool:
    """Whether the only text of a line is more than a name or two: a sentence, or a text marked as a remark."""
    if not _is_text_alone(cells, width):
        return False
    text = cells[0].strip()
    words = [word for word in text.split() if word[0].isalpha()]
    return len(words) > _MAX_WORDS_OF_A_NAME or is_marked_as_remark(text)


def is_marked_as_remark(text: str) -> bool:
    """Whether a text begins or ends like a note, and not like a name or a value."""
    return _REMARK.search(text.strip()) is not None
