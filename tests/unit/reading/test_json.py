import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES, Readable
from shared.reading.json.records import JsonRecords, NdjsonRecords, json_layout
from shared.reading.table_rows import rows_of
from tests.support.formats import Trickle, codes_of
from tests.support.hostile import HOSTILE_STRINGS

MIB = 1 << 20
#: Pieces that meet at the edges of blocks in every way that matters.
PIECES = ["[", "]", "{", "}", '{"a":', '"', "\\", ",", ":", "1", " ", "\n", '{"a":1}', '{"a":"}"}', "é", "null"]


def read(text: str | bytes, **limits: Any) -> JsonRecords:
    return JsonRecords(io.BytesIO(text if isinstance(text, bytes) else text.encode()), **limits)


def read_lines(text: str | bytes, **limits: Any) -> NdjsonRecords:
    return NdjsonRecords(io.BytesIO(text if isinstance(text, bytes) else text.encode()), **limits)


def refusal(action: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(FileRefused) as caught:
        action()
    return caught.value.code, str(caught.value)


def test_values_come_as_they_are_written() -> None:
    source = read(
        '[{"text": "a\\u00e9\\n", "number": 1.10, "large": 123456789012345678901234567890, "small": -0.0, "e": 1E5,'
        ' "yes": true, "no": false, "nothing": null, "list": [1, "\\u00e9", null], "object": {"a": {"b": 1.50}}}]'
    )

    nested = ['[1,"é",null]', '{"a":{"b":1.50}}']
    assert source.header == ["text", "number", "large", "small", "e", "yes", "no", "nothing", "list", "object"]
    assert list(source) == [
        (
            1,
            ["aé\n", "1.10", "123456789012345678901234567890", "-0.0", "1E5", "true", "false", "", *nested],
        )
    ]


def test_columns_are_those_of_the_first_objects_and_a_missing_one_is_empty() -> None:
    source = read('[{"b": 1}, {"a": 2, "b": 3}, {}]')

    assert source.header == ["b", "a"]
    assert list(source) == [(1, ["1", ""]), (2, ["3", "2"]), (3, ["", ""])]


@pytest.mark.parametrize("read_text", [read, lambda text: read_lines(text.strip("[]").replace("}, ", "}\n"))])
def test_a_name_that_comes_late_makes_its_row_unreadable(read_text: Callable[[str], JsonRecords]) -> None:
    objects = ", ".join(['{"a": 1}'] * 1000 + ['{"a": 1, "late": 2}', '{"a": 3}'])

    source = read_text(f"[{objects}]")

    *_, late, last = source
    assert late == UnreadableRow(
        line=1001,
        code="extra-cell",
        message="the row has a value for 'late', a name that none of the first rows has",
        raw='{"a": 1, "late": 2}' + ("\n" if isinstance(source, NdjsonRecords) else ""),
    )
    assert last == (1002, ["3"])


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ('{"a": 1, "a": 2}', "the row has 'a' more than once"),
        ('{"a": {"b": 1, "b": 2}}', "the row has 'b' more than once"),
        ('{"a": 1,}', "the row is not JSON: Expecting property name enclosed in double quotes at its character 9"),
        ('{"a": 01}', "the row is not JSON: Expecting ',' delimiter at its character 8"),
        ("{'a': 1}", "the row is not JSON: Expecting property name enclosed in double quotes at its character 2"),
        ('{"a": NaN}', "the row has NaN, which JSON does not allow; write null or a string"),
        ("[1]", 'the row is not an object; expected names with values, as in {"city": "Derry"}'),
        ("7", 'the row is not an object; expected names with values, as in {"city": "Derry"}'),
        ('{"a": ' + "[" * 101 + "]" * 101 + "}", "the row is nested more than 100 levels deep"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "the row is nested more than 100 levels deep"),
    ],
)
def test_a_bad_object_faults_its_row_alone(element: str, message: str) -> None:
    fault = {"line": 2, "code": "source-error", "message": message}

    assert list(read(f'[{{"a": 1}}, {element}, {{"a": 3}}]')) == [
        (1, ["1"]),
        UnreadableRow(**fault, raw=element),  # type: ignore[arg-type]
        (3, ["3"]),
    ]
    assert list(read_lines(f'{{"a": 1}}\n{element}\n{{"a": 3}}')) == [
        (1, ["1"]),
        UnreadableRow(**fault, raw=f"{element}\n"),  # type: ignore[arg-type]
        (3, ["3"]),
    ]


