import errno
import io
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.magic import OLE_MAGIC
from shared.reading.detector import make_plan
from shared.reading.excel.records import ExcelRecords
from shared.reading.excel.sheet import refusing_damage
from tests.support.formats import codes_of, workbook, zipped

MIB = 1 << 20
SHEET = "xl/worksheets/sheet1.xml"
TABLE = workbook([["city", "country"], ["Derry", "Northern Ireland"]])


def read(
    data: bytes, sheet: str | None = None, *, skip_lines: int | None = None, expected: Collection[str] = ()
) -> ExcelRecords:
    return ExcelRecords(io.BytesIO(data), DecompressionLimit(), sheet, skip_lines=skip_lines, expected=expected)


def refusal(action: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(FileRefused) as caught:
        action()
    return caught.value.code, str(caught.value)


def with_part(data: bytes, name: str, edit: Callable[[bytes], bytes]) -> bytes:
    """Change a part of a workbook, or add it."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in {*old.namelist(), name}:
            content = old.read(part) if part in old.namelist() else b""
            new.writestr(part, edit(content) if part == name else content)
    return file.getvalue()


def ole_file(*streams: str) -> bytes:
    """An OLE file with one sector for its allocation table, and one for each four entries of its directory."""
    names = ["Root Entry", *streams]
    entries = [name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2) for name in names]
    directory = b"".join(entry.ljust(128, b"\0") for entry in entries)
    sectors = -(-len(directory) // 512)
    chain = [*range(2, sectors + 1), 0xFFFFFFFE]
    header = OLE_MAGIC.ljust(30, b"\0") + struct.pack("<H", 9)
    header = header.ljust(48, b"\0") + struct.pack("<I", 1)
    header = header.ljust(76, b"\0") + struct.pack("<I", 0)
    table = struct.pack(f"<{1 + len(chain)}I", 0xFFFFFFFD, *chain)
    return header.ljust(512, b"\xff") + table.ljust(512, b"\xff") + directory.ljust(512 * sectors, b"\0")


def with_sheet_rows(rows: bytes) -> bytes:
    def edit(sheet: bytes) -> bytes:
        return re.sub(rb"<sheetData>.*</sheetData>", lambda _: b"<sheetData>" + rows + b"</sheetData>", sheet)

    return with_part(TABLE, SHEET, edit)


def test_cells_come_as_a_csv_file_would_have_them() -> None:
    moment = datetime(2024, 5, 31, 14, 3)  # noqa: DTZ001 - cells have no zone
    midnight = datetime(1984, 12, 31)  # noqa: DTZ001
    names = ["int", "whole", "float", "small", "large", "yes", "day", "date", "moment", "time", "long", "text", "none"]
    row = [7, 7.0, 0.1, 1e-7, 1e22, True, midnight, date(1984, 12, 31), moment, time(9, 30), timedelta(hours=27)]

    [record] = read(workbook([names, [*row, " é\n", None]]))

    expected = ["7", "7", "0.1", "0.0000001", "10000000000000000000000", "true", "1984-12-31", "1984-12-31"]
    assert record == (2, [*expected, "2024-05-31T14:03:00", "09:30:00", "27:00:00", " é\n", ""])


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("line1_x000D_\nline2", "line1\r\nline2"),
        ("_x005F_x000D_", "_x000D_"),
        ("a_x0041_b_x0009_", "aAb\t"),
        ("_x000d__x000A_", "\r\n"),
        ("_xD83D__xDE00_", "\U0001f600"),
        ("_x00_ _x000G_ x000D_ _X000D_ _x000D", "_x00_ _x000G_ x000D_ _X000D_ _x000D"),
        ("_x0041_x0042_", "Ax0042_"),
        ("snow_x2603_man", "snow\u2603man"),
    ],
)
def test_characters_that_xml_escapes_are_themselves(written: str, text: str) -> None:
    in_line = f'<row r="2"><c r="A2" t="inlineStr"><is><t>{written}</t></is></c></row>'.encode()
    header = b'<row r="1"><c r="A1" t="inlineStr"><is><t>na_x006D_e</t></is></c></row>'

    for source in (read(workbook([["na_x006D_e"], [written]])), read(with_sheet_rows(header + in_line))):
        assert source.header == ["name"]
        assert list(source) == [(2, [text])]


def test_rows_have_their_numbers_in_the_sheet_and_empty_ones_are_none() -> None:
    source = read(workbook([[], [None, "city", "country", ""], [], [None, "Derry"], [], [None, "Ayr", "Scotland"], []]))

    assert source.header == ["city", "country"]
    assert list(source) == [(4, ["Derry", ""]), (6, ["Ayr", "Scotland"])]


def test_titles_above_the_header_are_none_of_the_table() -> None:
    source = read(workbook([["Places of birth"], ["as of May"], ["city", "country"], ["Derry"]]))

    assert source.header == ["city", "country"]
    assert list(source) == [(4, ["Derry", ""])]


def test_notes_of_two_values_above_the_header_are_none_of_the_table() -> None:
    notes = [["Report:", "Places of birth"], ["As of:", "2024-05-31"], []]
    rows = [[f"city {number}", f"county {number % 3}", "Scotland", number] for number in range(9)]
    source = read(workbook([*notes, ["city", "county", "country", "people"], *rows]))

    assert source.header == ["city", "county", "country", "people"]
    assert len(list(source)) == len(rows)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            [["Sales report"], ["Created", date(2024, 1, 1)], [], ["Item", "Qty", "Price"]], id="three columns"
        ),
        pytest.param([["Customer:", "ACME"], ["Period:", "2024-01"], [], ["Item", "Qty"]], id="as wide as the table"),
        pytest.param([["Stock", 7], [], ["Code", "Name", "Count"]], id="one note"),
        pytest.param([[], ["a", 1], ["b", 2], ["c", 3], [], [], ["Name", "Year"]], id="three notes, blank rows around"),
        pytest.param([["North"], ["Open", "Closed"], [], ["Day", "In", "Out", "Sum"]], id="names above names"),
    ],
)
def test_notes_that_a_blank_row_sets_apart_are_none_of_the_table(rows: list[list[object]]) -> None:
    header = rows[-1]
    below = [[f"Item {number}", *range(number, number + len(header) - 1)] for number in range(8)]

    records = read(workbook([*rows, *below]))

    assert records.header == header
    assert [cells[0] for _, cells in _good(records)] == [row[0] for row in below]


def test_a_blank_row_in_the_middle_of_a_table_begins_no_other() -> None:
    rows = [["c", number] for number in range(20)]
    table: list[list[object]] = [["Item", "Qty"], ["a", 1], ["b", 2], [], *rows, ["d", None]]

    assert read(workbook(table)).header == ["Item", "Qty"]


@pytest.mark.parametrize(
    ("rows", "doubt"),
    [
        pytest.param([[n, f"n{n}", n / 4] for n in range(1, 5)], "looks like a row", id="no header"),
        pytest.param([["Ann", 5, date(2024, 1, 1)], ["Bob", 7, date(2024, 2, 1)]], "looks like a row", id="two rows"),
        pytest.param(
            [["Stock"], ["Day:", "2024-05-31"], ["id", "name", "count"], [1, "Ann", 3], [2, "Bo", 4]],
            "outside the columns",
            id="titles right above",
        ),
    ],
)
def test_a_header_that_may_be_none_refuses_a_workbook(rows: list[list[object]], doubt: str) -> None:
    plan = make_plan(io.BytesIO(workbook(rows)), NOTHING_FIXED)

    assert plan.confidence < 0.55
    assert doubt in (plan.refusal or "")
    assert make_plan(io.BytesIO(workbook(rows)), ReadSettings(skip_lines=len(rows) - 2)).refusal is None


@pytest.mark.parametrize(
    "header",
    [["country", 2019, 2020, 2021], ["id", "name", "sum", "note"], [None, "name", "sum", "note"], ["hour", 0, 1, 2, 3]],
)
def test_numbers_and_blanks_may_be_names_in_a_workbook(header: list[object]) -> None:
    rows = [
        [place, f"n{place}", 2.5, 3] if "name" in header else ["Ayr", 7, 2.5, 3, *[4] * (len(header) - 4)]
        for place in range(1, 5)
    ]

    assert make_plan(io.BytesIO(workbook([header, *rows])), NOTHING_FIXED).refusal is None


def test_a_header_with_declared_names_is_not_in_doubt() -> None:
    content = workbook([["1", "2"], [1, 2], [3, 4]])

    assert make_plan(io.BytesIO(content), NOTHING_FIXED).refusal is not None
    assert make_plan(io.BytesIO(content), NOTHING_FIXED, expected=("1", "2")).refusal is None


def _good(records: ExcelRecords) -> list[tuple[int, list[str]]]:
    return [record for record in records if not isinstance(record, UnreadableRow)]


def test_a_header_that_lacks_names_is_above_the_first_row_of_values() -> None:
    for last in ("z", 5):
        source = read(workbook([["city", "county"], *([f"city {number}", "x", "y", last] for number in range(9))]))

        assert source.header == ["city", "county"]


def test_a_table_of_one_column_begins_with_its_first_value() -> None:
    source = read(workbook([["city"], *([f"city {number}"] for number in range(40))]))

    assert source.header == ["city"]
    assert list(source) == [(number + 2, [f"city {number}"]) for number in range(40)]


def test_numbers_of_rows_need_no_name() -> None:
    source = read(workbook([[None, "city", "country"], ["0", "Derry", "NI"], ["1", "Ayr", "Scotland"], [None, "Bute"]]))
    assert source.header == ["city", "country"]

    source = read(workbook([[None, "city", "country"], ["0", "Derry", "NI"], ["1", "Ayr", "Scotland"]]))
    assert source.header == ["", "city", "country"]
    assert list(source) == [(2, ["0", "Derry", "NI"]), (3, ["1", "Ayr", "Scotland"])]


def test_one_column_beside_the_numbers_of_rows_has_its_name() -> None:
    source = read(workbook([[None, "share"], [0, 3.5], [1, 4.5]]))

    assert source.header == ["", "share"]
    assert list(source) == [(2, ["0", "3.5"]), (3, ["1", "4.5"])]


def test_values_beside_the_table_and_errors_fault_their_row_alone() -> None:
    rows: list[list[object]] = [
        [None, "city", "country"],
        ["note", "Derry", "NI"],
        [None, "Ayr", "Scotland", 5],
        [None, "#N/A", "x"],
    ]
    source = read(workbook([*rows, [None, "Bute", "Scotland"]]))

    assert list(source) == [
        UnreadableRow(
            line=2,
            code="extra-cell",
            message="the row has 'note' in column A, which has no header",
            raw="Derry,NI",
        ),
        UnreadableRow(
            line=3,
            code="extra-cell",
            message="the row has '5' in column D, which has no header",
            raw="Ayr,Scotland",
        ),
        UnreadableRow(
            line=4,
            code="type-error",
            message="city: the cell shows the error #N/A; expected a value",
            raw="#N/A,x",
        ),
        (5, ["Bute", "Scotland"]),
    ]


def three_sheets(last: Sequence[str] = ("a", "b")) -> bytes:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.append(["hidden", "sheet"])
    first.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.create_sheet("Data").append(["city", "country"])
    book.create_sheet("More").append(list(last))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_expected_names_say_which_row_is_the_header_and_which_sheet_is_meant() -> None:
    title = [["Places of birth", "of all people"], ["Printed:", "today", "by us"]]
    table = workbook([*title, ["city", "country"], ["Derry", "Ireland"]])

    assert list(read(table, expected=("city", "country"))) == [(4, ["Derry", "Ireland"])]
    assert read(three_sheets(), expected=("a", "b")).header == ["a", "b"]
    code, message = refusal(lambda: read(three_sheets(("city", "country")), expected=("city", "country")))
    assert code == "format-error"
    assert message.startswith("the sheets 'Data' and 'More' have the columns of the dataset; select one with sheet")


def test_rows_above_the_header_may_be_fixed() -> None:
    table = workbook([["x", "y"], ["city", "country"], ["Derry", "Ireland"]])

    assert read(table, skip_lines=1).header == ["city", "country"]
    assert read(table, skip_lines=0).header == ["x", "y"]


def test_the_first_visible_sheet_with_content_is_read_or_the_named_one() -> None:
    assert read(three_sheets()).header == ["city", "country"]
    assert read(three_sheets(), "More").header == ["a", "b"]
    assert refusal(lambda: read(three_sheets(), "Mroe")) == (
        "format-error",
        "the workbook has no sheet 'Mroe'; found: 'Sheet', 'Empty', 'Data', 'More'",
    )


@pytest.mark.parametrize("dimension", [b"A1:XFD1048576", b"A1:A1", b"A1"])
def test_the_size_that_a_sheet_states_is_not_believed(dimension: bytes) -> None:
    data = with_part(TABLE, SHEET, lambda sheet: sheet.replace(b"A1:B2", dimension))
    tracemalloc.start()

    assert list(read(data)) == [(2, ["Derry", "Northern Ireland"])]

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 8 * MIB


LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">%s]><x>&z;</x>' % b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("z") + 1)
)


TYPES = "[Content_Types].xml"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(zipped({TYPES: b"<Types/>", "xl/workbook.bin": b""}), "a binary workbook (.xlsb)", id="xlsb"),
        pytest.param(zipped({TYPES: b"<Types/>", "word/document.xml": b""}), "a text document (.docx)", id="docx"),
        pytest.param(zipped({TYPES: b"<Types/>", "ppt/x.xml": b""}), "a presentation (.pptx)", id="pptx"),
        pytest.param(zipped({TYPES: b"<Types/>", "visio/x.xml": b""}), "a drawing (.vsdx)", id="vsdx"),
        pytest.param(zipped({TYPES: b"<Types/>", "3D/x.model": b""}), "an Office file without a workbook", id="3mf"),
        pytest.param(zipped({"a.txt": b"a"}), "an archive inside an archive", id="zip"),
        pytest.param(ole_file("EncryptedPackage"), "a password-protected file", id="password"),
        pytest.param(ole_file("WordDocument"), "an old text document (.doc)", id="doc"),
        pytest.param(ole_file("A", "B", "C", "D", "Workbook"), "an old workbook (.xls)", id="xls"),
        pytest.param(ole_file("__properties_version1.0"), "an e-mail (.msg)", id="msg"),
        pytest.param(ole_file("Thumbs"), "an OLE file without a table", id="ole"),
        pytest.param(OLE_MAGIC, "an OLE file without a table", id="ole that is cut"),
        pytest.param(OLE_MAGIC + b"\xff" * 2000, "an OLE file without a table", id="ole that is damaged"),
    ],
)
def test_an_office_file_without_a_table_is_refused_by_what_it_is(data: bytes, what: str) -> None:
    expected = f"the file is {what}; expected a table; save it as .xlsx without a password, or as CSV"

    assert refusal(lambda: read(data)) == ("format-error", expected)


def test_only_an_error_of_the_disk_is_one() -> None:
    with pytest.raises(FileRefused), refusing_damage():
        raise OSError("File contains no valid workbook part")
    with pytest.raises(OSError, match="Input/output"), refusing_damage():
        raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"])
def test_entity_bombs_are_refused(part: str) -> None:
    code, message = refusal(lambda: list(read(with_part(TABLE, part, lambda _: LAUGHS))))

    assert code == "format-error"
    assert "entities" in message


@pytest.mark.parametrize(
    ("data", "code", "message"),
    [
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "format-error", "save it as .xlsx", id="xls"),
        pytest.param(workbook([]), "blank-header", "expected a header", id="empty"),
        pytest.param(
            workbook([["a", "b"], [1, "=A2+1"]]), "format-error", "formulas without their results", id="formulas"
        ),
        pytest.param(with_sheet_rows(b'<row r="1">' + b"<c/>" * (2 * MIB)), "row-too-large", "bytes of XML", id="wide"),
        pytest.param(with_sheet_rows(b"<row/>" * 1_100_000), "row-too-large", "1048576 rows", id="many rows"),
        pytest.param(
            with_sheet_rows(b"<row><c t='s'><v>99</v></c></row>"), "format-error", "damaged", id="no such text"
        ),
        pytest.param(
            with_part(TABLE, "xl/styles.xml", lambda _: bytes(17 * MIB)), "compression-bomb", "16", id="a large part"
        ),
        pytest.param(with_part(TABLE, SHEET, lambda _: b" " * 300 * MIB), "compression-bomb", "200 times", id="a bomb"),
        pytest.param(with_part(TABLE, "xl/workbook.xml", lambda _: b"<x/>"), "blank-header", "", id="no sheets"),
    ],
)
def test_what_can_not_be_read_is_refused_in_bounded_memory(data: bytes, code: str, message: str) -> None:
    tracemalloc.start()

    found_code, found_message = refusal(lambda: list(read(data)))

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found_code, message in found_message) == (code, True), found_message
    assert peak_bytes < 32 * MIB


def test_a_row_below_the_last_one_that_a_sheet_can_have_is_refused() -> None:
    data = with_sheet_rows(b'<row r="1"><c r="A1"><v>1</v></c></row><row r="99999999999"/>')

    code, message = refusal(lambda: list(read(data)))

    assert code == "format-error"
    assert "more than 1048576 rows" in message


def with_shared_text(data: bytes, text: bytes) -> bytes:
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    entry = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    data = with_part(data, "[Content_Types].xml", lambda part: part.replace(b"</Types>", entry))
    namespace = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = b'<sst xmlns="%s"><si><t>%s</t></si></sst>' % (namespace, text)
    return with_part(data, "xl/sharedStrings.xml", lambda _: texts)


def test_cells_may_share_their_texts() -> None:
    row = b'<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>'

    source = read(with_shared_text(with_sheet_rows(row * 2), b"Ayr"))

    assert source.header == ["Ayr", "Ayr"]
    assert list(source) == [(2, ["Ayr", "Ayr"])]


def test_a_text_that_very_many_cells_share_is_a_bomb() -> None:
    row = b"<row>" + b'<c t="s"><v>0</v></c>' * 20 + b"</row>"

    data = with_shared_text(with_sheet_rows(row * 200), b"x" * 32_000)

    assert refusal(lambda: codes_of(read(data)))[0] == "compression-bomb"


def test_links_to_other_files_are_not_followed() -> None:
    link = b'<Relationship Id="rId99" Type="http://x/externalLink" Target="file:///etc/passwd" TargetMode="External"/>'
    relations = "xl/_rels/workbook.xml.rels"

    data = with_part(TABLE, relations, lambda part: part.replace(b"</Relationships>", link + b"</Relationships>"))

    assert list(read(data)) == [(2, ["Derry", "Northern Ireland"])]
