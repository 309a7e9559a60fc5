import csv
import re
from collections.abc import Iterator
from io import BytesIO, StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.csv.dialects import Dialect
from shared.reading.csv.records import RecordReader, read_record
from shared.reading.sources import Record
from tests.support.hostile import HOSTILE_STRINGS

LINE_END = re.compile(r"\r\n|\r|\n")
LINE_ENDS = ["\n", "\r\n", "\r"]
#: Quoted or not; what is possessive here, `++`, is what makes an unclosed quote no field.
FIELD = re.compile(r'"(?:[^"]|"")*+"(?=[,\r\n]|\Z)|(?!")[^,\r\n]*+')
QUOTED = re.compile(r'"(?:[^"]|"")*+"')
#: Quotes around a comma, somewhere behind a value's beginning.
SHIFTED = re.compile(r'[^\s",]"(?=[^\s",])(?:[^"]|"")*+"(?=\s*(?:,|\Z))')

ANY_STRING = st.text(st.characters(exclude_categories=["Cs"]))
#: Strings made of what CSV is about, so that each of its rules is tried.
CSV_STRING = st.text('",\r\na é', max_size=6)
TABLES = st.lists(st.lists(ANY_STRING | CSV_STRING, min_size=1, max_size=4), max_size=6)
#: Bytes that meet at the edges of blocks in every way that matters.
BYTES = [b"\r", b"\n", b"\r\n", b",", b'"', b"a", b"x" * 9, "é".encode(), b"\xff"]
BLOCK_BYTES = st.integers(1, 40)
ONE_BLOCK = 1 << 20


def read(
    text: str | bytes, *, block_bytes: int = ONE_BLOCK, max_row_bytes: int = MAX_ROW_BYTES
) -> list[Record | UnreadableRow]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(RecordReader(BytesIO(data), block_bytes=block_bytes, max_row_bytes=max_row_bytes))


def outlines(records: list[Record | UnreadableRow]) -> list[tuple[int, list[str] | str]]:
    """Each record's line with its cells, or with the code of what is wrong with it."""
    return [(record.line, record.code) if isinstance(record, UnreadableRow) else record for record in records]


