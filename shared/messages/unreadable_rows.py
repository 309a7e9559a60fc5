"""Rows that the reader could not make out, as messages carry them."""

from dataclasses import dataclass
from typing import Any, Self, cast

from shared.messages.fields import integer_field, text_field
from shared.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """A row that the reader itself could not make out: it is counted and rejected, never typed."""

    line: int
    code: Reason
    message: str
    #: The row's text; its beginning alone where the row is too large.
    raw: str

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        """Build from decoded JSON."""
        return cls(
            line=integer_field(data, "line"),
            # Not looked up among the reasons: a watcher that is newer may know more of them.
            code=cast("Reason", text_field(data, "code")),
            message=text_field(data, "message"),
            raw=text_field(data, "raw"),
        )
