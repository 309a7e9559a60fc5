"""Files whose lines are easily passed over or taken for something else: each line is a row, a reject, or named."""

from dataclasses import dataclass
from io import BytesIO

import pytest

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.read_plan import ReadPlan
from shared.reading.table_rows import rows_of
from verification.corpus.accounts import faults_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is read of a file."""

    plan: ReadPlan
    header: list[str]
    rows: list[list[str]]
    rejects: list[int]
    account: LineAccount


def read(text: str, settings: ReadSettings = NOTHING_FIXED, expected: tuple[str, ...] = ()) -> Reading:
    content = text.encode()
    plan = make_plan(BytesIO(content), settings, expected=expected)
    table = plan.open(BytesIO(content))
    found = list(rows_of(table))
    rows = [row[1] for row in found if not isinstance(row, UnreadableRow)]
    rejects = [row.line for row in found if isinstance(row, UnreadableRow)]
    account = LineAccount.of(table, rows=len(rows), rejects=len(rejects))
    assert faults_of(content, plan, found, account) == []
    return Reading(plan=plan, header=table.header, rows=rows, rejects=rejects, account=account)


def lines(count: int, pattern: str, first: int = 0) -> str:
    return "".join(pattern.replace("#", str(number)) + "\n" for number in range(first, first + count))


@pytest.mark.parametrize("count", [*range(1, 12), 20, 40, 63, 100])
@pytest.mark.parametrize(
    ("header", "row", "other"),
    [
        ("a,b", "#,x#", "#,x#,z#"),
        ("a,b,c", "#,x#,z", "#,x#"),
        ("id;when;what;who", "#;2024-01-01;Tea;Ann", "#;2024-01-01;Tea"),
        ("Key\tAmount", "K-1#\t#.50", "K-1#\t#.50\tEUR"),
        ("name,age,town,note", "Ann,#,Ayr,x", "Ann,#,Ayr,x,y,z"),
    ],
)
def test_where_the_width_changes_the_header_and_the_rows_above_are_kept(
    header: str, row: str, other: str, count: int
) -> None:
    reading = read(f"{header}\n{lines(count, row)}{lines(500, other, count)}")

    assert reading.plan.parts[0].csv_format is not None
    delimiter = reading.plan.parts[0].csv_format.dialect.delimiter
    assert reading.header == header.split(delimiter)
    assert len(reading.rows) == count
    assert len(reading.rejects) == 500
    assert reading.plan.confidence < 0.8


@pytest.mark.parametrize(
    ("text", "header", "rows", "rejects"),
    [
        pytest.param("id,name,,name\n1,english\n1,english\n\n2,german,1,2,3\n", "id,name,,name", 0, 3, id="ragged"),
        pytest.param("a,b,c,d,e\n" + lines(9, "x#,#,y"), "a,b,c,d,e", 0, 9, id="two names more"),
        pytest.param("id;name;a;b\n" + lines(30, "#;Ann"), "id;name;a;b", 0, 30, id="names of no values"),
        pytest.param("Item,Count,Price,VAT\n" + lines(12, "Tea,#,1.5"), "Item,Count,Price,VAT", 0, 12, id="one more"),
        pytest.param("id,name,note,\n" + lines(9, "#,Ann,x"), "id,name,note", 9, 0, id="a blank last name"),
        pytest.param('id,name,"\n"\n' + lines(9, "#,Ann"), "id,name", 9, 0, id="a line end for the last name"),
        pytest.param("id,name, \n" + lines(9, "#,Ann"), "id,name", 9, 0, id="a blank behind the last name"),
        pytest.param("id,price,qty\n" + lines(9, "10#,15,8#,2").replace("8", "18"), "id,price,qty", 0, 9, id="commas"),
        pytest.param("id,price,qty\n1,1,50,3\n2,2,25,4\n3,7,75,1\n", "id,price,qty", 0, 3, id="decimal commas"),
        pytest.param("no,total\n1,12,50\n2,8,25\n3,7,75\n", "no,total", 0, 3, id="decimal commas at the end"),
    ],
)
def test_a_header_that_is_not_as_wide_as_the_rows_is_kept(text: str, header: str, rows: int, rejects: int) -> None:
    reading = read(text)

    assert reading.header == header.replace(";", ",").split(",")
    assert (len(reading.rows), len(reading.rejects)) == (rows, rejects)
    if rejects:
        with pytest.raises(FileRefused, match="rows that do not have"):
            reading.plan.check()


@pytest.mark.parametrize(
    ("above", "below"),
    [
        pytest.param(
            "id,name,a,b,c\n" + lines(100, "#,Ann,1,2,3"), "day,sum,n\n" + lines(300, "2024-01-01,#,2"), id="narrower"
        ),
        pytest.param("id,name\n" + lines(100, "#,Ann"), "day,sum,n\n" + lines(300, "2024-01-01,#,2"), id="wider"),
        pytest.param("id,name\n" + lines(3, "#,Ann"), "day,sum,n,x\n" + lines(300, "2024-01-01,#,2,y"), id="few rows"),
        pytest.param(
            "day,sum,n\n" + lines(5, "2024-01-01,#,2"), "id,name\n" + lines(40, "#,Ann"), id="short above long"
        ),
        pytest.param("a;b;c\n" + lines(20, "#;#;#"), "d;e\n" + lines(60, "#;#"), id="numbers alone"),
    ],
)
@pytest.mark.parametrize("between", ["", "\n", "\n\n", "\nSecond table\n\n"])
def test_of_several_tables_the_first_is_read_and_the_others_are_rejected(above: str, below: str, between: str) -> None:
    reading = read(above + between + below)

    first, *rows = above.splitlines()
    assert reading.header == first.replace(";", ",").split(",")
    assert len(reading.rows) == len(rows)
    assert len(reading.rejects) == len(below.splitlines()) + ("Second" in between)


@pytest.mark.parametrize(
    ("above", "table"),
    [
        pytest.param(
            "Statement;made on 2024-02-01 12:00\n\nIBAN;DE00 0000\nName;Current\nBank;North\nBalance;1.000,00;EUR\n\n"
            "Sorted by;date\n\nAll bookings so far.\n\n",
            "Booked;Value;Payee;Text;Use;Balance;Currency;Amount;Currency\n"
            "31.01.2024;31.01.2024;SHOP;debit;food;1.000,00;EUR;-20,00;EUR\n",
            id="a bank",
        ),
        pytest.param("Report\nof May\n\n", "id,name,amount\n1,Ann,2.5\n", id="titles above one row"),
        pytest.param("Client;ACME\nFrom;2024-01-01\nTo;2024-01-31\n\n", "id;n;amount;x\n1;2;2,5;y\n", id="pairs"),
        pytest.param("# made by x\n# on Monday\n", "id,name,amount\n1,Ann,2.5\n", id="remarks"),
        pytest.param(
            "Export,v2\nUser,ann\nHost,h1\nZone,z2\nKind,full\n\n", "id,day,n,m\n1,2024-01-01,5,6\n", id="words"
        ),
        pytest.param("Sales,,\nMay,,\n,,\n", "id,name,amount\n1,Ann,2.5\n2,Bob,3.5\n", id="padded"),
    ],
)
def test_a_table_may_be_shorter_than_what_is_above_it(above: str, table: str) -> None:
    reading = read(above + table)

    first, *rows = table.splitlines()
    assert reading.header == first.split(";" if ";" in first else ",")
    assert len(reading.rows) == len(rows)
    assert reading.account.named["preamble"] + reading.account.named.get("blank", 0) == len(above.splitlines())
    if "Client" not in above:
        reading.plan.check()


def test_pairs_that_may_be_a_table_of_two_columns_are_asked() -> None:
    reading = read("name,age\nAnn,7\nBob,8\n\n" + "id,day,sum\n" + lines(9, "#,2024-01-01,7"))

    with pytest.raises(FileRefused, match=r"not clear where the table begins: line 5 .* or line 1 .*skip_lines ="):
        reading.plan.check()


@pytest.mark.parametrize("row", ["C#,R#", "INV-#,ORD-#", "K #,L #", "P#,Q#", "A#,B#,C#", "X_#,Y_#"])
@pytest.mark.parametrize("count", [10, 40, 150])
def test_codes_that_grow_are_no_further_names(row: str, count: int) -> None:
    names = [f"column{number}" for number in range(row.count(",") + 1)]
    reading = read(f"{','.join(names)}\n{lines(count, row, 1)}")

    assert reading.header == names
    assert len(reading.rows) == count


def test_a_quote_that_comes_late_changes_nothing() -> None:
    reading = read("first,second\n" + lines(9000, "P#,Q#") + '"a, b",c\nd,e\n')

    assert reading.header == ["first", "second"]
    assert len(reading.rows) == 9002


@pytest.mark.parametrize(
    "rows",
    [
        ["DE,EUR", "FR,EUR", "US,USD", "GB,GBP", "CH,CHF"],
        ["AB,XYZ,red", "CD,QRS,blue", "EF,TUV,green", "GH,WXY,red"],
        ["LHR,JFK,BA,on time", "CDG,LAX,AF,late", "FRA,ORD,LH,late", "MUC,SFO,LH,on time"],
        ["ab1@x.org,Ann", "cd2@x.org,Bob", "ef3@y.org,Cyd", "gh4@y.org,Dee"],
        ["red,,AB", "blue,x,CD", "green,,EF", "red,y,GH"],
    ],
)
def test_a_table_of_texts_without_a_header_is_told_by_the_shape_of_its_cells(rows: list[str]) -> None:
    reading = read("".join(f"{row}\n" for row in rows))

    assert reading.header == [f"column_{number}" for number in range(1, rows[0].count(",") + 2)]
    assert [",".join(row) for row in reading.rows] == rows
    reading.plan.check()


@pytest.mark.parametrize(
    "rows",
    [
        ["Name,Town", "Ann,Ayr", "Bob,Bath", "Cyd,Deal"],
        ["Anna,Paris", "Bob,Rome", "Cyril,Oslo"],
        ["red,square", "blue,circle", "green,line"],
        ["RED,SQUARE", "BLUE,CIRCLE", "GREEN,LINE"],
        ["Ort;Straße", "Bonn;Hauptweg", "Köln;Ring"],
    ],
)
def test_what_nobody_can_tell_of_a_header_is_asked(rows: list[str]) -> None:
    text = "".join(f"{row}\n" for row in rows)
    reading = read(text)

    assert len(reading.rows) == len(rows) - 1
    with pytest.raises(FileRefused, match=r"the header or a row: line 1 .* above line 2 .*set header_lines ="):
        reading.plan.check()
    read(text, ReadSettings(header_lines=1)).plan.check()
    assert len(read(text, ReadSettings(header_lines=0)).rows) == len(rows)


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        pytest.param(
            '"foo","bar"\n"332", "Sur\\, First"\n"1","a (\\"a\\")"\n',
            ["foo", "bar"],
            [["332", "Sur, First"], ["1", 'a ("a")']],
            id="escaped",
        ),
        pytest.param(
            'c1,c2\n0, "a, b"\n1, "c"\n', ["c1", "c2"], [["0", "a, b"], ["1", "c"]], id="blanks before quotes"
        ),
        pytest.param(
            'c1;c2;n\n"x";  "a; b";1\n"y"; "c";2\n',
            ["c1", "c2", "n"],
            [["x", "a; b", "1"], ["y", "c", "2"]],
            id="more blanks",
        ),
        pytest.param(
            "| id | name |\n|----|------|\n| 1 | Anna |\n| 2 | Bernd |\n",
            ["id", "name"],
            [["1", "Anna"], ["2", "Bernd"]],
            id="Markdown",
        ),
        pytest.param(
            "| id | name |\n|:---|-----:|\n| 1 | |\n| 2 | Bernd |\n",
            ["id", "name"],
            [["1", ""], ["2", "Bernd"]],
            id="Markdown, aligned",
        ),
        pytest.param(
            "+----+------+\n| id | name |\n+----+------+\n|  1 | Anna |\n|  2 | NULL |\n+----+------+\n"
            "2 rows in set (0.00 sec)\n",
            ["id", "name"],
            [["1", "Anna"], ["2", "NULL"]],
            id="a terminal",
        ),
        pytest.param(
            "--------\n|No|Text  |\n--------\n| 1|Tea   |\n| 2|Coffee|\n--------\n",
            ["No", "Text"],
            [["1", "Tea"], ["2", "Coffee"]],
            id="a list",
        ),
        pytest.param(
            "id,name,n\n--,----,-\n1,a,5\n2,b,6\n\n(2 rows affected)\n",
            ["id", "name", "n"],
            [["1", "a", "5"], ["2", "b", "6"]],
            id="dashes",
        ),
        pytest.param(
            "id|name|n\n--|----|--\n1|a|5\n2|b|6\n",
            ["id", "name", "n"],
            [["1", "a", "5"], ["2", "b", "6"]],
            id="dashes and bars",
        ),
        pytest.param("id\tname\n===\t====\n1\ta\n2\tb\n", ["id", "name"], [["1", "a"], ["2", "b"]], id="double dashes"),
        pytest.param(
            "id\tname\tn\n1\tfirst\\\nsecond\t5\n2\tb\\\tc\t6\n",
            ["id", "name", "n"],
            [["1", "first\nsecond", "5"], ["2", "b\tc", "6"]],
            id="MySQL",
        ),
        pytest.param(
            "id,name,n\n1,one\\, two,5\n2,b,6\n",
            ["id", "name", "n"],
            [["1", "one, two", "5"], ["2", "b", "6"]],
            id="escaped commas",
        ),
        pytest.param(
            "name\nSmith, Al\nJones, Bo\nLee, Cy\n",
            ["name"],
            [["Smith, Al"], ["Jones, Bo"], ["Lee, Cy"]],
            id="one column of names",
        ),
        pytest.param(
            "betrag\n1 234,50\n2 345,00\n12,10\n",
            ["betrag"],
            [["1 234,50"], ["2 345,00"], ["12,10"]],
            id="one column of amounts",
        ),
        pytest.param(
            "id,10,20,30\nid1,TRUE,FALSE,TRUE\nid2,TRUE,TRUE,TRUE\nid3,FALSE,TRUE,TRUE\n",
            ["id", "10", "20", "30"],
            [["id1", "TRUE", "FALSE", "TRUE"], ["id2", "TRUE", "TRUE", "TRUE"], ["id3", "FALSE", "TRUE", "TRUE"]],
            id="numbers as names",
        ),
    ],
)
def test_what_is_drawn_or_escaped_is_no_part_of_a_value(text: str, header: list[str], rows: list[list[str]]) -> None:
    reading = read(text)

    assert reading.header == header
    assert reading.rows == rows
    assert reading.rejects == []


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("header", ["id,name", "a;b;c", "Name\tTown\tAge"])
def test_a_header_that_comes_again_is_rejected_with_a_mark_or_without(header: str, mark: str) -> None:
    row = {",": "1,a", ";": "x;y;2", "\t": "Ann\tAyr\t7"}[next(sign for sign in ",;\t" if sign in header)]
    reading = read(f"\ufeff{header}\n{row}\n{mark}{header}\n{row}\n")

    assert len(reading.rows) == 2
    assert reading.rejects == [3]


@pytest.mark.parametrize("delimiter", [",", " ", "\t"])
def test_names_of_rows_are_read_the_same_where_columns_are_declared(delimiter: str) -> None:
    rows = "".join(f'"{n}"{delimiter}"i{n}"{delimiter}"n{n}"\n' for n in range(1, 9))
    text = f'"id"{delimiter}"name"\n{rows}'

    for expected in ((), ("id", "name")):
        reading = read(text, expected=expected)
        assert reading.header == ["", "id", "name"]
        assert (len(reading.rows), reading.rejects) == (8, [])


def test_a_row_without_any_value_is_rejected_as_in_a_load() -> None:
    assert read("a,b\n1,2\n,\n3,4\n").rejects == [3]


def test_a_mark_is_text_in_a_file_that_does_not_begin_with_one() -> None:
    assert read("id,note\n\ufeff1,a\n2,b\n").rows == [["\ufeff1", "a"], ["2", "b"]]


def test_a_mark_is_text_but_at_the_beginning_of_a_row() -> None:
    text = '\ufeffid,note\n1,"a\n\ufeffb"\n2,\ufeffc\n\ufeff3,d\n'
    assert read(text).rows == [["1", "a\n\ufeffb"], ["2", "\ufeffc"], ["3", "d"]]


@pytest.mark.parametrize(
    "labels",
    ["Company;ACME;;;\nPeriod;2024;;;\n;;;;\n", "Plant;1000;;;\nDay;31.05.2024;;;\n\n"],
)
def test_labels_that_are_filled_up_to_the_width_of_the_table_are_not_its_header(labels: str) -> None:
    reading = read(f"{labels}Doc;Customer;Posted;Amount;Cur\n{lines(4, '01#;123#;31.05.2024;#,50;EUR')}")

    assert reading.header == ["Doc", "Customer", "Posted", "Amount", "Cur"]
    assert (len(reading.rows), reading.rejects) == (4, [])
    assert reading.plan.refusal is None


@pytest.mark.parametrize(
    "text",
    [
        f"price,qty\nunknown,many\n{lines(6, '#.5,#')}",
        f"Export A\nUser: Ann, Unit: 5, Site: Ayr\nid,name,amount\n{lines(6, '#,Ann,#.5')}",
    ],
)
def test_how_many_lines_the_header_has_is_asked_where_one_may_be_a_row(text: str) -> None:
    assert "how many lines the header has" in (read(text).plan.refusal or "")


def test_a_line_of_dashes_across_the_delimiters_is_a_rule() -> None:
    text = f" id |  name  | amount\n----+--------+--------\n{lines(9, '  # | Ann    |   #.50')}(9 rows)\n\n"

    for expected in ((), ("id", "name", "amount")):
        reading = read(text, expected=expected)
        assert reading.header == ["id", "name", "amount"]
        assert (len(reading.rows), reading.rejects) == (9, [])
        assert reading.account.named == {"header": 1, "rule": 1, "footer": 1, "blank": 1}


@pytest.mark.parametrize("first", ["10#", "2024-01-0#", "1.#"])
def test_values_are_not_taken_for_the_names_of_rows(first: str) -> None:
    reading = read(f"id,name\n{lines(9, f'{first},Ann,x')}")

    assert reading.header == ["id", "name"]
    assert (reading.rows, len(reading.rejects)) == ([], 9)
    assert reading.plan.refusal is not None


def test_a_hint_that_names_another_delimiter_than_the_file_has_is_no_evidence() -> None:
    assert read(f"sep=,\nid;name\n{lines(3, '#;Ann')}").header == ["id", "name"]


@pytest.mark.parametrize(
    "above",
    [
        "Made by,x\n" * 4,
        "Version,3\n",
        "Client,ACME Ltd\nFrom,2024-01-01\nVersion,3\nZone,UTC\n",
        "Account,DE00\nFrom,2024-01-01\nZone,UTC\nBalance,100.50,EUR\n",
    ],
)
def test_labels_with_values_right_above_a_wider_table_are_not_its_rows(above: str) -> None:
    reading = read(f"{above}id,day,place,amount\n{lines(9, '#,2024-01-0#,Ayr,#.50', 1)}")

    assert reading.header == ["id", "day", "place", "amount"]
    assert (len(reading.rows), reading.rejects) == (9, [])
    assert reading.account.named["preamble"] == len(above.splitlines())
    reading.plan.check()


def test_a_line_that_comes_again_is_not_the_header_of_two_columns() -> None:
    reading = read("Made by,x\n" * 3 + f"id,name\n{lines(5, '#,Ann #')}")

    assert (reading.header, len(reading.rows)) == (["id", "name"], 5)


@pytest.mark.parametrize("expected", [(), ("id", "day", "place")])
def test_a_header_one_name_short_is_asked_unless_it_is_quoted(expected: tuple[str, ...]) -> None:
    rows = lines(9, "#,2024-01-0#,Ayr,7", 1)
    unquoted, quoted = read(f"id,day,place\n{rows}", expected=expected), read(f'"day","place","sum"\n{rows}')

    with pytest.raises(FileRefused, match=r"one name fewer than the rows have values; name each column"):
        unquoted.plan.check()
    quoted.plan.check()
    assert quoted.header == ["", "day", "place", "sum"]


@pytest.mark.parametrize("gap", range(1, 5))
def test_a_blank_line_in_a_column_of_texts_begins_no_table(gap: int) -> None:
    values = ["amber", "birch", "Cedar wood", "delta hill", "ember"]

    reading = read("\n".join(["title", *values[:gap], "", *values[gap:], ""]))

    assert (reading.header, reading.rows) == (["title"], [[value] for value in values])


def test_names_with_commas_below_a_name_of_two_words_are_one_column() -> None:
    reading = read("full name\nSmith, Al\nJones, Bo\n\nLee, Cy\nAsh, Di\n")

    assert (reading.header, reading.rows[0], len(reading.rows)) == (["full name"], ["Smith, Al"], 4)
    reading.plan.check()


@pytest.mark.parametrize("count", [2, 3, 40])
@pytest.mark.parametrize(
    ("above", "row", "header"),
    [
        (",price,price\n,open,close\ndate,,\n", "2024-01-#,1.#,2.#", ["date", "price open", "price close"]),
        (",,mean,mean\n,,men,women\nyear,code,,\n", "19#,A1#,#.5,#", ["year", "code", "mean men", "mean women"]),
        ("\tlow\thigh\nnumber\t\t\n", "#\t#.25\t#.5", ["number", "low", "high"]),
    ],
)
def test_a_line_that_names_only_the_columns_without_names_is_one_of_the_header(
    above: str, row: str, header: list[str], count: int
) -> None:
    reading = read(above + lines(count, row, first=10))

    assert (reading.header, len(reading.rows)) == (header, count)
    assert reading.account.named == {"header": above.count("\n")}


@pytest.mark.parametrize(
    ("above", "row"),
    [
        (",2020,2021\nNorth,,\n", "town #,1.5,2.5"),
        ("id,low,high\nnone,,\n", "1#,1.5,2.5"),
        (",low,high\n7,,\n", "1#,1.5,2.5"),
    ],
)
def test_a_row_with_its_first_value_only_is_no_line_of_the_header(above: str, row: str) -> None:
    reading = read(above + lines(5, row))

    assert len(reading.rows) == 6
