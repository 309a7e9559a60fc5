"""Cases: files with a known correct reading."""

from dataclasses import dataclass

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from verification.corpus.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The content of a file: a table and other lines, or the reason for which it is refused."""

    header: list[str]
    rows: list[list[str]]
    #: Line and reason code of each reject.
    rejects: frozenset[tuple[int, str]] = frozenset()
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, the settings known for it, and its correct reading."""

    name: str
    content: bytes
    answer: Answer
    settings: ReadSettings = NOTHING_FIXED
    #: Column names that a dataset declares.
    expected: tuple[str, ...] = ()


def whole(table: Table) -> Answer:
    """Return the reading of a table without errors."""
    return Answer(header=table.header, rows=table.rows)


def lacking(table: Table, places: set[int], *rejects: tuple[int, str]) -> Answer:
    """Return the reading of a table without the rows at these positions, which are rejected or replaced."""
    rows = [cells for place, cells in enumerate(table.rows) if place not in places]
    return Answer(header=table.header, rows=rows, rejects=frozenset(rejects))


def refused(code: str) -> Answer:
    """Return the reading of a file that is refused for a reason."""
    return Answer(header=[], rows=[], refused=code)


def numbered(width: int) -> list[str]:
    """Return the names of unnamed columns."""
    return [f"column_{number}" for number in range(1, width + 1)]


def case(name: str, text: str, answer: Answer, *, encoding: str = "utf-8") -> Case:
    """Return a case of a text without known settings."""
    return Case(name=name, content=text.encode(encoding), answer=answer)
