"""Reads CSV as records, each with the physical line on which it begins."""

import csv
import io
from collections.abc import Iterator

from shared.model.reasons import Reason
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES, Lines, Readable, RowTooLarge
from shared.reading.csv.dialects import PLAIN, Dialect, is_rule_of_frame
from shared.reading.csv.loose_quotes import LooseQuotes
from shared.reading.csv.row_end import QuotesOfRow
from shared.reading.csv.splitting import Splitter, lift_field_limit, splitter
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record

_EXCERPT_CHARACTERS = 1000
_NEVER_CLOSED = "a quote is opened and never closed"
_MISSING_DELIMITER = "a delimiter seems to be missing before a quoted value; expected one"
#: The size of the blocks that are read.
_BLOCK_BYTES = 256 * 1024


class RecordReader:
    """Iterates over the records of one file. A record that can't be read is an UnreadableRow.

    Blank lines, comments and the lines to skip are not records: they are in `skipped`.

    The reader is strict: text after a closing quote, or a quote that is never closed, is a fault of only that row.
    Reading continues with the next line; if the faulty record has several lines, with the first one that is a complete
    record by itself, as wide as the file's first record. A value that is too large is skipped to its closing quote.
    """

    def __init__(
        self,
        file: Readable,
        *,
        dialect: Dialect = PLAIN,
        block_bytes: int = _BLOCK_BYTES,
        max_row_bytes: int = MAX_ROW_BYTES,
        skips_marks: bool | None = None,
        skip_lines: int = 0,
        width: int | None = None,
    ) -> None:
        self._dialect = dialect
        self._loose_quotes = LooseQuotes(dialect, dialect.quote) if dialect.quote else None
        self._lines = Lines(
            file,
            encoding=dialect.encoding,
            block_bytes=block_bytes,
            max_row_bytes=max_row_bytes,
            skips_marks=skips_marks,
            suspect=self._loose_quotes.suspect if self._loose_quotes else None,
        )
        #: The lines read so far that are not records.
        self.skipped = SkippedLines()
        self._lines_before = self._skip(skip_lines)
        self._begin = self._lines_before + 1
        #: The number of cells of a record; if it is not given, that of the first readable one.
        self._width = width
        self._splitter = self._new_splitter()

    @property
    def bytes_read(self) -> int:
        """The size of the records read so far."""
        return self._lines.bytes_read

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""
        return self._begin - 1

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the file."""
        while True:
            try:
                yield from self._good_records()
                return
            except RowTooLarge as error:
                yield self._too_large(str(error))
            except csv.Error as error:
                yield self._unreadable("dialect-error", _plain(error), line_count=self._lines.row_line_count)

    def _good_records(self) -> Iterator[Record | UnreadableRow]:
        lines, records, before, width = self._lines, self._splitter, self._lines_before, self._width
        self._begin = before + records.line_num + 1
        for cells in records:
            begin, self._begin = self._begin, before + records.line_num + 1
            if not cells:
                self._add_skipped(begin, lines.row_text)
            loose = self._loose_text(cells) if lines.is_suspect else None
            lines.end_row()
            if loose is not None:
                yield UnreadableRow(line=begin, code="missing-cell", message=_MISSING_DELIMITER, raw=loose)
            elif cells:
                if width is None:
                    width = self._width = len(cells)
                yield begin, cells

    def _skip(self, count: int) -> int:
        """Skip `count` lines; return how many there were."""
        skipped = 0
        for skipped, text in enumerate(self._lines.skip(count), start=1):
            if text.strip():
                self.skipped.add(skipped, "preamble", text)
            else:
                self.skipped.add(skipped, "blank")
        return skipped

    def _add_skipped(self, line: int, text: str) -> None:
        comment = self._dialect.comment
        if comment is not None and text.startswith(comment):
            self.skipped.add(line, "comment", text)
        elif self._dialect.is_framed and is_rule_of_frame(text):
            self.skipped.add(line, "rule", text)
        elif text.strip():
            self.skipped.add(line, "remark", text)
        else:
            self.skipped.add(line, "blank")

    def _loose_text(self, cells: list[str]) -> str | None:
        """Return the text of the record if a delimiter is missing in it before a quoted value; otherwise None."""
        if self._loose_quotes is None or self._loose_quotes.quote not in "".join(cells):
            return None
        text = self._lines.row_text
        return text if self._loose_quotes.hold_delimiter(text) else None

    def _too_large(self, message: str) -> UnreadableRow:
        excerpt, quotes = self._lines.row_text[:_EXCERPT_CHARACTERS], QuotesOfRow(self._dialect)
        line_count = self._lines.read_rest_of_row(quotes)
        quotes.finish()
        if quotes.is_never_closed:
            return self._unreadable("dialect-error", _NEVER_CLOSED, line_count=line_count)
        lines = f"; it extends to line {self._begin + line_count - 1}" if line_count > 1 else ""
        return self._end_unreadable("row-too-large", message + lines, excerpt, line_count=line_count)

    def _unreadable(self, code: Reason, message: str, *, line_count: int) -> UnreadableRow:
        """Read again the lines of the record that are records by themselves."""
        kept = self._lines.return_lines(self._is_record) if self._width and line_count > 1 else line_count
        message = _NEVER_CLOSED if kept < line_count else message
        return self._end_unreadable(code, message, self._lines.row_text, line_count=kept)

    def _end_unreadable(self, code: Reason, message: str, raw: str, *, line_count: int) -> UnreadableRow:
        self._lines_before = self._begin - 1 + line_count
        self._splitter = self._new_splitter()
        self._lines.end_row()
        return UnreadableRow(line=self._begin, code=code, message=message, raw=raw)

    def _is_record(self, line: str) -> bool:
        """Whether a line by itself is a record like the others."""
        try:
            return [len(cells) for cells in splitter([line], self._dialect)] == [self._width]
        except csv.Error:
            return False

    def _new_splitter(self) -> Splitter:
        return splitter(iter(self._lines), self._dialect)


def read_record(text: str) -> list[str]:
    """Read one record from a text, leniently: faulty quotes are taken literally."""
    lift_field_limit()
    return next(csv.reader(io.StringIO(text, newline="")), [])


def _plain(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return _NEVER_CLOSED
    if "expected after" in text:
        return "there is text after a closing quote; a quote inside a quoted value must be doubled"
    return text
