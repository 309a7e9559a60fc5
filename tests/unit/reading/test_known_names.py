"""Where a dataset declares the columns, nothing that may be a row is left out without a word."""

from io import BytesIO

import pytest

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.table_rows import rows_of

NAMES = ("city", "county", "country")
HEADER = "city,county,country\n"
ROWS = "Ayr,Ayrshire,Scotland\nBath,Somerset,England\n"


def read(text: str, settings: ReadSettings = NOTHING_FIXED) -> list[str | int]:
    """Give the first cell of each row, or the line of a rejected one."""
    file = BytesIO(text.encode())
    plan = make_plan(file, settings, expected=NAMES)
    plan.check()
    return [row.line if isinstance(row, UnreadableRow) else row[1][0] for row in rows_of(plan.open(file))]


@pytest.mark.parametrize("last", ["New York\nLos Angeles", "4 Dave 13.5", "4/Dave/13.5", '"3 c 4"', "Ayr"])
def test_what_may_be_a_row_cut_short_is_no_footer(last: str) -> None:
    lines = range(4, 4 + len(last.splitlines()))

    assert read(f"{HEADER}{ROWS}{last}\n") == ["Ayr", "Bath", *lines]


@pytest.mark.parametrize(
    "last",
    [
        "Source: ONS",
        "Source: ONS\nLicensed OGL",
        "* provisional",
        "(2 rows)",
        "Figures are rounded to thousands",
        "End.",
        "\nNew York",
        "\x1a",
    ],
)
def test_remarks_below_the_rows_are_a_footer(last: str) -> None:
    mark = "" if last == "\x1a" else "\n"

    assert read(f"{HEADER}{ROWS}{last}{mark}") == ["Ayr", "Bath"]


def test_rows_above_the_header_refuse_the_file_until_they_are_skipped() -> None:
    text = f"Wick,Caithness,Scotland\n{HEADER}{ROWS}"
    with pytest.raises(FileRefused, match="line 1, above the header, is as wide as a row") as caught:
        read(text)
    assert caught.value.code == "dialect-error"

    assert read(text, ReadSettings(skip_lines=1)) == ["Ayr", "Bath"]
    assert read(f"Places, in 2024\n{HEADER}{ROWS}") == ["Ayr", "Bath"]
    assert read(f"a,b,c\n1,2,3\n\n{HEADER}{ROWS}") == ["Ayr", "Bath"]


def test_a_fixed_number_of_lines_is_the_number_of_lines() -> None:
    text = f"Report\n{HEADER}{ROWS}"

    assert read(text, ReadSettings(skip_lines=0)) == [2, 3, 4]
    assert read(text, ReadSettings(skip_lines=1)) == ["Ayr", "Bath"]


@pytest.mark.parametrize("first", ["Tim,,", "Tim,4", "Tim"])
def test_where_there_is_no_header_the_first_rows_are_rows(first: str) -> None:
    expected = "Tim" if first.count(",") == len(NAMES) - 1 else 1

    assert read(f"{first}\n{ROWS}", ReadSettings(header_lines=0)) == [expected, "Ayr", "Bath"]


def test_where_there_is_no_header_a_sentence_above_is_no_row() -> None:
    assert read(f"All of the places in 2024\n{ROWS}", ReadSettings(header_lines=0)) == ["Ayr", "Bath"]


def test_single_letters_are_units_above_values_alone() -> None:
    assert read(f"{HEADER}L,m,s\nKm,B,C\n") == ["L", "Km"]
    assert read(f"{HEADER}m,m,kg\n1,2,3\n4,5,6\n") == ["1", "4"]


@pytest.mark.parametrize("delimiters", [",", ",,"])
@pytest.mark.parametrize("is_in_header", [True, False])
def test_delimiters_at_the_end_of_each_row_are_no_columns(delimiters: str, *, is_in_header: bool) -> None:
    rows = ROWS.replace("\n", f"{delimiters}\n")
    header = HEADER.replace("\n", f"{delimiters}\n") if is_in_header else HEADER

    assert read(header + rows) == ["Ayr", "Bath"]
    # In the part of the file that was not looked at first, a value may stand there: it is one too many.
    assert read(header + rows * 2000 + f"Wick,,{delimiters}x\n")[-1] == 4002


def test_names_that_stand_on_two_lines_are_a_header_of_two_lines() -> None:
    header = "Place,,In\ncity,county,country\n"
    file = BytesIO(f"{header}{ROWS}".encode())
    table = make_plan(file, NOTHING_FIXED, expected=("Place city", "county", "In country")).open(file)

    assert table.header == ["Place city", "county", "In country"]


def test_a_header_of_two_lines_may_be_fixed() -> None:
    text = "Customer,,Order\nid,name,date\n1,Ann,2024-01-01\n2,Bob,2024-01-02\n"

    assert read(text, ReadSettings(header_lines=2)) == ["1", "2"]


def test_a_preamble_that_a_spreadsheet_padded_is_none_of_the_table() -> None:
    file = BytesIO(b"Company:,ACME,,\nDate:,2024-05-01,,\n,,,\nid,name,amount,note\n1,Ann,10.5,x\n2,Bob,11.5,y\n")
    table = make_plan(file, NOTHING_FIXED).open(file)

    assert table.header == ["id", "name", "amount", "note"]


MANY = "".join(f"{number},name,body\n" for number in range(9000))


@pytest.mark.parametrize("text", ["a,b,c\n" * 3000 + "last words here.", "a line of words\n" * 1500])
def test_a_file_that_ends_in_a_long_quoted_text_is_whole(text: str) -> None:
    """Longer than the part of the end that is looked at."""
    assert read(f'{HEADER}{MANY}9000,x,"{text}"\n')[-1] == "9000"


def test_a_file_that_ends_inside_of_a_quoted_text_is_cut() -> None:
    with pytest.raises(FileRefused, match="inside a quoted value") as caught:
        read(f'{HEADER}{MANY}9000,x,"a line of words\nand one more\n')
    assert caught.value.code == "truncated-file"


def test_a_delimiter_may_be_in_few_of_the_lines_of_quoted_texts() -> None:
    letter = "Dear all,\nwe met, talked\nand left, late\nso far, so good\nwell, yes\nbest, Bob\nPS, hi"
    file = BytesIO(f'id;name;text\n1;x;"{letter}"\n2;y;"{letter}"\n'.encode())
    table = make_plan(file, NOTHING_FIXED).open(file)

    assert table.header == ["id", "name", "text"]
    assert [row[1] for row in rows_of(table) if not isinstance(row, UnreadableRow)] == [
        ["1", "x", letter],
        ["2", "y", letter],
    ]


def test_blanks_before_delimiters_are_none_of_the_values() -> None:
    assert read("city |county |country \n" + "Ayr |Ayrshire |Scotland \n" * 3) == ["Ayr"] * 3


@pytest.mark.parametrize("text", ['{"city":{"0":"Ayr","1":"Bath"},"county":{"0":"x","1":"y"}}', '{"city":["Ayr"]}'])
def test_one_object_of_columns_is_no_row(text: str) -> None:
    with pytest.raises(FileRefused, match="one object of columns") as caught:
        read(text)
    assert caught.value.code == "format-error"
