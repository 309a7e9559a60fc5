"""Scores the possible dialects of a text by how well each splits it. Pure."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice, product

from shared.model.datasets import ReadSettings
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.dialects import NO_DELIMITER, Dialect, is_rule_of_frame
from shared.reading.csv.loose_quotes import has_loose_quotes
from shared.reading.csv.records import RecordReader
from shared.reading.detection.cell_types import kind_of
from shared.reading.sources import Record

_DELIMITERS = (",", ";", "\t", "|", ":", " ", "~", "^", "\x1f", "\x01", "§", "¦")
_LONG_DELIMITERS = ("||", ";;", "::", "~~", "\t\t", "~|~", "|~|", "<>", "\\t")
_QUOTED = re.compile('"[^"]*"')
#: The minimum share of lines with a delimiter.
_MIN_LINES = 0.3
#: The minimum share of delimiters with a blank after or before them for the blanks not to be part of the values.
_MIN_SHARE_WITH_BLANK = 0.8
#: The minimum share of the characters of a long delimiter that occur together: a value may contain a single one.
_MIN_SHARE_TOGETHER = 0.9
_MAX_RECORDS = 300
_MAX_CELLS = 3000
#: Signs that occur in most texts, but are delimiters in few files.
_RARE_DELIMITERS = (" ", ":")
_RARE_PRIOR, _RARE_CONSISTENCY = 0.8, 0.7
#: The minimum number and share of lines enclosed in bars in a table with a frame.
_FRAME = "|"
_MIN_FRAMED, _MIN_SHARE_FRAMED = 2, 0.5
#: The number of columns that do not occur by chance.
_MIN_SURE_WIDTH = 3
_WEIGHTS = {"empty": 0.8, "number": 1.0, "time": 1.0, "code": 1.0, "name": 0.9, "text": 0.6, "odd": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """The score of a dialect, and the records into which it splits a text."""

    dialect: Dialect
    #: From 0 to 1.
    score: float
    #: The number of cells of most records, and the share of the records with this number.
    width: int
    consistency: float
    records: list[Record]
    #: The number of unreadable records.
    unreadable: int = 0

    @property
    def has_all_records(self) -> bool:
        """Whether the text has no further records."""
        return not self.unreadable and len(self.records) < _MAX_RECORDS


def rated(text: str, settings: ReadSettings, *, is_wide: bool = False) -> list[Rating]:
    """Rate each possible dialect of the text, best first. Of equals, the more usual one is first.

    `is_wide`: the table has several columns.
    """
    ratings: list[Rating] = []
    for dialect in _candidates(text, settings, is_wide=is_wide):
        # No delimiter is last, and can't score higher than these. Two columns may be parts of one: a name, an amount.
        if dialect.delimiter != NO_DELIMITER or not any(map(_beats_one_column, ratings)):
            ratings.append(_rate(text, dialect))
    return sorted(ratings, key=lambda rating: -rating.score)


def _candidates(text: str, settings: ReadSettings, *, is_wide: bool) -> Iterator[Dialect]:
    lines = [line for line in text.splitlines() if line.strip()]
    # Quoted texts of many lines may have other signs, in more lines than the table.
    records = _QUOTED.sub('""', text).splitlines()
    delimiters = [settings.delimiter] if settings.delimiter else _delimiters(lines, records)
    if settings.delimiter in (None, _FRAME) and _FRAME in text and _is_framed(lines):
        yield Dialect(delimiter=_FRAME, quote=None, is_framed=True, trim=True, comment=settings.comment or None)
        delimiters = [delimiter for delimiter in delimiters if delimiter != _FRAME]
    may_be_one_column = not (settings.delimiter or settings.header_lines == 0 or is_wide)
    if may_be_one_column and lines and not any(sign in lines[0] for sign in delimiters if sign != " "):
        # The first line may be the name, in several words, of a single column whose values contain delimiters.
        delimiters.append(NO_DELIMITER)
    for delimiter, quote in product(delimiters, _quotes(text, settings)):
        for escape, trim in product(_escapes(text, delimiter, quote, settings), _trims(text, lines, delimiter, quote)):
            yield Dialect(
                delimiter=delimiter,
                quote=quote or None,
                escape=escape or None,
                comment=settings.comment or None,
                trim=trim,
            )


def _delimiters(lines: list[str], records: list[str]) -> list[str]:
    """Return the delimiters in many lines or records; not the half of one that always occurs doubled."""
    text = "\n".join(lines)
    there = [each for each in (*_LONG_DELIMITERS, *_DELIMITERS) if each in text]
    found = [each for each in there if _is_in_many(each, lines) or _is_in_many(each, records)]
    long = [each for each in found if len(each) > 1 and _is_always(each, lines)]
    parts = {part for each in long for part in each}
    likely = [each for each in found if (each in long) or (len(each) == 1 and each not in parts)]
    # Without any, the comma is the delimiter of a table of one column.
    return likely if "," in likely else [*likely, ","]


def _is_in_many(delimiter: str, lines: list[str]) -> bool:
    return sum(delimiter in line for line in lines) >= max(1, int(len(lines) * _MIN_LINES))


def _is_always(delimiter: str, lines: list[str]) -> bool:
    """Whether its first character rarely occurs without the rest, and each line with it has the whole delimiter."""
    with_first = [line for line in lines if delimiter[0] in line]
    text = "\n".join(with_first)
    together = text.count(delimiter) * delimiter.count(delimiter[0])
    return all(delimiter in line for line in with_first) and together >= _MIN_SHARE_TOGETHER * text.count(delimiter[0])


def _quotes(text: str, settings: ReadSettings) -> list[str]:
    if settings.quote is not None:
        return [settings.quote]
    found = ['"']
    if re.search(r"(?m)(?:^|[,;\t|:~^ ])'(?:[^'\\\n]|''|\\.)*'(?:[,;\t|:~^ ]|\r?$)", text):
        found.append("'")
    return [*found, ""] if has_loose_quotes(text) else found


def _escapes(text: str, delimiter: str, quote: str, settings: ReadSettings) -> list[str]:
    if settings.escape is not None:
        # Many call the quote the escape if a quote inside is doubled.
        return ["" if settings.escape == quote else settings.escape]
    # MySQL escapes line ends and delimiters with and without quotes.
    escaped = [f"\\{delimiter}", "\\\n", "\\\r", *([f"\\{quote}"] if quote else [])]
    return ["", "\\"] if any(each in text for each in escaped) else [""]


def _trims(text: str, lines: list[str], delimiter: str, quote: str) -> list[bool]:
    """Blanks next to nearly all delimiters are trimmed; those before an opening quote may be trimmed."""
    if _has_blanks(lines, delimiter):
        return [True]
    has_blank_before_quote = bool(quote) and " " not in delimiter and f"{delimiter} {quote}" in text
    return [False, True] if has_blank_before_quote else [False]


def _is_framed(lines: list[str]) -> bool:
    """Whether each row is enclosed in bars, with lines of dashes between rows, as in Markdown or on a terminal."""
    inside = [line.strip() for line in lines if not is_rule_of_frame(line)]
    framed = sum(len(line) > 1 and line.startswith(_FRAME) and line.endswith(_FRAME) for line in inside)
    return len(inside) < len(lines) and framed >= max(_MIN_FRAMED, _MIN_SHARE_FRAMED * len(inside))


def _has_blanks(lines: list[str], delimiter: str) -> bool:
    if " " in delimiter:
        return False
    text = _QUOTED.sub('""', "\n".join(lines))
    most = max(text.count(f"{delimiter} "), text.count(f" {delimiter}"))
    return most >= _MIN_SHARE_WITH_BLANK * text.count(delimiter) > 0


def _rate(text: str, dialect: Dialect) -> Rating:
    found = list(islice(RecordReader(BytesIO(text.encode("utf-8", "surrogateescape")), dialect=dialect), _MAX_RECORDS))
    records = [record for record in found if not isinstance(record, UnreadableRow)]
    counts = Counter(len(cells) for _, cells in records)
    width = max(counts, key=lambda width: counts[width] * _gain(width), default=1)
    consistency = counts[width] / max(1, len(found))
    cells = [cell for _, cells in records if len(cells) == width for cell in cells]
    score = consistency * _gain(width) * _tidiness(cells[:_MAX_CELLS])
    if dialect.delimiter in _RARE_DELIMITERS:
        # A header of several names may lack the name of the first column.
        is_regular = (
            len(records) > 1 and consistency >= _RARE_CONSISTENCY and len(records[0][1]) in (width, max(2, width - 1))
        )
        score *= _RARE_PRIOR if is_regular else 0.0
    return Rating(
        dialect=dialect,
        score=score,
        width=width,
        consistency=consistency,
        records=records,
        unreadable=len(found) - len(records),
    )


def _beats_one_column(rating: Rating) -> bool:
    return rating.width >= _MIN_SURE_WIDTH and rating.score >= _gain(1)


def _gain(width: int) -> float:
    """The more cells all records have, the less likely this is chance."""
    return 1 - 0.5**width


def _tidiness(cells: list[str]) -> float:
    kinds = Counter(map(kind_of, cells))
    return sum(_WEIGHTS[kind] * count for kind, count in kinds.items()) / max(1, len(cells))


def with_encoding(rating: Rating, encoding: str) -> Dialect:
    """Return the rated dialect for the bytes of the file."""
    return replace(rating.dialect, encoding=encoding)
