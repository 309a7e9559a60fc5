"""Accounts for the lines of a file: each is part of a row or of a reject, or is named with the reason. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

#: Why a line is not a row.
LineReason = Literal["preamble", "header", "units", "rule", "comment", "remark", "blank", "footer"]

#: The maximum number of lines kept for each reason, and of characters kept of each; all lines are counted.
_MAX_KEPT = 20
_MAX_TEXT_CHARACTERS = 200
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLine:
    """A line that is not a row, or several that belong together."""

    line: int
    reason: LineReason
    #: The beginning of the line, without the line end.
    text: str
    line_count: int = 1


def line_count_of(cells: Sequence[str]) -> int:
    """Count the lines that a record occupies in its file."""
    return 1 + sum(len(_LINE_END.findall(cell)) for cell in cells)


class SkippedLines:
    """Collects the lines that a reader skips: the first ones for each reason are kept, all are counted."""

    def __init__(self) -> None:
        self._counts: Counter[LineReason] = Counter()
        self._kept: list[NamedLine] = []
        self._kept_counts: Counter[LineReason] = Counter()

    @property
    def counts(self) -> Mapping[LineReason, int]:
        """The number of lines skipped, by reason."""
        return self._counts

    @property
    def kept(self) -> Sequence[NamedLine]:
        """The first ones for each reason, in the order of the file."""
        return sorted(self._kept, key=lambda named: named.line)

    def add(self, line: int, reason: LineReason, text: str = "", *, line_count: int = 1) -> None:
        """Name a line, or several that belong together."""
        self._counts[reason] += line_count
        if self._kept_counts[reason] < _MAX_KEPT:
            self._kept_counts[reason] += 1
            begin = text[:_MAX_TEXT_CHARACTERS].rstrip("\r\n")
            self._kept.append(NamedLine(line=line, reason=reason, text=begin, line_count=line_count))

    def add_all(self, other: "SkippedLines", *, lines_before: int) -> None:
        """Name the lines that another reader skipped, which started after `lines_before` lines."""
        rest = Counter(other.counts)
        for each in other.kept:
            rest[each.reason] -= each.line_count
            self.add(each.line + lines_before, each.reason, each.text, line_count=each.line_count)
        self._counts += rest


class AccountedSource(Protocol):
    """A source that names the lines that are not rows. In a format without lines, records are counted."""

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""

    @property
    def skipped(self) -> SkippedLines:
        """Those of the lines that are not records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineAccount:
    """The lines of a file: `lines == rows + rejects + continued + sum(named.values())`."""

    lines: int
    rows: int
    rejects: int
    #: Further lines of rows and rejects, after their first ones: line ends inside quoted values.
    continued: int
    #: The number of lines that are neither, by reason.
    named: Mapping[LineReason, int]
    #: The first ones for each reason.
    named_lines: Sequence[NamedLine]

    @property
    def beside_rows(self) -> dict[str, object]:
        """Return, as plain data, the account of all lines except the first ones of rows and rejects."""
        return {
            "lines": self.lines,
            "continued": self.continued,
            "named": dict(self.named),
            "named_lines": [
                {"line": each.line, "line_count": each.line_count, "reason": each.reason, "text": each.text}
                for each in self.named_lines
            ],
        }

    @classmethod
    def of(cls, source: AccountedSource, *, rows: int, rejects: int) -> Self:
        """Return the account of a source that was read to its end and gave this many rows and rejects."""
        named = dict(source.skipped.counts)
        return cls(
            lines=source.lines_read,
            rows=rows,
            rejects=rejects,
            continued=source.lines_read - rows - rejects - sum(named.values()),
            named=named,
            named_lines=source.skipped.kept,
        )
