"""Any table, written in any dialect, comes back: fixed by settings, or found out where its values are realistic."""

import io
from datetime import date

from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.model.datasets import ReadSettings
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.sources import Record
from shared.reading.table_rows import rows_of
from tests.support.formats import Trickle
from verification.corpus.reading import read
from verification.corpus.tables import Table
from verification.corpus.writing import Style

NAME = st.from_regex(r"[a-z][a-z_]{2,11}", fullmatch=True)
#: Texts of anything that can stand in a file; one of the C1 controls ends lines for some readers.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "utf-16", "utf-32", "gb18030"])
STYLES = st.builds(
    Style,
    delimiter=st.sampled_from([",", ";", "\t", "|", ":", " ", "~", "\x1f", "||", "::", "~|~", "§"]),
    quote=st.sampled_from(['"', "'", "`"]),
    escape=st.sampled_from(["", "\\", "^"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
)


@st.composite
def tables(draw: st.DrawFn, value: st.SearchStrategy[str] = TEXT) -> Table:
    names = draw(st.lists(NAME, min_size=2, max_size=5, unique=True))
    # A row without any value is rejected.
    row = st.lists(value, min_size=len(names), max_size=len(names)).filter(lambda cells: any(map(str.strip, cells)))
    return Table("any", names, draw(st.lists(row, max_size=6)))


def fixed(style: Style, encoding: str) -> ReadSettings:
    return ReadSettings(
        format="csv",
        encoding=encoding,
        delimiter=style.delimiter,
        quote=style.quote,
        escape=style.escape,
        comment="",
        skip_lines=0,
        header_lines=1,
        footer_lines=0,
    )


@given(table=tables(), style=STYLES, encoding=ENCODINGS)
def test_any_table_in_any_dialect_comes_back_where_that_is_fixed(table: Table, style: Style, encoding: str) -> None:
    answer = read(style.write(table).encode(encoding), fixed(style, encoding))

    assert answer.refused is None
    assert (answer.header, answer.rows, answer.rejects) == (table.header, table.rows, frozenset())


WORD = st.sampled_from(["amber", "birch", "cedar", "delta", "ember", "fjord", "glade", "heath", "inlet"])
PROSE = st.lists(WORD, min_size=2, max_size=6).map(lambda words: f"{words[0].title()} {', '.join(words[1:])}")
MOMENT = st.dates(date(1950, 1, 1), date(2040, 1, 1)).map(date.isoformat)
COLUMNS: list[st.SearchStrategy[str]] = [
    WORD.map(str.title),
    PROSE,
    MOMENT,
    st.integers(-9999, 999999).map(str),
    st.decimals(0, 9999, places=2).map(str),
]
FOUND_STYLES = st.builds(
    Style,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.just('"'),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
)


@st.composite
def realistic_tables(draw: st.DrawFn) -> Table:
    """At least one column of values, which shows what the header is."""
    kinds = [st.integers(0, 99999).map(str), *draw(st.lists(st.sampled_from(COLUMNS), min_size=1, max_size=5))]
    names = draw(st.lists(NAME, min_size=len(kinds), max_size=len(kinds), unique=True))
    rows = draw(st.lists(st.tuples(*kinds).map(list), min_size=4, max_size=20))
    return Table("realistic", names, rows)


@given(table=realistic_tables(), style=FOUND_STYLES, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_the_dialect_of_a_realistic_table_is_found(table: Table, style: Style, encoding: str) -> None:
    answer = read(style.write(table).encode(encoding))

    assert answer.refused is None
    assert (answer.header, answer.rows, answer.rejects) == (table.header, table.rows, frozenset())


@given(table=tables(), style=STYLES, most_bytes=st.integers(1, 30))
def test_rows_do_not_depend_on_how_much_is_read_at_a_time(table: Table, style: Style, most_bytes: int) -> None:
    content = style.write(table).encode("utf-16")
    plan = make_plan(io.BytesIO(content), fixed(style, "utf-16"))

    whole = list(rows_of(plan.parts[0].open(io.BytesIO(content))))
    trickled = list(rows_of(plan.parts[0].open(Trickle(content, most_bytes))))

    assert trickled == whole


#: Without what opens a quoted value each line is a record: that much a naive reader knows as well.
PLAIN_TEXT = st.text(st.sampled_from('abc12,,,;"\n\r\t \x00é'), max_size=80)


@given(text=PLAIN_TEXT)
@example(text='a,b"c,d"')
def test_each_line_of_a_plain_text_is_a_row_or_a_reject(text: str) -> None:
    assume(not any(cell.startswith('"') for line in naive_lines(text) for cell in line.split(",")))
    settings = fixed(Style(), "utf-8")
    content = f"x,y\n{text}".encode()

    found = list(rows_of(make_plan(io.BytesIO(content), settings).open(io.BytesIO(content))))

    lines = [number for number, line in enumerate(naive_lines(text), 2) if line]
    assert [line_of(row) for row in found] == lines


def naive_lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def line_of(row: Record | UnreadableRow) -> int:
    return row.line if isinstance(row, UnreadableRow) else row[0]
