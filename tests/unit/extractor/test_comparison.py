import io
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extractor.comparing.comparison import Comparison, FileDifference
from shared.extraction.record_blocks import Incomparable, read_blocks

HEADER = b"name\n"
ROWS = st.lists(st.sampled_from([b"%d\n" % number for number in range(12)]), unique=True)


def compare(
    file: bytes, base: bytes, *, rejected_lines: Iterable[int] = (), block_bytes: int = 1 << 20
) -> FileDifference:
    sides = (read_blocks(io.BytesIO(text), block_bytes=block_bytes) for text in (file, base))
    comparison = Comparison(*sides, rejected_lines=frozenset(rejected_lines))
    for _ in comparison.run():
        pass
    return comparison.difference


@given(ROWS, ROWS, st.integers(1, 12))
def test_a_difference_is_what_one_side_has_alone(file: list[bytes], base: list[bytes], size: int) -> None:
    found = compare(HEADER + b"".join(file), HEADER + b"".join(base), block_bytes=size)

    assert found.header == HEADER
    assert found.changed == {row: line for line, row in enumerate(file, start=2) if row not in base}
    assert found.removed == set(base) - set(file)
    assert found.unchanged_count == len(set(file) & set(base))


@given(ROWS, st.sets(st.integers(2, 8)), st.integers(1, 12))
def test_rows_that_the_base_had_rejected_count_as_changed(rows: list[bytes], rejected: set[int], size: int) -> None:
    text = HEADER + b"".join(rows)

    found = compare(text, text, rejected_lines=rejected, block_bytes=size)

    assert set(found.changed.values()) == {line for line in rejected if line < len(rows) + 2}
    assert not found.removed


@pytest.mark.parametrize(
    ("file", "base"),
    [
        pytest.param(b"name,born\nAnn,1\n", b"born,name\nAnn,1\n", id="other headers"),
        pytest.param(b"", b"name\n", id="an empty file"),
        pytest.param(b"name\nAnn\nAnn\n", b"name\nBen\n", id="a new row twice"),
        pytest.param(b'name\n5",x\nBen\n6",y\n', b'name\n5",x\nBen\n6",y\n', id="quotes that are none"),
        pytest.param(b'name\n"a" b\n', b'name\n"a" b\n', id="text behind a quote"),
    ],
)
def test_some_files_can_not_be_compared(file: bytes, base: bytes) -> None:
    with pytest.raises(Incomparable):
        compare(file, base)


def test_too_many_differences_are_given_up() -> None:
    rows = b"".join(b"%0200d\n" % number for number in range(150_000))

    with pytest.raises(Incomparable, match="too much"):
        compare(HEADER + rows, HEADER)
