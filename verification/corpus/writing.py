"""Writes tables as CSV in any dialect, independent of the csv module and of the reader under test."""

from collections.abc import Sequence
from dataclasses import dataclass

from verification.corpus.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """A dialect in which a table is written."""

    delimiter: str = ","
    quote: str = '"'
    #: The escape before a quote inside a quoted value; empty: the quote is doubled.
    escape: str = ""
    line_end: str = "\r\n"
    quotes_all: bool = False

    def record(self, cells: Sequence[str]) -> str:
        """Return one record without its line end."""
        return self.delimiter.join(map(self.cell, cells))

    def cell(self, value: str) -> str:
        if not (self.quotes_all or self._needs_quotes(value)):
            return value
        if self.escape:
            value = value.replace(self.escape, self.escape * 2).replace(self.quote, self.escape + self.quote)
        else:
            value = value.replace(self.quote, self.quote * 2)
        return f"{self.quote}{value}{self.quote}"

    def _needs_quotes(self, value: str) -> bool:
        special = (self.delimiter, self.delimiter[0], self.quote, "\r", "\n", *filter(None, [self.escape]))
        return any(each in value for each in special)

    def records(self, table: Table) -> list[str]:
        """Return the header and the rows as text."""
        return [self.record(cells) for cells in (table.header, *table.rows)]

    def text(self, records: Sequence[str]) -> str:
        """Return the records with their line ends."""
        return "".join(record + self.line_end for record in records)

    def write(self, table: Table) -> str:
        return self.text(self.records(table))


RFC = Style()
SEMICOLON = Style(delimiter=";")


def usual_style(table: Table) -> Style:
    """Return the usual delimiter for a table: a semicolon if its numbers have commas."""
    return SEMICOLON if table.name == "decimals" else RFC


def lines_of(text: str) -> int:
    """Return the number of lines of a record without its line end."""
    return 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
