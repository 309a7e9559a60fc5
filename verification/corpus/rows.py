"""Pollutions of single rows: only these rows are rejected, or they are not rows."""

from collections.abc import Iterator

from verification.corpus.cases import Case, case, lacking, refused, whole
from verification.corpus.tables import MIXED, SCRIPTS, TEXTS, WIDE_TABLES, Table
from verification.corpus.writing import Style, usual_style


def cases() -> Iterator[Case]:
    for table in WIDE_TABLES:
        yield from _wrong_width(table)
        yield from _stray_quotes(table)
        yield from _other_delimiter(table)
        yield from _blank_lines(table)
        yield from _bad_bytes(table)
    for table in (MIXED, TEXTS, SCRIPTS):
        yield from _line_ends_in_cells(table)


def _with_row(table: Table, place: int, record: str) -> str:
    """Return the file with another text for one row."""
    style = usual_style(table)
    records = style.records(table)
    records[place + 1] = record
    return style.text(records)


def _wrong_width(table: Table) -> Iterator[Case]:
    style, width = usual_style(table), len(table.header)
    for place, cells in enumerate(table.rows):
        written = [*map(style.cell, cells)]
        for column in range(width):
            more = style.delimiter.join([*written[:column], "", *written[column:]])
            answer = lacking(table, {place}, (place + 2, "extra-cell"))
            yield case(
                f"extra delimiter in row {place}, column {column}, {table.name}", _with_row(table, place, more), answer
            )
        for column in range(width - 1):
            merged = written[column] + written[column + 1]
            fewer = style.delimiter.join([*written[:column], merged, *written[column + 2 :]])
            code = "dialect-error" if _goes_on_behind_quotes(*written[column : column + 2]) else "missing-cell"
            answer = lacking(table, {place}, (place + 2, code))
            yield case(
                f"missing delimiter in row {place}, column {column}, {table.name}",
                _with_row(table, place, fewer),
                answer,
            )


def _goes_on_behind_quotes(written: str, following: str) -> bool:
    return _is_quoted(written) and following != "" and not _is_quoted(following)


def _stray_quotes(table: Table) -> Iterator[Case]:
    """A quote at the beginning of a value, or inside a quoted one, makes the end of the value unknown.

    In the last row, the file itself may end inside a value.
    """
    style = usual_style(table)
    for place, cells in enumerate(table.rows):
        answer = lacking(table, {place}, (place + 2, "dialect-error"))
        is_last = place == len(table.rows) - 1
        for column, value in enumerate(cells):
            before, after = [*map(style.cell, cells[:column])], [*map(style.cell, cells[column + 1 :])]
            if '"' in value or not value:
                continue
            opened = style.delimiter.join([*before, f'"{value}', *after])
            name = f"in row {place}, column {column}, {table.name}"
            if not any(map(_is_quoted, after)):
                yield case(
                    f"a quote opened {name}",
                    _with_row(table, place, opened),
                    refused("truncated-file") if is_last else answer,
                )
            inside = style.delimiter.join([*before, f'"{value[:1]}" {value[1:]}"', *after])
            yield case(f"a quote inside of quotes {name}", _with_row(table, place, inside), answer)
            if not _is_quoted(style.cell(value)):
                text = f'{value[:1]}"{value[1:]}'
                loose = style.delimiter.join([*before, text, *after])
                rows = [list(row) for row in table.rows]
                rows[place][column] = text
                yield case(
                    f"a quote in a plain value {name}", _with_row(table, place, loose), whole(table.with_rows(rows))
                )


def _is_quoted(written: str) -> bool:
    return written.startswith('"')


def _other_delimiter(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    for delimiter in (";" if style.delimiter == "," else ":", "\t", "|"):
        for place in range(len(table.rows)):
            record = Style(delimiter=delimiter).record(table.rows[place])
            cells_left = len(next(iter([record.split(style.delimiter)])))
            if style.delimiter in record:
                continue
            assert cells_left == 1
            answer = lacking(table, {place}, (place + 2, "missing-cell"))
            name = f"row {place} with {delimiter!r}, {table.name}"
            yield case(name, _with_row(table, place, record), answer)


def _blank_lines(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    records = style.records(table)
    for place in (1, 2, len(records) - 1):
        text = style.text([*records[:place], "", "", *records[place:]])
        yield case(f"blank lines before record {place}, {table.name}", text, whole(table))


def _bad_bytes(table: Table) -> Iterator[Case]:
    place = len(table.rows) // 2
    style = usual_style(table)
    rows = [list(cells) for cells in table.rows]
    rows[place][0] += "\x00"
    polluted = table.with_rows(rows)
    yield case(f"a NUL in row {place}, {table.name}", style.write(polluted), whole(polluted))
    cells = [table.rows[place][0] + "\udcc3", *table.rows[place][1:]]
    content = _with_row(table, place, style.record(cells)).encode("utf-8", "surrogateescape")
    answer = lacking(table, {place}, (place + 2, "encoding-error"))
    yield Case(name=f"a byte that is not UTF-8 in row {place}, {table.name}", content=content, answer=answer)


def _line_ends_in_cells(table: Table) -> Iterator[Case]:
    style = usual_style(table)
    for name, line_end in (("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r")):
        rows = [list(cells) for cells in table.rows]
        for place in range(0, len(rows), 2):
            rows[place][1] = f"first{line_end}{line_end}second, and third"
        polluted = table.with_rows(rows)
        yield case(f"{name} inside of values, {table.name}", style.write(polluted), whole(polluted))
