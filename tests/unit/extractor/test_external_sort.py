from array import array
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import gettempdir

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.extractor.sorting import external_sort
from services.extractor.sorting.external_sort import ExternalSort
from services.extractor.sorting.key_order import KeyOrder
from shared.extraction.record_blocks import Records

TEXTS = st.lists(st.binary(max_size=8).map(lambda text: text + b"\n"), max_size=30)
RUNS = st.lists(TEXTS, max_size=8)
BY_TEXT = KeyOrder([0])


@pytest.fixture(autouse=True, scope="module")
def small_sizes() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(external_sort, "_BLOCK_BYTES", 16)
        patch.setattr(external_sort, "_WINDOW_BYTES", 40)
        yield


@contextmanager
def sort_of(runs: list[list[bytes]], order: KeyOrder = BY_TEXT) -> Iterator[ExternalSort]:
    """All these, with the lines that they have one after the other."""
    lines = count(2)
    waiting = iter([Records(texts, [next(lines) for _ in texts]) for texts in runs])
    with closing(ExternalSort(Path(gettempdir()), order)) as sort:
        for _ in sort.add(waiting, until_bytes=1 << 30):
            pass
        yield sort


def sorted_windows(runs: list[list[bytes]], order: KeyOrder = BY_TEXT) -> list[list[tuple[bytes, int]]]:
    with sort_of(runs, order) as sort:
        return [list(zip(window.texts, window.lines, strict=True)) for window in sort.windows()]


def in_one(windows: list[list[tuple[bytes, int]]]) -> list[tuple[bytes, int]]:
    return [record for window in windows for record in window]


@given(RUNS)
def test_each_record_comes_once_with_its_line_and_all_in_order(runs: list[list[bytes]]) -> None:
    texts = [text for run in runs for text in run]

    found = in_one(sorted_windows(runs))

    assert [text for text, _ in found] == sorted(texts)
    assert sorted(found, key=lambda record: record[1]) == list(zip(texts, count(2), strict=False))


@given(RUNS)
def test_the_same_runs_give_the_same_windows(runs: list[list[bytes]]) -> None:
    assert sorted_windows(runs) == sorted_windows(runs)


@given(st.lists(st.integers(0, 99).map(lambda number: b"x,%d\n" % number), max_size=60), st.integers(1, 20))
def test_the_order_is_that_of_the_key_wherever_it_stands(texts: list[bytes], run_rows: int) -> None:
    runs = [texts[begin : begin + run_rows] for begin in range(0, len(texts), run_rows)]

    found = in_one(sorted_windows(runs, KeyOrder([1])))

    assert [text for text, _ in found] == sorted(texts)


@given(st.lists(st.sampled_from([b"same key,1\n", b"same key,2\n"]), min_size=200, max_size=200), st.integers(0, 1))
def test_windows_are_small_even_if_all_keys_are_the_same(texts: list[bytes], place: int) -> None:
    """G8 Memory is bounded: a window is what is read at a time, and a block of each run."""
    runs = [texts[begin : begin + 20] for begin in range(0, 200, 20)]

    windows = sorted_windows(runs, KeyOrder([place]))

    most_bytes = 40 + (len(runs) + 1) * (16 + len(texts[0]))
    assert max(sum(len(text) for text, _ in window) for window in windows) <= most_bytes
    assert len(in_one(windows)) == 200


def test_long_beginnings_that_are_the_same_do_not_make_windows_larger() -> None:
    """Of keys that differ behind what is looked at, the order is that of the runs: near enough."""
    texts = [b"%s%03d\n" % (b"x" * 250, number) for number in range(100)]

    windows = sorted_windows([texts[begin : begin + 10] for begin in range(0, 100, 10)])

    assert max(len(window) for window in windows) < 20
    assert sorted(in_one(windows)) == list(zip(texts, count(2), strict=False))


def test_lines_beyond_32_bits_are_kept() -> None:
    with closing(ExternalSort(Path(gettempdir()), BY_TEXT)) as sort:
        next(sort.add(iter([Records([b"b\n", b"a\n"], array("q", [1 << 40, 1 << 50]))]), until_bytes=1))

        assert [list(window.lines) for window in sort.windows()] == [[1 << 50, 1 << 40]]
