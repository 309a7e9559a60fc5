"""Independent account of a CSV file's lines: each is in exactly one row or reject, or reported as skipped."""

import itertools
import re

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.encodings.wide_encodings import is_wide
from shared.reading.line_account import LineAccount
from shared.reading.read_plan import ReadPlan
from shared.reading.sources import Record

Found = Record | UnreadableRow
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def faults_of(content: bytes, plan: ReadPlan, found: list[Found], account: LineAccount) -> list[str]:
    """Return errors of lines in no record and not reported, or in two records; empty if they can't be counted."""
    csv_format = plan.parts[0].csv_format
    if plan.container is not None or csv_format is None or is_wide(csv_format.dialect.encoding):
        return []
    faults = [f"line {line} is twice in a record" for line in _lines_doubled(found)]
    line_count = len(_LINE.findall(content.removeprefix(b"\xef\xbb\xbf")))
    if account.lines != line_count:
        faults.append(f"{line_count} lines, not {account.lines}")
    if account.rows + account.rejects != len(found):
        faults.append(f"{len(found)} records, not {account.rows + account.rejects}")
    continued = sum(_span(each) - 1 for each in found)
    if account.continued != continued:
        faults.append(f"{continued} lines go on with a record, not {account.continued}: {account}")
    return faults


def _lines_doubled(found: list[Found]) -> list[int]:
    """Return the lines on which a record begins although an earlier record contains them."""
    return [
        _begin(later)
        for earlier, later in itertools.pairwise(found)
        if _begin(later) < _begin(earlier) + _span(earlier)
    ]


def _begin(each: Found) -> int:
    return each.line if isinstance(each, UnreadableRow) else each[0]


def _span(each: Found) -> int:
    """Return the number of lines of a record; the reject of one that is too large states its last line."""
    if not isinstance(each, UnreadableRow):
        return 1 + sum(map(_line_ends, each[1]))
    extends_to = re.search(r"it extends to line (\d+)", each.message)
    if extends_to is not None:
        return int(extends_to[1]) - each.line + 1
    return _line_ends(each.raw.removesuffix("\n").removesuffix("\r")) + 1


def _line_ends(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
