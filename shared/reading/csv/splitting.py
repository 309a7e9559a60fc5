"""Splits the lines of a CSV file into records of cells, for any dialect."""

import csv
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Protocol

from shared.reading.csv.dialects import Dialect, is_rule_of_frame


class Splitter(Protocol):
    """Iterates over records. Raises csv.Error if one can't be read; the next call continues with the next line."""

    @property
    def line_num(self) -> int:
        """The number of lines read so far."""

    def __iter__(self) -> Iterator[list[str]]:
        """Return itself."""

    def __next__(self) -> list[str]:
        """Return the cells of the next record; none if the line is blank or a comment."""


def splitter(lines: Iterable[str], dialect: Dialect) -> Splitter:
    """Return a splitter for these lines: the csv module if it supports the dialect."""
    is_for_csv = len(dialect.delimiter) == 1 and dialect.escape is None and dialect.comment is None
    if not is_for_csv or dialect.trim or dialect.is_framed:
        return _AnyDialect(lines, dialect)
    lift_field_limit()
    if dialect.quote is None:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=True)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)


def lift_field_limit() -> None:
    """Lift the csv module's limit of 131,072 characters per field; rows have their own limit."""
    csv.field_size_limit(sys.maxsize)


class _AnyDialect:
    """Splits dialects that the csv module can't: delimiters of several characters, escapes that keep other text."""

    def __init__(self, lines: Iterable[str], dialect: Dialect) -> None:
        self._lines = iter(lines)
        self._dialect = dialect
        self._blanks = " " if "\t" in dialect.delimiter else " \t"
        # With a blank delimiter, blanks are not padding.
        self._trims = dialect.trim and " " not in dialect.delimiter
        self._unquoted = self._cell_without_quotes()
        self._quoted = self._cell_in_quotes()
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        text = self._next_line()
        is_comment = self._dialect.comment is not None and text.startswith(self._dialect.comment)
        if is_comment or not text.strip("\r\n") or (self._dialect.is_framed and self._dialect.delimiter not in text):
            return []
        if self._dialect.is_framed and is_rule_of_frame(text):
            return []
        if self._dialect.is_framed:
            text = self._without_frame(text)
        return self._record(text)

    def _next_line(self) -> str:
        line = next(self._lines)
        self.line_num += 1
        return line

    def _record(self, text: str) -> list[str]:
        cells, position, delimiter = [], 0, self._dialect.delimiter
        while True:
            begin = self._skip_blanks(text, position)
            if self._dialect.quote is not None and text.startswith(self._dialect.quote, begin):
                text, cell, position = self._read_quoted(text, begin)
            else:
                text, cell, position = self._read_unquoted(text, position)
            cells.append(cell)
            if not text.startswith(delimiter, position):
                return cells
            position += len(delimiter)

    def _without_frame(self, text: str) -> str:
        delimiter, inside = self._dialect.delimiter, text.strip()
        if len(inside) > 1 and inside.startswith(delimiter) and inside.endswith(delimiter):
            return inside.removeprefix(delimiter).removesuffix(delimiter)
        return text

    def _skip_blanks(self, text: str, position: int) -> int:
        while self._trims and text[position : position + 1] and text[position] in self._blanks:
            position += 1
        return position

    def _read_unquoted(self, text: str, position: int) -> tuple[str, str, int]:
        """Read an unquoted cell; return the text, to which lines may have been added, the cell and its end."""
        found = self._unquoted.match(text, position)
        while self._dialect.escape is not None and found is not None and 0 < found.end() == len(text):
            # The line end is escaped.
            line = next(self._lines, None)
            if line is None or text[-1] not in "\r\n":
                break
            self.line_num += 1
            text += line
            found = self._unquoted.match(text, position)
        end = found.end() if found else position
        cell = self._unescaped(text[position:end])
        return text, cell.strip(self._blanks) if self._trims else cell, end

    def _read_quoted(self, text: str, begin: int) -> tuple[str, str, int]:
        """Read a quoted cell; return the text, to which lines may have been added, the cell and its end."""
        found = self._quoted.match(text, begin)
        if found is None:
            text = self._until_closed(text, begin)
            found = self._quoted.match(text, begin)
        if found is None:
            raise csv.Error("unexpected end of data")
        position = self._skip_blanks(text, found.end())
        at_end = position == len(text) or text[position] in "\r\n"
        if not (at_end or text.startswith(self._dialect.delimiter, position)):
            raise csv.Error(f"{self._dialect.delimiter!r} expected after {self._dialect.quote!r}")
        quote = self._dialect.quote or ""
        inside = found[0][len(quote) : -len(quote)].replace(quote * 2, quote)
        return text, self._unescaped(inside), position

    def _until_closed(self, text: str, begin: int) -> str:
        """Add lines as long as the cell that begins here is open."""
        parts, quote = [text], self._dialect.quote or ""
        for line in self._lines:
            self.line_num += 1
            parts.append(line)
            if quote in line and self._quoted.match(joined := "".join(parts), begin):
                return joined
        return "".join(parts)

    def _unescaped(self, cell: str) -> str:
        """Remove escapes, only before characters with a meaning: the backslashes of a path stay."""
        escape = self._dialect.escape
        if escape is None or escape not in cell:
            return cell
        meaning = "|".join(map(re.escape, filter(None, (self._dialect.quote, self._dialect.delimiter, escape))))
        return re.sub(f"{re.escape(escape)}({meaning}|\r\n|\r|\n)", r"\1", cell)

    def _cell_without_quotes(self) -> re.Pattern[str]:
        delimiter = re.escape(self._dialect.delimiter)
        if self._dialect.escape is None:
            return re.compile(f"(?:(?!{delimiter})[^\r\n])*+")
        escape = re.escape(self._dialect.escape)
        return re.compile(f"(?:{escape}(?:\r\n|[\\s\\S])|(?!{delimiter})[^\r\n])*+")

    def _cell_in_quotes(self) -> re.Pattern[str]:
        quote = re.escape(self._dialect.quote or '"')
        if self._dialect.escape is None or self._dialect.escape == self._dialect.quote:
            return re.compile(f"{quote}(?:[^{quote}]|{quote}{quote})*+{quote}")
        escape = re.escape(self._dialect.escape)
        return re.compile(f"(?s:{quote}(?:{escape}.|{quote}{quote}|[^{quote}{escape}])*+{quote})")
