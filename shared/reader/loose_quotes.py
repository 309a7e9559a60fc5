"""Finds records in which a delimiter is missing before a quoted value, so that its parts pass for values. Pure."""

import re

from shared.reader.dialects import Dialect


class LooseQuotes:
    """Looks at values that are not quoted and have quotes inside.

    `48" wide` is a text. In `9:30"Tea, coffee"` the quotes hold a delimiter: were it one, the row would be shifted.
    """

    def __init__(self, dialect: Dialect, quote: str) -> None:
        self.quote = quote
        self._delimiter = dialect.delimiter
        quote, delimiter = re.escape(quote), re.escape(dialect.delimiter)
        beside = rf"[^\s{quote}{re.escape(dialect.delimiter[0])}{re.escape(dialect.escape or '')}]"
        self._quoted = re.compile(
            rf"(?<={beside}){quote}({beside}(?:[^{quote}]|{quote}{quote})*+){quote}\s*(?={delimiter}|\Z)"
        )

    def hold_delimiter(self, record: str) -> bool:
        """Whether quotes behind the beginning of a value go around a delimiter."""
        return any(self._delimiter in found[1] for found in self._quoted.finditer(record))
