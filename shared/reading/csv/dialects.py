"""The dialect of a CSV file: how its text is split into values."""

import re
from dataclasses import dataclass, replace
from typing import Self

#: ASCII's file separator: it does not occur between two values in any text.
NO_DELIMITER = "\x1c"
_RULE_OF_FRAME = re.compile(r"\s*[-+|=:─┼├┤┌┐└┘┬┴ ]*[-=─]{2}[-+|=:─┼├┤┌┐└┘┬┴ ]*\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Delimiter, quotes and the like. The default is RFC 4180 in UTF-8."""

    #: Between two values; one character or several.
    delimiter: str = ","
    #: Around a value with a delimiter or a line end; None if no value is quoted.
    quote: str | None = '"'
    #: Before a quote inside a quoted value, or before a delimiter; None if a quote inside is doubled.
    escape: str | None = None
    encoding: str = "utf-8"
    #: The beginning of lines that are comments.
    comment: str | None = None
    #: Whether blanks around values are removed.
    trim: bool = False
    #: Whether each record is enclosed in two delimiters, and lines of dashes are not records.
    is_framed: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether this is the default dialect."""
        return self == PLAIN

    def as_utf8(self) -> Self:
        """Return the dialect of the same text in UTF-8."""
        return replace(self, encoding="utf-8")

    def __str__(self) -> str:
        """Describe the dialect in the terms of inflow.toml."""
        parts = [f"encoding {self.encoding}"]
        parts.append("no delimiter" if self.delimiter == NO_DELIMITER else f"delimiter {self.delimiter!r}")
        parts.append("no quotes" if self.quote is None else f"quote {self.quote!r}")
        if self.escape is not None:
            parts.append(f"escape {self.escape!r}")
        if self.comment is not None:
            parts.append(f"comment {self.comment!r}")
        if self.trim:
            parts.append("blanks trimmed")
        if self.is_framed:
            parts.append("in a frame")
        return ", ".join(parts)


PLAIN = Dialect()


def is_rule_of_frame(line: str) -> bool:
    """Whether a line of a table with a frame only draws the frame."""
    return _RULE_OF_FRAME.fullmatch(line) is not None
