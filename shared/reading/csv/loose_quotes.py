"""Finds quotes that stand where none belongs: inside of values, or alone in their line. Pure."""

import re

from shared.reading.csv.dialects import Dialect

#: So many lines with a quote alone are needed to believe that it is none.
_MIN_LOOSE = 3
#: How many of those that stand alone may be left over of pairs: one is cut off at the end, or stands in a text.
_MAX_UNPAIRED = 0.1
#: A last quote of a line that opens a value.
_OPENING = re.compile(r'(?:^|[,;\t|:~^ ])"[^"]*$')


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


def has_loose_quotes(text: str) -> bool:
    """Whether quotes stand alone in most of the lines that have any, as inches do.

    Those of values of several lines do as well, but every other one of them opens a value.
    """
    lines = [line for line in text.splitlines() if '"' in line]
    alone = [line for line in lines if line.count('"') % 2]
    opening = sum(_OPENING.search(line) is not None for line in alone)
    are_pairs = abs(len(alone) - 2 * opening) <= _MAX_UNPAIRED * len(alone)
    return len(alone) >= _MIN_LOOSE and len(alone) > len(lines) / 2 and not are_pairs


def _suspect(dialect: Dialect, quote: str) -> re.Pattern[bytes]:
    """What to look for in the bytes of many lines at once: a quote between what stands in values."""
    signs = "".join(sign for sign in (quote, dialect.delimiter[0], dialect.escape or "") if sign.isascii())
    beside = rf"[^\s{re.escape(signs)}]"
    # It begins with what is rare: that is found much faster.
    return re.compile(rf"{re.escape(quote)}(?<={beside}{re.escape(quote)}){beside}".encode(dialect.encoding))