def oracle(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Read CSV the slow and obvious way: the whole text at once."""
    position, line, width = 0, 1, 0
    while position < len(text):
        cells, end = _record(text, position)
        if cells is None:
            end = _first_record_inside(text, position, end, width)
            yield line, "dialect-error"
        elif cells != [""] or text[position:end].strip("\r\n"):
            is_shifted = any("," in found for found in SHIFTED.findall(text[position:end]))
            width = width if is_shifted else width or len(cells)
            yield line, "missing-cell" if is_shifted else cells
        line += len(LINE_END.findall(text, position, end))
        position = end


def _record(text: str, position: int) -> tuple[list[str] | None, int]:
    """Return the cells of the record that begins here, None if it can't be read, and where the next one begins."""
    cells = []
    while field := FIELD.match(text, position):
        cell = field[0]
        cells.append(cell[1:-1].replace('""', '"') if cell.startswith('"') else cell)
        position = field.end()
        if not text.startswith(",", position):
            return cells, _next_line(text, position)
        position += 1
    closed = QUOTED.match(text, position)
    return None, _next_line(text, closed.end()) if closed else len(text)


def _first_record_inside(text: str, begin: int, end: int, width: int) -> int:
    """Where the first line inside of an unreadable record is a record as wide as others; else where that one ends."""
    position = _next_line(text, begin)
    while position < end:
        line = text[position : _next_line(text, position)]
        cells, length = _record(line, 0)
        if cells is not None and line.strip("\r\n") and len(cells) == width and length == len(line):
            return position
        position = _next_line(text, position)
    return end


def _next_line(text: str, position: int) -> int:
    end = LINE_END.search(text, position)
    return end.end() if end else len(text)


def quoted_table(table: list[list[str]], line_end: str) -> str:
    text = StringIO()
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    return text.getvalue()


@given(st.text('",\r\nab', max_size=40), BLOCK_BYTES)
@example('a"b,"c""d"\r\n\r"x"y,"\n",z\r"never closed,\n', 1)
def test_any_text_is_read_as_rfc_4180_says_wherever_a_block_ends(text: str, block_bytes: int) -> None:
    assert outlines(read(text, block_bytes=block_bytes)) == list(oracle(text))


@pytest.mark.parametrize("row", ['1,9:30"a, b",c', '1,9:30"a ""b"", c"', '1"a, b","c",d'])
def test_a_delimiter_missing_before_a_quoted_value_shifts_no_row(row: str) -> None:
    assert outlines(read(f'x,y,z\n{row}\n1,48" wide,24"\n')) == [
        (1, ["x", "y", "z"]),
        (2, "missing-cell"),
        (3, ["1", '48" wide', '24"']),
    ]


@given(TABLES, st.sampled_from(LINE_ENDS), BLOCK_BYTES, st.booleans())
def test_any_table_reads_back(table: list[list[str]], line_end: str, block_bytes: int, with_mark: bool) -> None:
    text = quoted_table(table, line_end)

    records = read(text.encode("utf-8-sig" if with_mark else "utf-8"), block_bytes=block_bytes)

    assert [record[1] for record in records if isinstance(record, tuple)] == table
    assert len(records) == len(table)


@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("block_bytes", [1, 7, ONE_BLOCK])
def test_hostile_strings_read_back(line_end: str, block_bytes: int) -> None:
    table = [[string, f"{string}{string}"] for string in HOSTILE_STRINGS]

    records = read(quoted_table(table, line_end), block_bytes=block_bytes)

    assert [record[1] for record in records if isinstance(record, tuple)] == table


@given(st.lists(st.sampled_from(BYTES), max_size=40).map(b"".join), BLOCK_BYTES, st.integers(1, 30))
def test_neither_records_nor_lines_depend_on_the_blocks(data: bytes, block_bytes: int, longest: int) -> None:
    records = read(data, block_bytes=block_bytes, max_row_bytes=longest)

    assert records == read(data, max_row_bytes=longest)


@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
def test_blank_lines_are_no_rows_but_count_as_lines(line_end: str) -> None:
    text = line_end.join(["city", "", "Ayr", "", "", "Bute", ""])

    assert read(text) == [(1, ["city"]), (3, ["Ayr"]), (6, ["Bute"])]


def test_a_row_of_one_empty_value_is_a_row() -> None:
    assert read('city\n""\n\n') == [(1, ["city"]), (2, [""])]


@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
def test_a_record_is_on_the_line_on_which_it_begins(line_end: str) -> None:
    text = line_end.join(["a,b", '1,"two', "lines", 'more"', "2,x"])

    assert read(text) == [(1, ["a", "b"]), (2, ["1", f"two{line_end}lines{line_end}more"]), (5, ["2", "x"])]


@pytest.mark.parametrize("block_bytes", [1, 4, ONE_BLOCK])
def test_a_bad_quote_faults_its_row_alone(block_bytes: int) -> None:
    records = read('1,a\n2,"b"x\n3,"c\nd"e\n4,f\n', block_bytes=block_bytes)

    message = "there is text after a closing quote; a quote inside a quoted value must be doubled"
    assert records == [
        (1, ["1", "a"]),
        UnreadableRow(line=2, code="dialect-error", message=message, raw='2,"b"x\n'),
        UnreadableRow(line=3, code="dialect-error", message=message, raw='3,"c\nd"e\n'),
        (5, ["4", "f"]),
    ]


NEVER_CLOSED = "a quote is opened and never closed"


@pytest.mark.parametrize("after", ["3,c\n4,d\n", '3,c\n4,"d"\n', '3,c\n4,"d""e"\n', "3,c\n4,d\n" * 4])
@pytest.mark.parametrize("block_bytes", [1, ONE_BLOCK])
def test_a_quote_that_is_never_closed_holds_back_no_other_row(after: str, block_bytes: int) -> None:
    records = read(f'1,a\n2,"b\n{after}', block_bytes=block_bytes, max_row_bytes=24)

    bad = UnreadableRow(line=2, code="dialect-error", message=NEVER_CLOSED, raw='2,"b\n')
    assert records == [(1, ["1", "a"]), bad, *read(f"\n\n{after}")]


def test_a_quote_that_is_never_closed_takes_lines_that_are_no_rows_with_it() -> None:
    raw = '2,"b\nmore\n'
    assert read(f"1,a\n{raw}") == [
        (1, ["1", "a"]),
        UnreadableRow(line=2, code="dialect-error", message=NEVER_CLOSED, raw=raw),
    ]


@pytest.mark.parametrize("block_bytes", [1, 9, ONE_BLOCK])
@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
def test_a_line_that_is_too_long_is_one_unreadable_row(line_end: str, block_bytes: int) -> None:
    text = line_end.join(["1,a", "", "2," + "b" * 100, "", "3,c", "4,d"])

    records = read(text, block_bytes=block_bytes, max_row_bytes=20)

    assert outlines(records) == [(1, ["1", "a"]), (3, "row-too-large"), (5, ["3", "c"]), (6, ["4", "d"])]


@pytest.mark.parametrize("block_bytes", [1, 9, ONE_BLOCK])
def test_a_quote_that_is_never_closed_ends_before_a_row_however_far_it_is(block_bytes: int) -> None:
    text = '1,a\n2,"b\n' + "xxx\n" * 3 + "".join(f"{number},x\n" for number in range(6, 9))

    records = read(text, block_bytes=block_bytes, max_row_bytes=16)

    assert outlines(records) == [
        (1, ["1", "a"]),
        (2, "dialect-error"),
        (6, ["6", "x"]),
        (7, ["7", "x"]),
        (8, ["8", "x"]),
    ]


@pytest.mark.parametrize("block_bytes", [1, 9, ONE_BLOCK])
@pytest.mark.parametrize("line_end", LINE_ENDS, ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        pytest.param('2,"', '"', id="lines that look like rows"),
        pytest.param('2,"said ""so""', '""so"""', id="doubled quotes"),
        pytest.param('"', 'x","2"', id="a value behind it"),
        pytest.param('2,"' + "y" * 50, "y" * 50 + '"', id="long lines"),
    ],
)
def test_a_quoted_value_that_is_too_large_is_one_row_with_all_its_lines(
    opening: str, closing: str, line_end: str, block_bytes: int
) -> None:
    lines = [opening, *["8,evil"] * 9, closing]
    text = line_end.join(["1,a", *lines, "3,c", '4,"d"'])

    records = read(text, block_bytes=block_bytes, max_row_bytes=24)

    assert outlines(records) == [(1, ["1", "a"]), (2, "row-too-large"), (13, ["3", "c"]), (14, ["4", "d"])]
    assert isinstance(records[1], UnreadableRow)
    assert records[1].message == "the row is longer than 24 bytes; it extends to line 12"


