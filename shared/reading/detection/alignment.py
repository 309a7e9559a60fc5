"""Recognizes tables whose columns are aligned by blanks, as on paper, without a delimiter to split them by. Pure."""

import re
from collections.abc import Sequence

_MIN_LINES, _MAX_LINES = 4, 200
#: The minimum share of lines with more than one blank between two words.
_MIN_SHARE_WITH_GAPS = 0.5
_GAP = re.compile(r"\S {2,}\S")
_MIN_COLUMNS = 2


def has_aligned_columns(lines: Sequence[str]) -> bool:
    """Whether the words of all lines are aligned in columns, with blanks between them."""
    seen = [line.rstrip() for line in lines[:_MAX_LINES] if line.strip()]
    with_gaps = sum(_GAP.search(line) is not None for line in seen)
    if len(seen) < _MIN_LINES or with_gaps < _MIN_SHARE_WITH_GAPS * len(seen):
        return False
    width = max(map(len, seen))
    # The columns of characters that are blank in all lines; each of the others is part of a word in some line.
    is_blank = [
        all(signs) for signs in zip(*([sign == " " for sign in line.ljust(width)] for line in seen), strict=True)
    ]
    columns = "".join(" " if blank else "x" for blank in is_blank).split()
    return len(columns) >= _MIN_COLUMNS
