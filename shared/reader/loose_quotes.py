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
        #: Bytes without it hold none.
        self.suspect = _suspect(dialect, quote)
        quote, delimiter = re.escape(quote), re.escape(dialect.delimiter)
        beside = rf"[^\s{quote}{re.escape(dialect.delimiter[0])}{re.escape(dialect.escape or '')}]"
        self._quoted = re.compile(
            rf"(?<={beside}){quote}({beside}(?:[^{quote}]|{quote}{quote})*+){quote}\s*(?={delimiter}|\Z)"
        )

    def hold_delimiter(self, record: str) -> bool:
        """Whether quotes behind the beginning of a value go around a delimiter."""
        return any(self._delimiter in found[1] for found in self._quoted.finditer(record))


def _suspect(dialect: Dialect, quote: str) -> re.Pattern[bytes]:
    """What to look for in the bytes of many lines at once: a quote between what stands in values."""
    signs = "".join(sign for sign in (quote, dialect.delimiter[0], dialect.escape or "") if sign.isascii())
    beside = rf"[^\s{re.escape(signs)}]"
    # It begins with what is rare: that is found much faster.
    return re.compile(rf"{re.escape(quote)}(?<={beside}{re.escape(quote)}){beside}".encode(dialect.encoding))
