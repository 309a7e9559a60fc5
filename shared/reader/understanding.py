"""Decides how a CSV file is to be read: from what is fixed, and from evidence for the rest. Pure."""

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from io import StringIO
from itertools import islice

from shared.datasets import ReadSettings
from shared.errors import FileRefused
from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.alignment import has_aligned_columns
from shared.reader.candidates import Rating, rated, with_encoding
from shared.reader.dialects import Dialect
from shared.reader.encodings import EncodingGuess, guess_encoding
from shared.reader.endings import has_end_mark, last_records
from shared.reader.known_names import find_known_names, row_above
from shared.reader.layouts import Layout, find_layout
from shared.reader.samples import Sample
from shared.reader.sources import Record
from shared.reader.wide_encodings import is_wide, marked_encoding, unmarked_wide_encoding

#: Below it nobody should rely on a guess.
LEAST_CONFIDENCE = 0.55
_DELIMITER_HINT = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """How a CSV file is read, and how sure that is."""

    dialect: Dialect
    layout: Layout
    #: How many cells a row has.
    width: int
    #: Whether the sample is ASCII alone, and whether it has the quote: if not, others would do as well.
    is_ascii: bool
    has_quotes: bool
    #: Whether it is rather a table whose columns are aligned by blanks.
    is_aligned: bool = False
    #: The line of what may be a row, though it stands above the header.
    row_above_header: int | None = None
    #: How sure the encoding is, and what it may be instead.
    encoding: EncodingGuess
    #: Of the rest, 0 to 1; 1 where it was fixed.
    dialect_confidence: float = 1.0
    #: What it may be instead, best first.
    other_dialects: tuple[Dialect, ...] = ()

    @property
    def confidence(self) -> float:
        """The lower one of the two."""
        return min(self.encoding.confidence, self.dialect_confidence)

    @property
    def is_plain(self) -> bool:
        """Whether it is RFC 4180 in UTF-8 with a header line and nothing else."""
        return self.dialect.is_plain and self.layout.is_plain

    def __str__(self) -> str:
        return f"csv, {self.dialect}, {self.layout}"


def understand(sample: Sample, settings: ReadSettings, *, expected: Collection[str] = ()) -> Understanding:
    """Say how to read the file that the sample is of; `expected` are column names of which its header has some.

    FileRefused where there is nothing to read, or the fixed encoding is not the file's.
    """
    encoding = _encoding(sample, settings)
    text = _text(sample, encoding.encoding)
    if not text.strip():
        raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
    settings = _with_hint(text, settings)
    ratings = rated(_skipped(text, settings.skip_lines or 0), settings)
    names = find_known_names(ratings, expected, settings)
    best = names.rating if names else ratings[0]
    layout = find_layout(
        best.records,
        best.width,
        settings,
        ending=_ending(sample, best, encoding.encoding),
        is_cut=not (sample.tail or sample.head).endswith((b"\n", b"\r")),
        named=(names.place, names.header_lines) if names else None,
    )
    if has_end_mark(sample) and settings.footer_lines is None:
        layout = replace(layout, footer_lines=layout.footer_lines + 1)
    rivals = [rating for rating in ratings if rating.dialect.delimiter != best.dialect.delimiter and rating.width > 1]
    is_known = settings.delimiter is not None or (names is not None and names.are_all)
    is_aligned = not is_known and _is_aligned(best, text)
    return Understanding(
        dialect=with_encoding(best, "utf-8" if encoding.encoding == "ascii" else encoding.encoding),
        layout=layout,
        width=len(best.records[names.place][1]) if names and not layout.trailing_delimiters else best.width,
        row_above_header=row_above(best.records, names.place) if names and settings.skip_lines is None else None,
        is_ascii=sample.head.isascii() and sample.tail.isascii() and not sample.odd and not is_wide(encoding.encoding),
        has_quotes=best.dialect.quote is not None and best.dialect.quote in text,
        is_aligned=is_aligned,
        encoding=encoding,
        dialect_confidence=1.0 if is_known else 0.0 if is_aligned else _confidence(best, rivals),
        other_dialects=tuple(rating.dialect for rating in rivals[:2]),
    )


def _encoding(sample: Sample, settings: ReadSettings) -> EncodingGuess:
    if settings.encoding is None:
        return guess_encoding(sample.head, sample.odd)
    return EncodingGuess(fixed_encoding(sample.head, settings.encoding), 1.0)


def fixed_encoding(head: bytes, name: str) -> str:
    """Return the encoding that a setting names; which of two its byte order is, a file says itself."""
    encoding = codecs.lookup(name).name
    if encoding == "utf-8-sig":
        return "utf-8"
    if encoding in ("utf-16", "utf-32"):
        return marked_encoding(head) or unmarked_wide_encoding(head) or f"{encoding}-le"
    return encoding


def _text(sample: Sample, encoding: str) -> str:
    """Decode the head, without the line that its end cuts."""
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample.head).removeprefix("\ufeff")
    if sample.is_whole:
        return text
    end = max(text.rfind("\n"), text.rfind("\r")) + 1
    return text[:end] or text


def _with_hint(text: str, settings: ReadSettings) -> ReadSettings:
    """Spreadsheet programs name the delimiter in a first line of its own: sep=;."""
    hint = _DELIMITER_HINT.match(text)
    if hint is None or settings.delimiter is not None or settings.skip_lines is not None:
        return settings
    return replace(settings, delimiter=hint[1], skip_lines=1)


def _skipped(text: str, count: int) -> str:
    return "".join(islice(StringIO(text, newline=""), count, None))


def _is_aligned(best: Rating, text: str) -> bool:
    """Whether columns are aligned by blanks, and nothing else parts them."""
    return (best.width == 1 or best.dialect.delimiter == " ") and has_aligned_columns(text.splitlines())


def _confidence(best: Rating, rivals: list[Rating]) -> float:
    """1 where nothing else comes near, 0.5 where another one does as well; less where many rows do not fit."""
    if best.score <= 0:
        # Where no record can be read at all, its fault says more.
        return 0.0 if best.records else 1.0
    rival = max((rating.score for rating in rivals), default=0.0)
    margin = min(1.0, 0.5 + (best.score - rival) / best.score)
    return round(max(0.0, margin) * (0.5 + best.consistency / 2), 2)


def _ending(sample: Sample, best: Rating, encoding: str) -> list[Record] | None:
    """Read the file's last records, as far as they can be told."""
    if is_wide(encoding):
        return best.records if sample.is_whole and len(best.records) < 300 else None  # noqa: PLR2004
    records = last_records(sample, replace(best.dialect, encoding=encoding), best.width)
    # What can't be read has no cells: no footer goes on above it.
    return [(record.line, []) if isinstance(record, UnreadableRow) else record for record in records]
