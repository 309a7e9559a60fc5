"""Detects the format of a CSV file, from the fixed settings and from evidence for the rest. Pure."""

import codecs
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice
from typing import NamedTuple

from shared.model.datasets import ReadSettings
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.dialects import Dialect
from shared.reading.detection.alignment import has_aligned_columns
from shared.reading.detection.dialect_scoring import Rating, rated, with_encoding
from shared.reading.detection.file_tail import has_end_mark, last_records
from shared.reading.detection.footers import is_marked_as_remark
from shared.reading.detection.known_names import KnownNames, find_known_names, row_above
from shared.reading.detection.layouts import Layout, TableGuess, guess_tables, with_footer
from shared.reading.detection.samples import FileSample
from shared.reading.encodings.text_encodings import EncodingGuess, guess_encoding
from shared.reading.encodings.wide_encodings import is_wide, marked_encoding, unmarked_wide_encoding
from shared.reading.sources import Record

#: Below this confidence a guess is not relied on.
MIN_CONFIDENCE = 0.55
_MAX_SHOWN_CHARACTERS = 80
#: Quoted text at the beginning of a value; its group is the closing quote. An unclosed one of the minimum length below
#: is one large value.
_QUOTED = re.compile(r'(?:(?<=[,;\t|:~^ \n\r])|\A)"(?:[^"]|"")*+("|\Z)')
_USUAL_DELIMITERS = ",;\t|"
_MIN_OPEN_CHARACTERS = 4 << 10
_MARKS = re.compile(r"(?:^|(?<=[\r\n]))\ufeff+")
_DELIMITER_HINT = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


class Doubt(NamedTuple):
    """One decision about the structure of a file: the confidence in it, and the message if that is too low."""

    #: From 0 to 1.
    confidence: float
    #: The candidates, and the setting that decides between them.
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFormat:
    """The format of a CSV file, and the confidence in it."""

    dialect: Dialect
    layout: Layout
    #: The number of cells of a row.
    width: int
    #: Whether the sample is only ASCII, and whether it has the quote: if not, other quotes would fit as well.
    is_ascii: bool
    has_quotes: bool
    #: Whether delimiters follow the last name, but not the values.
    has_wide_header: bool = False
    #: Whether the columns seem to be aligned by blanks.
    is_aligned: bool = False
    #: The line of a possible row above the header.
    row_above_header: int | None = None
    #: The encoding, with the confidence in it and the other candidates.
    encoding: EncodingGuess
    #: The confidence in delimiter, position of the table, width and header, from 0 to 1; 1 if they are fixed.
    structure_confidence: float = 1.0
    #: The decisions with too low a confidence.
    doubts: tuple[Doubt, ...] = ()

    @property
    def confidence(self) -> float:
        """The lower one of the two confidences."""
        return min(self.encoding.confidence, self.structure_confidence)

    @property
    def is_plain(self) -> bool:
        """Whether it is RFC 4180 in UTF-8 with a header line and nothing else."""
        return self.dialect.is_plain and self.layout.is_plain and not self.has_wide_header

    def __str__(self) -> str:
        return f"csv, {self.dialect}, {self.layout}"


def detect_csv_format(sample: FileSample, settings: ReadSettings, *, expected: Collection[str] = ()) -> CsvFormat:
    """Detect the format of the file with this sample; `expected` are column names, some of which its header has.

    Raises FileRefused if the file is empty, or the fixed encoding is not the file's.
    """
    encoding = _encoding(sample, settings)
    text = _text(sample, encoding.encoding)
    if not text.strip():
        raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
    settings = _with_hint(text, settings)
    seen = text if sample.is_whole else _without_open_value(text)
    seen = _skipped(seen, settings.skip_lines or 0)
    ratings = rated(seen, settings, is_wide=len(expected) > 1)
    names = find_known_names(ratings, expected, settings)
    choices = _choices([names.rating] if names else ratings, settings, names)
    best, table = choices[0].rating, choices[0].table
    layout = with_footer(
        table.layout,
        settings,
        ending=_ending(sample, best, encoding.encoding),
        width=table.width,
        is_cut=not (sample.tail or sample.head).endswith((b"\n", b"\r")),
    )
    if has_end_mark(sample) and settings.footer_lines is None:
        layout = replace(layout, footer_lines=layout.footer_lines + 1)
    is_known = names is not None and names.are_all
    is_aligned = not (is_known or settings.delimiter is not None) and _is_aligned(best, text)
    doubts = [] if is_known else [*_doubts(choices, settings, has_expected=bool(expected))]
    if table.layout.row_names:
        doubts.append(_doubt_of_row_names(choices[0], seen))
    return CsvFormat(
        dialect=with_encoding(best, "utf-8" if encoding.encoding == "ascii" else encoding.encoding),
        layout=layout,
        width=table.width,
        row_above_header=row_above(best.records, names.place) if names and settings.skip_lines is None else None,
        is_ascii=sample.head.isascii() and sample.tail.isascii() and not sample.odd and not is_wide(encoding.encoding),
        has_quotes=best.dialect.quote is not None and best.dialect.quote in text,
        has_wide_header=len(table.first[1]) > table.width,
        is_aligned=is_aligned,
        encoding=encoding,
        structure_confidence=0.0 if is_aligned else min((doubt.confidence for doubt in doubts), default=1.0),
        doubts=tuple(doubt for doubt in doubts if doubt.confidence < MIN_CONFIDENCE),
    )


