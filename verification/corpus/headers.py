"""Pollutions of the header and of values: missing or equal names, years as names; units; many columns; long cells."""

from collections.abc import Iterator

from verification.corpus.cases import Case, case, lacking, numbered, refused, whole
from verification.corpus.tables import DECIMALS, MIXED, PAIRS, SCRIPTS, TEXTS, Table
from verification.corpus.writing import Style, usual_style

_NUMBERS = [[f"region {row}", *(str(row * 100 + column) for column in range(5))] for row in range(8)]


def cases() -> Iterator[Case]:
    for table in (MIXED, TEXTS, DECIMALS, SCRIPTS):
        yield from _names(table)
    yield from _bad_bytes()
    yield from _years()
    yield from _numbers_of_rows()
    yield from _numbers_of_columns()
    yield from _units()
    yield from _large()
    yield from _known_names()
    yield from _words_for_values()


def _of(table: Table) -> str:
    return usual_style(table).write(table)


def _names(table: Table) -> Iterator[Case]:
    for name, header in (
        ("a column without a name", [*table.header[:-1], ""]),
        ("the first column without a name", ["", *table.header[1:]]),
        ("two columns of the same name", [*table.header[:-1], table.header[-2]]),
        ("names in capitals", [name.upper() for name in table.header]),
    ):
        renamed = Table(table.name, header, table.rows)
        yield case(f"{name}, {table.name}", _of(renamed), whole(renamed))


def _bad_bytes() -> Iterator[Case]:
    content = _of(MIXED).encode().replace(b"customer", b"cust\xe4mer")
    yield Case(name="a name with a byte that is not UTF-8", content=content, answer=refused("encoding-error"))
    lines = b'{"a": "1", "b": "2"}\n{"a": "3", "b\xe4": "4"}\n'
    yield Case(name="a JSON name with a byte that is not UTF-8", content=lines, answer=refused("encoding-error"))
    record = f"1001;{'x;' * 9}".encode() + b"\xc3\r\n"
    answer = lacking(DECIMALS, set(), (len(DECIMALS.rows) + 2, "encoding-error"))
    content = _of(DECIMALS).encode() + record
    yield Case(name="a row of another width with a byte that is not UTF-8", content=content, answer=answer)


def _years() -> Iterator[Case]:
    for name, header in (
        ("years as names", ["region", "2019", "2020", "2021", "2022", "2023"]),
        ("years as names, no name for the first", ["", "2019", "2020", "2021", "2022", "2023"]),
        ("years as names, the last one first", ["region", "2023", "2022", "2021", "2020", "2019"]),
        ("every tenth year as names", ["region", "1980", "1990", "2000", "2010", "2020"]),
        ("years as names, a word for another number", ["region", "code", "2019", "2020", "2021", "2022"]),
        ("days of another form as names", ["region", "1/22/20", "1/23/20", "1/24/20", "1/25/20", "1/26/20"]),
        ("hours as names", ["region", "6:00", "12:00", "18:00", "0:00", "3:00"]),
        ("numbers from 1 on as names", ["region", "1", "2", "3", "4", "5"]),
        ("days as names", ["region", *(f"2024-01-0{day}" for day in range(1, 6))]),
    ):
        table = Table("years", header, _NUMBERS)
        yield case(name, _of(table), whole(table))
    spans = Table("spans", numbered(3), [["Lee", "2019", "2020"], ["Orr", "2001", "2002"], ["Ek", "1987", "1988"]])
    decimals = [["1234.5", "2345.1"], *([f"{row}7.5", f"{row}9.25"] for row in range(10, 16))]
    prices = Table("prices", numbered(2), decimals)
    yield case("decimals as values", "".join(f"{','.join(cells)}\r\n" for cells in decimals), whole(prices))
    yield case("years as values", "".join(f"{','.join(cells)}\r\n" for cells in spans.rows), whole(spans))


