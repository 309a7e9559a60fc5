"""Pollutions of a file as a whole: lines around the table, and missing parts."""

from collections.abc import Iterator

from verification.corpus.cases import Answer, Case, case, numbered, refused, whole
from verification.corpus.tables import DECIMALS, MIXED, PAIRS, SCRIPTS, TABLES, TEXTS, WIDE_TABLES, Table
from verification.corpus.writing import usual_style

_WITH_VALUES = (MIXED, PAIRS, DECIMALS, SCRIPTS)
_PROSE = "Report of the northern branch"


def cases() -> Iterator[Case]:
    yield from _without_payload()
    for table in TABLES:
        yield from _ends(table)
        yield from _sizes(table)
    for table in _WITH_VALUES:
        yield from _headers(table)
    for table in WIDE_TABLES:
        yield from _preambles(table)
    for table in (MIXED, TEXTS, DECIMALS, SCRIPTS):
        yield from _footnotes(table)
        yield from _two_tables(table)


def _without_payload() -> Iterator[Case]:
    yield case("no payload", "", refused("blank-header"))
    yield case("only line ends", "\r\n\r\n\n", refused("blank-header"))
    yield case("only blanks", "  \n \t\n", refused("blank-header"))


def _ends(table: Table) -> Iterator[Case]:
    text = usual_style(table).write(table)
    yield case(f"clean, {table.name}", text, whole(table))
    yield case(f"no line end at the end, {table.name}", text.removesuffix("\r\n"), whole(table))
    yield case(f"two line ends at the end, {table.name}", text + "\r\n", whole(table))
    yield case(f"five line ends at the end, {table.name}", text + "\r\n" * 4, whole(table))
    yield case(f"blank lines before the header, {table.name}", "\r\n\r\n" + text, whole(table))


def _sizes(table: Table) -> Iterator[Case]:
    for name, rows in (("only a header", []), ("one row", table.rows[:1]), ("two rows", table.rows[:2])):
        part = table.with_rows(rows)
        yield case(f"{name}, {table.name}", usual_style(table).write(part), whole(part))
    many = table.with_rows(table.rows * 400)
    yield case(f"many rows, {table.name}", usual_style(table).write(many), whole(many))


def _headers(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    rows = style.text(style.records(table)[1:])
    yield case(f"no header, {table.name}", rows, Answer(header=numbered(len(table.header)), rows=table.rows))
    lines = [list(table.header)]
    for count in (2, 3):
        lines.append([f"{word} {count}" for word in ("column", "field", "part", "item", "piece", "thing", "area")])
        lines[-1] = lines[-1][: len(table.header)]
        names = [" ".join(cells) for cells in zip(*lines, strict=True)]
        text = style.text([style.record(cells) for cells in lines]) + rows
        # Words in place of two numbers may be a row that lacks both.
        answer = refused("dialect-error") if table is SCRIPTS else Answer(header=names, rows=table.rows)
        yield case(f"{count} header rows, {table.name}", text, answer)


def _preambles(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    text, width = style.write(table), len(table.header)
    padding = style.delimiter * (width - 1)
    for count in (1, 3):
        plain = f"{_PROSE}\r\n" * count
        padded = f"{_PROSE}{padding}\r\n" * count
        yield case(f"{count} lines above, {table.name}", plain + text, whole(table))
        yield case(f"{count} lines and a blank one above, {table.name}", plain + "\r\n" + text, whole(table))
        if width > 2:
            yield case(f"{count} padded lines above, {table.name}", padded + text, whole(table))
            empty = padding + "\r\n"
            yield case(
                f"{count} padded lines and an empty row above, {table.name}", padded + empty + text, whole(table)
            )
    for mark in ("#", "//", ";" if style.delimiter == "," else "--"):
        comments = f"{mark} exported by hand\r\n{mark} all values are as measured\r\n"
        yield case(f"comments with {mark} above, {table.name}", comments + text, whole(table))
    if width > 2:
        pairs = f"Title{style.delimiter}{_PROSE}\r\nDate{style.delimiter}2024-05-06\r\n"
        yield case(f"names and values above, {table.name}", pairs + "\r\n" + text, whole(table))


def _footnotes(table: Table) -> Iterator[Case]:
    text = usual_style(table).write(table)
    yield case(f"a footnote, {table.name}", text + "Source: the northern branch\r\n", whole(table))
    yield case(f"a footnote behind a blank line, {table.name}", text + "\r\nSource: our own\r\n", whole(table))
    notes = "* preliminary figures\r\n** as of today\r\n*** no warranty\r\n"
    yield case(f"three footnotes, {table.name}", text + "\r\n" + notes, whole(table))


def _two_tables(table: Table) -> Iterator[Case]:
    """The first table counts; further lines of its width can't be distinguished from its rows."""
    style = usual_style(table)
    width = len(table.header)
    line = len(table.rows) + 3
    text = style.write(table) + "\r\n"
    for name, other_width in (("narrower", width - 1), ("wider", width + 2)):
        second = [[f"v{row}x{column}" for column in range(other_width)] for row in range(3)]
        code = "missing-cell" if other_width < width else "extra-cell"
        answer = Answer(header=table.header, rows=table.rows, rejects=frozenset((line + i, code) for i in range(3)))
        yield case(f"a {name} table below, {table.name}", text + style.text([*map(style.record, second)]), answer)
    second = [[f"v{row}x{column}" for column in range(width)] for row in range(3)]
    answer = Answer(header=table.header, rows=[*table.rows, *second])
    yield case(f"a table as wide below, {table.name}", text + style.text([*map(style.record, second)]), answer)
