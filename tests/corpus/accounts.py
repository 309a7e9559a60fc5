"""Accounts for the lines of a CSV file: each is in a row or a reject, or blank, or above or below the table."""

import itertools

from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.plans import Plan
from shared.reader.sources import Record
from shared.reader.wide_encodings import is_wide

Found = Record | UnreadableRow


def lines_unaccounted(content: bytes, plan: Plan, found: list[Found]) -> list[int]:
    """The lines behind the first record that belong to none and are not blank; none where they can't be counted."""
    understanding = plan.parts[0].understanding
    if plan.container is not None or understanding is None or is_wide(understanding.dialect.encoding):
        return []
    lines = content.splitlines()
    ends = [_begin(each) + _span(each) for each in found]
    begins = [*map(_begin, found[1:]), len(lines) + 1]
    gaps = [number for end, begin in zip(ends, begins, strict=False) for number in range(end, begin)]
    missing = [number for number in gaps if lines[number - 1]]
    footer = understanding.layout.footer_lines
    return missing if len(missing) > footer or (missing and missing[0] <= _begin(found[-1])) else []


def lines_doubled(plan: Plan, found: list[Found]) -> list[int]:
    """The lines on which a record begins that an earlier one of a CSV file holds."""
    if plan.container is not None or plan.parts[0].format != "csv":
        return []
    return [
        _begin(later)
        for earlier, later in itertools.pairwise(found)
        if _begin(later) < _begin(earlier) + _span(earlier)
    ]


def _begin(each: Found) -> int:
    return each.line if isinstance(each, UnreadableRow) else each[0]


def _span(each: Found) -> int:
    """How many lines it takes; one that is too large shows only its beginning, and goes on with the next line."""
    if not isinstance(each, UnreadableRow):
        return 1 + sum(map(_line_ends, each[1]))
    text = each.raw
    for line_end in ("\r\n", "\n", "\r"):
        if text.endswith(line_end):
            return _line_ends(text)
    return 1 + _line_ends(text)


def _line_ends(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
