"""Rows that the reader could not parse: they are counted and rejected, never typed."""

from dataclasses import dataclass

from shared.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A row that the reader could not parse, with the reason."""

    line: int
    code: Reason
    message: str
    #: The row's text; only the beginning if the row is too large.
    raw: str
