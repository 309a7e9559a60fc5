"""Small files as people send them, and what is made of each."""

from dataclasses import replace
from io import BytesIO

import pytest

from shared.model.datasets import NOTHING_FIXED
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.table_rows import rows_of

Rows = list[list[str]]


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        pytest.param("sep=;\r\na;b\r\n1,5;2\r\n", ["a", "b"], [["1,5", "2"]], id="the delimiter is named above"),
        pytest.param("q1,q2\n1,2\n3,4\n", ["q1", "q2"], [["1", "2"], ["3", "4"]], id="names with digits"),
        pytest.param(
            "region,2019 Q1,2019 Q2\nNorth,1,2\nSouth,3,4\n",
            ["region", "2019 Q1", "2019 Q2"],
            [["North", "1", "2"], ["South", "3", "4"]],
            id="quarters",
        ),
        pytest.param(
            'Report\nSource: HMRC\n\nDept,Date,Amount\nA,01/09/2018,"25,000.00"\nB,02/09/2018,"31,500.50"\n',
            ["Dept", "Date", "Amount"],
            [["A", "01/09/2018", "25,000.00"], ["B", "02/09/2018", "31,500.50"]],
            id="a title",
        ),
        pytest.param(
            "\ufeffName;Betrag;Datum\nMüller;1.234,56;31.12.2020\nSchmidt;99,00;01.01.2021\n",
            ["Name", "Betrag", "Datum"],
            [["Müller", "1.234,56", "31.12.2020"], ["Schmidt", "99,00", "01.01.2021"]],
            id="a German one",
        ),
        pytest.param("name,city\nO'Neil,L'Aquila\n", ["name", "city"], [["O'Neil", "L'Aquila"]], id="apostrophes"),
        pytest.param("name\nAnimal 1\nAnimal 2\n", ["name"], [["Animal 1"], ["Animal 2"]], id="one column of texts"),
        pytest.param('"a;b","c"\n"1;2","x"\n', ["a;b", "c"], [["1;2", "x"]], id="another delimiter in quotes"),
        pytest.param("1,2\n3,4\n", ["column_1", "column_2"], [["1", "2"], ["3", "4"]], id="no header"),
    ],
)
def test_a_file_is_taken_as_it_is_meant(text: str, header: list[str], rows: Rows) -> None:
    file = BytesIO(text.encode())
    table = make_plan(file, NOTHING_FIXED).open(file)

    found = list(rows_of(table))
    assert table.header == header
    assert [row[1] for row in found if not isinstance(row, UnreadableRow)] == rows
    assert len(found) == len(rows)


def test_the_header_is_what_has_the_names_that_are_expected() -> None:
    """Though without them, nobody would take it for the header."""
    text = "people of the town,,\n1,2,3\nname,born,town\nAnn,1901-02-03,Ayr\nBob,1837-06-20,Bath\n"
    file = BytesIO(text.encode())
    table = make_plan(file, NOTHING_FIXED, expected=("town", "name")).open(file)

    assert table.header == ["name", "born", "town"]
    assert [row[1][0] for row in rows_of(table) if not isinstance(row, UnreadableRow)] == ["Ann", "Bob"]


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>\n<html><body>Please log in.</body></html>\n",
        '\ufeff\r\n<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>1</td></tr></table></html>',
        '<?xml version="1.0"?>\n<rows>\n<row a="1" b="2"/>\n<row a="3" b="4"/>\n</rows>\n',
    ],
)
def test_a_web_page_or_xml_is_refused_as_what_it_is(text: str) -> None:
    with pytest.raises(FileRefused, match="web page or XML") as caught:
        make_plan(BytesIO(text.encode()), NOTHING_FIXED)

    assert caught.value.code == "format-error"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            "<meta charset=utf-8>\n<table><tr><td>Town, county</td></tr><tr><td>Ayr, Ayrshire</td></tr></table>\n",
            "a web page",
        ),
        ("<!-- made by hand -->\n<p>Town; people<br>\nAyr; 46,000<br>\nOban; 8,000</p>\n", "a web page"),
        ("<CENTER><b>Stock, by town</b></CENTER>\n<font size=2>Ayr, 3\nOban, 4\n</font>", "a web page"),
        ("MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n\r\n--x\r\n<table></table>\r\n", "MHTML"),
        ('ID;PSCALC3\nB;Y2;X2\nC;X1;Y1;K"town"\nC;X2;Y1;K"people"\nC;X1;Y2;K"Ayr"\nE\n', "SYLK"),
        ("%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n", "PDF"),
        ("{\\rtf1\\ansi Town, county\\par\nAyr, Ayrshire\\par\n}", "RTF"),
    ],
)
def test_a_document_that_is_text_and_not_a_table_is_refused_as_what_it_is(text: str, what: str) -> None:
    with pytest.raises(FileRefused, match=what) as caught:
        make_plan(BytesIO(text.encode()), NOTHING_FIXED)

    assert caught.value.code == "format-error"


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("<P>,<DATE>,<CLOSE>\nAAB,20240102,1.5\nAAC,20240103,2.5\n", ["<P>", "<DATE>", "<CLOSE>"]),
        ("<meta>;<amount>\na1;1.5\nb2;2.5\n", ["<meta>", "<amount>"]),
        ("ID;PRICE;TOWN\n1;2.50;Ayr\n2;3.75;Oban\n", ["ID", "PRICE", "TOWN"]),
        ("MIME-Version: number,files\n1.0,17\n1.1,4\n", ["MIME-Version: number", "files"]),
    ],
)
def test_a_table_that_begins_like_another_document_is_read(text: str, header: list[str]) -> None:
    table = make_plan(BytesIO(text.encode()), NOTHING_FIXED).open(BytesIO(text.encode()))

    assert table.header == header
    assert len([*rows_of(table)]) == 2


def _texts_of(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["name  city   age", "Anna  Paris   12", "Bo    Rome     7", "Cyril Oslo   101", "Dee   Bonn    33"],
        ["    run  speed", "001   1    850", "002   2    740", "003   3    900", "004  10   1070"],
        ["12 Elm Street          York", "7 Oak Avenue           Bath", "3 St John's, The Gate  Ayr", "1 Mill     Deal"],
    ],
)
def test_columns_that_blanks_align_are_refused_unless_the_delimiter_is_fixed(lines: list[str]) -> None:
    plan = make_plan(BytesIO(_texts_of(lines).encode()), NOTHING_FIXED)
    with pytest.raises(FileRefused, match="aligned by blanks") as caught:
        plan.check()
    assert caught.value.code == "dialect-error"
    assert plan.confidence == 0

    make_plan(BytesIO(_texts_of(lines).encode()), replace(NOTHING_FIXED, delimiter=";")).check()


@pytest.mark.parametrize(
    "lines",
    [
        ["remark", "came  late", "went early  again", "a  word, then more", "none  at all"],
        ["when", "2024-05-01 10:00:00 UTC", "2024-05-02 11:30:00 UTC", "2024-05-03 09:15:00 UTC"],
        ["name ,city ", "Anna   ,Paris", "Bo     ,Rome ", "Cyril  ,Oslo ", "Dee    ,Bonn "],
    ],
)
def test_blanks_in_texts_align_nothing(lines: list[str]) -> None:
    make_plan(BytesIO(_texts_of(lines).encode()), NOTHING_FIXED).check()
