"""Quoted values that are larger than a row may be, in files whose rows look like the lines of such a value."""

from io import BytesIO

import pytest

from shared.model.datasets import NOTHING_FIXED
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.detector import make_plan
from shared.reading.table_rows import rows_of


@pytest.mark.parametrize(
    ("above", "value", "below"),
    [
        pytest.param("subject,body\n", 'Hello,"{}"\n', "Bye,ok\n", id="right below the header"),
        pytest.param("id;text;n\n1;a;4\n", '2;"{}";5\n', "3;c;6\n", id="another delimiter"),
        pytest.param("id,text\n1,a\n", '2,"{}"\n', "3,c\n", id="short lines"),
        pytest.param("id,text\n" + "1,a\n" * 20_000, '2,"{}"\n', "3,c\n", id="behind the sample"),
        pytest.param("id\ttext\n1\ta\n", '"{}"\t2\n', "3\tc\n", id="the first value"),
        pytest.param("id,text\n1,a\n", '2,"{}"\n', "", id="the last row"),
    ],
)
@pytest.mark.parametrize("line", ["some text, and more", "lorem; ipsum; dolor", 'he said ""7,8"", then', "1\tabc"])
def test_a_value_that_is_too_large_is_one_reject(above: str, value: str, below: str, line: str) -> None:
    many = MAX_ROW_BYTES // len(line)
    delimiter = next(sign for sign in ",;\t" if sign in above)
    file = BytesIO((above + value.format(f"\n{line}" * many) + below).encode())
    table = make_plan(file, NOTHING_FIXED).open(file)

    found = list(rows_of(table))
    rejects = [row for row in found if isinstance(row, UnreadableRow)]
    first_line = above.count("\n") + 1
    assert table.header == above.split("\n", maxsplit=1)[0].split(delimiter)
    assert [(row.line, row.code) for row in rejects] == [(first_line, "row-too-large")]
    assert len(found) == above.count("\n") + bool(below)
    assert rejects[0].message.endswith(f"it extends to line {first_line + many}")