class _Choice(NamedTuple):
    """A dialect, and the table that is found with it."""

    rating: Rating
    table: TableGuess
    score: float


def _choices(ratings: Sequence[Rating], settings: ReadSettings, names: KnownNames | None) -> list[_Choice]:
    """Rate each dialect with each place where the table may begin, best first."""
    named = (names.place, names.header_lines) if names else None
    found: list[_Choice] = []
    for rating in ratings:
        # Another dialect is considered if its score is at least half the best one; the best ones come first.
        if found and rating.score < max(choice.score for choice in found) / 2:
            break
        tables = guess_tables(rating.records, settings, unreadable=rating.unreadable, named=named)
        found += [_Choice(rating, table, rating.score * table.score * _as_one_column(table)) for table in tables]
    return sorted(found, key=lambda choice: -choice.score)


def _as_one_column(table: TableGuess) -> float:
    """Rate how believable a remark, or a text with delimiters, is as the name of a single column."""
    first = table.first[1]
    is_no_name = table.width == 1 and (
        any(sign in cell for cell in first for sign in _USUAL_DELIMITERS) or any(map(is_marked_as_remark, first))
    )
    return 0.5 if is_no_name else 1.0


def _doubts(choices: Sequence[_Choice], settings: ReadSettings, *, has_expected: bool) -> Iterator[Doubt]:
    """Yield for each decision the confidence in it, and the alternatives."""
    best = choices[0]
    if settings.delimiter is None:
        yield _doubt_of_dialect(best, choices)
    if best.rating.records:
        if settings.skip_lines is None:
            yield _doubt_of_place(best, choices)
            yield _doubt_of_width(best)
        # If names are declared, the names in the header are compared with them.
        if not has_expected:
            yield _doubt_of_header(best)


def _doubt_of_dialect(best: _Choice, choices: Sequence[_Choice]) -> Doubt:
    """Rate the dialect: 1 if no other comes near, 0.5 if another is as good, less if many rows do not fit."""
    others = [each for each in choices if each.rating.dialect.delimiter != best.rating.dialect.delimiter]
    delimiters = dict.fromkeys(repr(each.rating.dialect.delimiter) for each in [best, *others[:2]])
    message = f"the delimiter is not clear: {' or '.join(delimiters)}; set delimiter ="
    if best.score <= 0:
        # If no record can be read at all, its fault says more.
        return Doubt(0.0 if best.rating.records else 1.0, message)
    rivals = (each.score for each in others if each.rating.width > 1)
    return Doubt(_margin(best.score, max(rivals, default=0.0)), message)


def _margin(best: float, rival: float) -> float:
    return round(max(0.0, min(1.0, 0.5 + (best - rival) / best)), 2)


def _doubt_of_place(best: _Choice, choices: Sequence[_Choice]) -> Doubt:
    others = [each for each in choices if each.rating is best.rating and each.table.first[0] != best.table.first[0]]
    lines = " or ".join(_shown(each.table.first) for each in [best, *others[:2]])
    message = f"it is not clear where the table begins: {lines}; skip the lines above it with skip_lines ="
    margin = _margin(best.table.score, max((each.table.score for each in others), default=0.0))
    likely = [best, *(each for each in others if each.table.fit and each.table.score > best.table.score / 5)]
    may_be_pairs = any(each.table.passes_over_pairs for each in likely)
    return Doubt(min(margin, 0.5) if may_be_pairs else margin, message)


