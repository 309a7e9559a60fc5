"""Tells tables whose columns are aligned by blanks, as on paper: there is no delimiter to split them by. Pure."""

import re
from collections.abc import Sequence

_MIN_LINES, _MAX_LINES = 4, 200
#: In how many of the lines more than one blank stands between two words.
_MAX_WITH_GAPS = 0.5
_GAP = re.compile(r"\S {2,}\S")
_MIN_COLUMNS = 2


def has_aligned_columns(lines: Sequence[str]) -> bool:
    """Whether all lines have their words below each other, with blanks between them."""
    seen = [line.rstrip() for line in lines[:_MAX_LINES] if line.strip()]
    with_gaps = sum(_GAP.search(line) is not None for line in seen)
    if len(seen) < _MIN_LINES or with_gaps < _MAX_WITH_GAPS * len(seen):
        return False
    width = max(map(len, seen))
    # Blank in one line after the other: what is left has a word in one of them.
    is_blank = [
        all(signs) for signs in zip(*([sign == " " for sign in line.ljust(width)] for line in seen), strict=True)
    ]
    columns = "".join(" " if blank else "x" for blank in is_blank).split()
    return len(columns) >= _MIN_COLUMNS
