"""Finds quotes in places where none belong: inside values, or unpaired in their line. Pure."""

import re

from shared.reading.csv.dialects import Dialect

#: The number of lines with an unpaired quote from which it is believed not to be a quote.
_MIN_LOOSE = 3
#: The maximum number of unpaired quotes that belong to a pair: one is cut off at the end, or is inside a text.
_MAX_UNPAIRED = 0.1
#: A last quote in a line that opens a value.
_OPENING = re.compile(r'(?:^|[,;\t|:~^ ])"[^"]*$')


class LooseQuotes:
    """Examines values that are not quoted and contain quotes.

    `48" wide` is a text. In `9:30"Tea, coffee"` the quotes enclose a delimiter: splitting there would shift the row.
    """

    def __init__(self, dialect: Dialect, quote: str) -> None:
        self.quote = quote
        self._delimiter = dialect.delimiter
        #: Bytes that do not match contain no loose quotes.
        self.suspect = _suspect(dialect, quote)
        quote, delimiter = re.escape(quote), re.escape(dialect.delimiter)
        in_value = rf"[^\s{quote}{re.escape(dialect.delimiter[0])}{re.escape(dialect.escape or '')}]"
        self._quoted = re.compile(
            rf"(?<={in_value}){quote}({in_value}(?:[^{quote}]|{quote}{quote})*+){quote}\s*(?={delimiter}|\Z)"
        )

    def hold_delimiter(self, record: str) -> bool:
        """Whether quotes after the beginning of a value enclose a delimiter."""
        return any(self._delimiter in found[1] for found in self._quoted.finditer(record))


def has_loose_quotes(text: str) -> bool:
    """Whether quotes are unpaired in most of the lines that have any, like those for inches.

    So are the quotes of values with several lines, but every other one of them opens a value.
    """
    lines = [line for line in text.splitlines() if '"' in line]
    unpaired = [line for line in lines if line.count('"') % 2]
    opening = sum(_OPENING.search(line) is not None for line in unpaired)
    are_pairs = abs(len(unpaired) - 2 * opening) <= _MAX_UNPAIRED * len(unpaired)
    return len(unpaired) >= _MIN_LOOSE and len(unpaired) > len(lines) / 2 and not are_pairs


def _suspect(dialect: Dialect, quote: str) -> re.Pattern[bytes]:
    """Return the pattern to search for in the bytes of many lines at once: a quote between characters of values."""
    signs = "".join(sign for sign in (quote, dialect.delimiter[0], dialect.escape or "") if sign.isascii())
    in_value = rf"[^\s{re.escape(signs)}]"
    # The pattern begins with the rare character: the search is much faster.
    return re.compile(rf"{re.escape(quote)}(?<={in_value}{re.escape(quote)}){in_value}".encode(dialect.encoding))