def _doubt_of_width(best: _Choice) -> Doubt:
    table = best.table
    share = f"{1 - table.fit:.0%} of the values are in rows that do not have {table.width} columns"
    message = f"{share} like the table that begins with {_shown(table.first)}; send a whole table, or set skip_lines ="
    return Doubt(round(0.5 + table.fit / 2, 2), message)


def _doubt_of_header(best: _Choice) -> Doubt:
    lines = [best.table.first, *(record for record in best.rating.records if record[0] > best.table.first[0])]
    shown = " above ".join(map(_shown, lines[:2]))
    has_several = best.table.layout.header_lines > 1
    question = "how many lines the header has" if has_several else "whether the first line is the header or a row"
    message = f"it is not clear {question}: {shown}; set header_lines ="
    return Doubt(best.table.header_confidence, message)


def _doubt_of_row_names(best: _Choice, text: str) -> Doubt:
    """Quoted names are those of R, which writes none for the row names. Otherwise any name may be missing."""
    line, _ = best.table.first
    header = next(islice(StringIO(text, newline=""), line - 1, None))
    quote = best.rating.dialect.quote
    is_quoted = quote is not None and header.lstrip().startswith(quote)
    message = (
        f"{_shown(best.table.first)} has one name fewer than the rows have values; name each column in the file,"
        " or skip that line and have the columns in their order, with header_lines = 0 and skip_lines ="
    )
    return Doubt(1.0 if is_quoted else 0.5, message)


def _shown(record: Record) -> str:
    text = ", ".join(record[1])
    return f"line {record[0]} ({text[:_MAX_SHOWN_CHARACTERS]!r})"


def _encoding(sample: FileSample, settings: ReadSettings) -> EncodingGuess:
    if settings.encoding is None:
        return guess_encoding(sample.head, sample.odd)
    return EncodingGuess(fixed_encoding(sample.head, settings.encoding), 1.0)


def fixed_encoding(head: bytes, name: str) -> str:
    """Return the encoding of a setting; the file itself determines its byte order."""
    encoding = codecs.lookup(name).name
    if encoding == "utf-8-sig":
        return "utf-8"
    if encoding in ("utf-16", "utf-32"):
        return marked_encoding(head) or unmarked_wide_encoding(head) or f"{encoding}-le"
    return encoding


def _text(sample: FileSample, encoding: str) -> str:
    """Decode the head, without an incomplete last line."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample.head)
    if text.startswith("\ufeff"):
        text = _MARKS.sub("", text)
    if sample.is_whole:
        return text
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] or text


def _without_open_value(text: str) -> str:
    """Remove a quoted value that begins in the sample and exceeds it: its lines are not rows of the table."""
    if text.count('"') % 2 == 0:
        return text
    opened = max((found.start() for found in _QUOTED.finditer(text) if not found[1]), default=len(text))
    line = text.rfind("\n", 0, opened) + 1
    return text[:line] if line and len(text) - opened > _MIN_OPEN_CHARACTERS else text


def _with_hint(text: str, settings: ReadSettings) -> ReadSettings:
    """Add the delimiter that spreadsheet programs write in a first line of its own, such as sep=;."""
    hint = _DELIMITER_HINT.match(text)
    if hint is None or settings.delimiter is not None or settings.skip_lines is not None:
        return settings
    # The delimiter may have been changed without the hint.
    return replace(settings, delimiter=hint[1] if hint[1] in text[hint.end() :] else None, skip_lines=1)


def _skipped(text: str, count: int) -> str:
    return "".join(islice(StringIO(text, newline=""), count, None))


def _is_aligned(best: Rating, text: str) -> bool:
    """Whether the columns are separated only by alignment with blanks."""
    return (best.width == 1 or best.dialect.delimiter == " ") and has_aligned_columns(text.splitlines())


def _ending(sample: FileSample, best: Rating, encoding: str) -> list[Record] | None:
    """Return the file's last records if they can be determined; those of a small file were read already."""
    if sample.is_whole and best.has_all_records:
        return best.records
    if is_wide(encoding):
        return None
    records = last_records(sample, replace(best.dialect, encoding=encoding), best.width)
    # An unreadable record has no cells: a footer does not extend above it.
    return [(record.line, []) if isinstance(record, UnreadableRow) else record for record in records]