@pytest.mark.parametrize("value", [b'"\xff"', b'"\\ud800"', b'"\\udfff!"'])
def test_what_is_not_unicode_faults_its_row_alone(value: bytes) -> None:
    data = b'[{"a": ' + value + b'}, {"a": "\\ud83d\\ude00"}]'

    fault, good = rows_of(read(data))

    assert isinstance(fault, UnreadableRow)
    assert fault.code == "encoding-error"
    assert "\ufffd" in fault.raw
    assert good == (2, ["😀"])


@pytest.mark.parametrize("length", [0, 1, 1000])
def test_a_row_that_is_too_large_faults_itself_alone(length: int) -> None:
    large = json.dumps({"a": "x" * 60 + ']}\\"' * length})

    assert codes_of(read(f'[{{"a": 1}}, {large}, {{"a": 3}}]', max_row_bytes=50)) == [
        (1, ["1"]),
        (2, "row-too-large"),
        (3, ["3"]),
    ]
    assert codes_of(read_lines(f'{{"a": 1}}\n{large}\n{{"a": 3}}', max_row_bytes=50)) == [
        (1, ["1"]),
        (2, "row-too-large"),
        (3, ["3"]),
    ]


def test_lines_without_anything_count_but_are_no_rows() -> None:
    assert list(read_lines('\r\n{"a": 1}\r\n\r\n{"a": 2}')) == [(2, ["1"]), (4, ["2"])]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_no_part_of_the_text(mark: bytes) -> None:
    assert list(read(mark + b'[{"a": 1}]')) == [(1, ["1"])]
    assert list(read_lines(mark + b'{"a": 1}')) == [(1, ["1"])]


def test_the_one_list_of_objects_in_an_object_is_read() -> None:
    text = '{"count": 2, "x": "[{", "tags": ["a", [{}]], "none": [], "rows": [{"a": 1}, {"a": 2}], "meta": {"y": [1]}}'

    assert list(read(text)) == [(1, ["1"]), (2, ["2"])]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("", "blank-header", "the file has no objects"),
        ("[]", "blank-header", "the file has no objects"),
        ("[1, 2]", "format-error", "the file is not a list of objects; at 1: the row is not an object"),
        ("[{}]", "format-error", "the file is not a list of objects; its objects are empty"),
        ('{"a": 1}', "format-error", "the file is one object without a list of objects"),
        ("{}", "format-error", "the file is one object without a list of objects"),
        ('{"a": [{"b": 1}], "c": [{"d": 1}]}', "format-error", 'two lists of objects, "a" and "c"'),
        ('[{"a": 1} {"a": 2}]', "format-error", "the JSON is broken at byte 11: found '{'; expected , or ]"),
        ('[{"a": 1},]', "format-error", "the JSON is broken at byte 11: found ']'; expected a value"),
        ('[{"a": 1}] 7', "format-error", "there is text after the end of the JSON"),
        ('[{"a": 1}', "truncated-file", "the JSON ends before it is closed"),
        ('[{"a": "', "truncated-file", "the JSON ends before it is closed"),
        ('{"rows": [{"a": 1}]', "truncated-file", "the JSON ends before it is closed"),
        ("hello", "format-error", "found 'h'; expected {"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(text: str, code: str, message: str) -> None:
    found_code, found_message = refusal(lambda: list(read(text)))

    assert found_code == code
    assert message in found_message


def test_a_last_line_that_breaks_off_is_refused_and_one_that_ends_is_a_bad_row() -> None:
    assert refusal(lambda: list(read_lines('{"a": 1}\n{"a": 2')))[0] == "truncated-file"
    assert codes_of(read_lines('{"a": 1}\n{"a": 2\n')) == [(1, ["1"]), (2, "source-error")]


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("", None),
        ("city,country\n", None),
        (' \n[{"a": 1}]', "json"),
        ('\ufeff{"a": 1}\n{"a": 2}\n', "ndjson"),
        ('{"a": 1,\r\n{"a": 2}\r\n', "ndjson"),
        ('{"a": 1}\n', "ndjson"),
        ('{"rows": [{"a": 1}]}\n', "json"),
        ('{"rows": [{"a": 1}, {"a": 2', "json"),
        ('{\n  "rows": [\n', "json"),
        ('{"count": 2, "rows": [\n{"a": 1},\n{"a": 2}\n]}\n', "json"),
        ('{"count": 2, "rows": [{"a": 1},\n{"a": 2}]}\n', "json"),
        ('{"rows": [{"a": 1}]}\n{"rows": [{"a": 2}]}\n', "ndjson"),
    ],
)
def test_the_layout_is_told_by_the_beginning(text: str, layout: str | None) -> None:
    assert json_layout(text.encode()) == layout


