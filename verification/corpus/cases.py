"""A file with its known right answer."""

from dataclasses import dataclass

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from verification.corpus.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is in a file: a table, and lines that are none of its rows; or why it is refused."""

    header: list[str]
    rows: list[list[str]]
    #: Line and code of each.
    rejects: frozenset[tuple[int, str]] = frozenset()
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file, what is known of it, and what a careful person reads in it."""

    name: str
    content: bytes
    answer: Answer
    settings: ReadSettings = NOTHING_FIXED
    #: Names of columns that a dataset declares.
    expected: tuple[str, ...] = ()


def whole(table: Table) -> Answer:
    """The table, with nothing wrong."""
    return Answer(header=table.header, rows=table.rows)


def lacking(table: Table, places: set[int], *rejects: tuple[int, str]) -> Answer:
    """The table without the rows at these places, which are rejected, or others for them."""
    rows = [cells for place, cells in enumerate(table.rows) if place not in places]
    return Answer(header=table.header, rows=rows, rejects=frozenset(rejects))


def refused(code: str) -> Answer:
    """No table, but a reason."""
    return Answer(header=[], rows=[], refused=code)


def numbered(width: int) -> list[str]:
    """The names of columns that have none."""
    return [f"column_{number}" for number in range(1, width + 1)]


def case(name: str, text: str, answer: Answer, *, encoding: str = "utf-8") -> Case:
    """A case of a text of which nothing else is known."""
    return Case(name=name, content=text.encode(encoding), answer=answer)