def _numbers_of_rows() -> Iterator[Case]:
    """Statistics programs number the rows in a column without a name."""
    rows = [[str(number), *cells] for number, cells in enumerate(TEXTS.rows)]
    table = Table(TEXTS.name, ["", *TEXTS.header], rows)
    yield case("rows with only numbers and texts", _of(table), whole(table))
    for name, row_names in (("numbers", "1234"), ("names", ["Ann Lee", "Bo Ek", "Cy Orr", "Di Vos"])):
        rows = [[row_name, str(place), f"{place * 7}.5"] for place, row_name in enumerate(row_names)]
        table = Table("row names", ["", "floor", "share"], rows)
        for delimiter in (",", "\t", " "):
            style = Style(delimiter=delimiter, quotes_all=True)
            header, *records = style.records(table)
            text = style.text([header.removeprefix(f'""{delimiter}'), *records])
            yield case(f"rows with {name} and no cell for them in the header, by {delimiter!r}", text, whole(table))


def _numbers_of_columns() -> Iterator[Case]:
    rows = [[str(row), *(f"{row * 7 + column}.25" for column in range(4))] for row in range(6)]
    for name, header in (("and one unnamed", ["", "0", "1", "2", "3"]), ("only", ["0", "1", "2", "3", "4"])):
        table = Table("numbers", header, rows)
        yield case(f"numbers as names {name}", _of(table), whole(table))


def _units() -> Iterator[Case]:
    table = Table("units", ["station", "mass", "height", "speed", "power", "share"], _NUMBERS)
    header, *rows = usual_style(table).records(table)
    for units in (",kg,m,km/h,W,%", "(-),(kg),(m),(km/h),(W),(%)", ",[kg],[m],[km/h],[W],[%]"):
        yield case(f"units {units}", usual_style(table).text([header, units, *rows]), whole(table))


def _large() -> Iterator[Case]:
    wide = Table("wide", [f"field_{n}" for n in range(2000)], [[str(n) for n in range(2000)]] * 4)
    yield case("2000 columns", _of(wide), whole(wide))
    cell = "lorem ipsum, dolor sit amet; " * 9000
    long = Table("long", PAIRS.header, [["K-01", cell], *PAIRS.rows])
    yield case("a value of 260 kB", _of(long), whole(long))
    too_long = "x" * (1 << 20)
    longer = PAIRS.with_rows([*PAIRS.rows, ["K-99", too_long], ["K-98", "3.5"]])
    yield case("a value of 1 MiB", _of(longer), lacking(longer, {len(PAIRS.rows)}, (8, "row-too-large")))
    text = "One, two, three, four and five, or six,\nare fewer than seven, eight, nine, ten, or eleven"
    prose = Table("prose", ["text", "status"], [[text, "open"] for _ in range(40)])
    yield case("values of two lines with commas", _of(prose), whole(prose))
    many_lines = Table("lines", PAIRS.header, [[f"K-{n}", "line\n" * 50] for n in range(100)])
    yield case("values of 50 lines", _of(many_lines), whole(many_lines))


def _known_names() -> Iterator[Case]:
    """A dataset declares the names: the line with them is the header."""
    for name, before in (
        ("a wide preamble", "a,b,c,d,e,f,g,h\r\n" * 30),
        ("a table of the same width", "u,v,w,x\r\n1,2,3,4\r\n\r\n"),
    ):
        content = (before + _of(TEXTS)).encode()
        yield Case(name=f"{name} above known names", content=content, answer=whole(TEXTS), expected=tuple(TEXTS.header))
    text = Style(delimiter=";").write(TEXTS.with_rows(TEXTS.rows[:1])).encode()
    answer = whole(TEXTS.with_rows(TEXTS.rows[:1]))
    yield Case(name="known names and one row", content=text, answer=answer, expected=("title", "author"))
    numbers = Table("numbers", ["1", "2", "3"], [["4", "5", "6"], ["7", "8", "9"]])
    yield Case(name="numbers as known names", content=_of(numbers).encode(), answer=whole(numbers), expected=("1", "2"))


def _words_for_values() -> Iterator[Case]:
    """The first rows have words for missing values, and are rows nevertheless."""
    for words in (("absent", "7"), ("absent", "absent"), ("7", "absent")):
        rows = [["Ann Lee", words[0], words[1]], *([f"Bo Ek {n}", str(n), str(n * 3)] for n in range(1, 9))]
        table = Table("words", ["pupil", "maths", "music"], rows)
        yield case(f"{' and '.join(words)} for the first values", _of(table), whole(table))
    one = Table("words", ["pupil", "maths"], [["Ann Lee", "absent"], ["Bo Ek", "3"], ["Cy Orr", "4"]])
    yield case("a word for the first value of the one column", _of(one), whole(one))