@pytest.mark.parametrize("block_bytes", [1, ONE_BLOCK])
@pytest.mark.parametrize("after", ['9,"x, y"', '"9",x'])
def test_a_quote_that_opens_another_value_closes_none_that_is_too_large(after: str, block_bytes: int) -> None:
    text = "\n".join(["1,a", '2,"b', *["3,c"] * 9, after])

    records = read(text, block_bytes=block_bytes, max_row_bytes=24)

    assert [code for _, code in outlines(records)] == [
        ["1", "a"],
        "dialect-error",
        *[["3", "c"]] * 9,
        after.replace('"', "").split(",", 1),
    ]


def test_what_follows_a_quote_that_is_never_closed_and_is_no_row_is_named_with_it() -> None:
    records = read('1,a\n2,"b\n' + "c\n" * 20, max_row_bytes=16)

    assert outlines(records) == [(1, ["1", "a"]), (2, "dialect-error")]


@pytest.mark.parametrize("block_bytes", [1, 9, ONE_BLOCK])
def test_escaped_quotes_close_no_value_that_is_too_large(block_bytes: int) -> None:
    dialect = Dialect(escape="\\", trim=True)
    text = '1,a\n2, "b\\",\n' + "8,evil\n" * 9 + '\\"\n" , \n3,c\n'

    found = RecordReader(BytesIO(text.encode()), dialect=dialect, block_bytes=block_bytes, max_row_bytes=24)

    assert outlines(list(found)) == [(1, ["1", "a"]), (2, "row-too-large"), (14, ["3", "c"])]


def test_a_row_at_the_limit_is_read_and_one_above_it_shows_its_beginning() -> None:
    fits, too_large = "x" * (MAX_ROW_BYTES - 1), "y" * MAX_ROW_BYTES

    records = read(f"{fits}\n{too_large}\nnext\n", block_bytes=1000)

    assert records[0] == (1, [fits])
    assert records[1] == UnreadableRow(
        line=2,
        code="row-too-large",
        message=f"the row is longer than {MAX_ROW_BYTES} bytes",
        raw="y" * 1000,
    )
    assert records[2:] == [(3, ["next"])]


def test_bytes_that_are_not_utf8_stay_in_their_row() -> None:
    assert read(b"1,a\n2,M\xfcller\n3,c\n") == [(1, ["1", "a"]), (2, ["2", "M\udcfcller"]), (3, ["3", "c"])]


def test_the_text_of_an_unreadable_row_is_valid_unicode() -> None:
    [record] = read(b'"M\xfcller"x\n')

    assert isinstance(record, UnreadableRow)
    assert record.raw == '"M\ufffdller"x\n'


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("a,b", ["a", "b"], id="good"),
        pytest.param('a,"b\r\nc"', ["a", "b\r\nc"], id="line end in quotes"),
        pytest.param('a,"b"x,c', ["a", "bx", "c"], id="text after a closing quote"),
        pytest.param('a,"b\nc,d\n', ["a", "b\nc,d\n"], id="unclosed quote"),
        pytest.param("x" * 200_000, ["x" * 200_000], id="above the csv module's own limit"),
    ],
)
def test_one_record_is_read_leniently(text: str, cells: list[str]) -> None:
    csv.field_size_limit(131_072)

    assert read_record(text) == cells
