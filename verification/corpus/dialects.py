"""Pollutions of the dialect: delimiters, quotes, escapes, line ends, blanks."""

from collections.abc import Iterator
from dataclasses import replace

from verification.corpus.cases import Case, case, whole
from verification.corpus.tables import WIDE_TABLES, Table
from verification.corpus.writing import Style, usual_style

_DELIMITERS = {
    "commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|", "colons": ":", "blanks": " ",
    "a comma and a blank": ", ", "two bars": "||", "two tabs": "\t\t", "~|~": "~|~", "carets": "^", "tildes": "~",
}  # fmt: skip
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}


def cases() -> Iterator[Case]:
    for table in WIDE_TABLES:
        yield from _delimiters(table)
        yield from _quotes(table)
        yield from _line_ends(table)
        yield from _blanks(table)
        yield from _trailing_delimiters(table)


def _delimiters(table: Table) -> Iterator[Case]:
    for name, delimiter in _DELIMITERS.items():
        for quotes_all in (False, True):
            style = Style(delimiter=delimiter, quotes_all=quotes_all)
            quoting = ", all quoted" if quotes_all else ""
            yield case(f"{name}{quoting}, {table.name}", style.write(table), whole(table))


def _quotes(table: Table) -> Iterator[Case]:
    usual = usual_style(table)
    for quotes_all in (False, True):
        for name, quote, escape in (("'", "'", ""), ("' with \\", "'", "\\"), ('" with \\', '"', "\\")):
            style = replace(usual, quote=quote, escape=escape, quotes_all=quotes_all)
            quoting = ", all quoted" if quotes_all else ""
            yield case(f"quote {name}{quoting}, {table.name}", style.write(table), whole(table))
    if not any("\t" in cell for cells in table.rows for cell in cells):
        text = "".join("\t".join(cells) + "\n" for cells in (table.header, *table.rows))
        yield case(f"tabs and no quotes at all, {table.name}", text, whole(table))


def _line_ends(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    for name, line_end in _LINE_ENDS.items():
        yield case(f"{name}, {table.name}", replace(style, line_end=line_end).write(table), whole(table))
    ends = ["\n", "\r\n", "\r"]
    mixed = "".join(record + ends[place % 3] for place, record in enumerate(style.records(table)))
    yield case(f"mixed line ends, {table.name}", mixed, whole(table))


def _blanks(table: Table) -> Iterator[Case]:
    for delimiter in (",", ";", "\t", "|"):
        style = Style(delimiter=delimiter)
        lines = [f" {delimiter} ".join(map(style.cell, cells)) for cells in (table.header, *table.rows)]
        yield case(f"blanks around {delimiter!r}, {table.name}", style.text(lines), whole(table))


def _trailing_delimiters(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    if len(table.header) < 3:
        return
    records = style.records(table)
    all_lines = style.text([record + style.delimiter for record in records])
    yield case(f"a delimiter at the end of each line, {table.name}", all_lines, whole(table))
    rows_alone = [records[0], *(record + style.delimiter for record in records[1:])]
    yield case(f"a delimiter at the end of each row, {table.name}", style.text(rows_alone), whole(table))
