"""Rows that the reader could not make out."""

from dataclasses import dataclass

from shared.model.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A row that the reader itself could not make out: it is counted and rejected, never typed."""

    line: int
    code: Reason
    message: str
    #: The row's text; its beginning alone where the row is too large.
    raw: str