def test_hostile_strings_read_back() -> None:
    objects = [{"a": text, "b": f"{text}{text}"} for text in HOSTILE_STRINGS]
    expected = [[text, f"{text}{text}"] for text in HOSTILE_STRINGS]

    assert [cells for _, cells in read(json.dumps(objects))] == expected  # type: ignore[misc]
    lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in objects)
    assert [cells for _, cells in read_lines(lines)] == expected  # type: ignore[misc]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.integers(1, 9), st.integers(1, 30))
def test_any_text_is_the_same_for_all_blocks(text: str, block_bytes: int, longest: int) -> None:
    data = f'[{{"a":0}},{text}'.encode()

    def outcome(file: Readable, **options: Any) -> object:
        try:
            source = JsonRecords(file, max_row_bytes=longest, **options)
            return list(source), source.header, source.bytes_read
        except FileRefused as error:
            return error.code, str(error)

    assert outcome(Trickle(data, 3), block_bytes=block_bytes) == outcome(io.BytesIO(data))


class Endless:
    """Gives a beginning, then the same piece again and again, and the end at last."""

    def __init__(self, begin: bytes, piece: bytes, size_bytes: int, end: bytes) -> None:
        self._parts = self._all(begin, piece * (64 * 1024 // len(piece)), size_bytes, end)

    def _all(self, begin: bytes, block: bytes, size_bytes: int, end: bytes) -> Iterator[bytes]:
        yield begin
        for _ in range(size_bytes // len(block)):
            yield block
        yield end

    def read(self, _size_bytes: int, /) -> bytes:
        return next(self._parts, b"")


@pytest.mark.parametrize("piece", [b"[", b'{"a":', b"9", b'\\"', b"x"])
def test_a_huge_value_is_skipped_in_bounded_memory(piece: bytes) -> None:
    begin = {b"9": b"1", b"x": b'{"a": "', b'\\"': b'{"a": "'}.get(piece, b"")
    end = {b"x": b'"}, {"a": 2}]', b'\\"': b'"}, {"a": 2}]', b"9": b', {"a": 2}]'}.get(piece, b"")
    file = Endless(b'[{"a": 1}, ' + begin, piece, MIB + 64 * 1024, end)
    tracemalloc.start()

    try:
        codes: object = codes_of(JsonRecords(file))
    except FileRefused as error:
        codes = error.code

    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes == ([(1, ["1"]), (2, "row-too-large"), (3, ["2"])] if end else "truncated-file")
    assert peak_bytes < 8 * MAX_ROW_BYTES
