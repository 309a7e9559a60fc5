"""Beside DuckDB's reader and CleverCSV: ours is right, and in what they differ is known and explained."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from verification.corpus.cases import Answer, Case
from verification.corpus.differences import Difference, difference
from verification.corpus.generated import generated
from verification.corpus.measures import mean, score
from verification.corpus.reading import read
from verification.corpus.rivals import read_by_clevercsv, read_by_duckdb

FILES = [generated(seed) for seed in range(120)]
DOCUMENT = Path(__file__).parents[3] / "docs/reading.md"
EXPLAINED = [kind for kind in Difference if kind not in (Difference.SAME, Difference.UNKNOWN)]


@pytest.mark.parametrize("case", FILES, ids=lambda case: case.name)
def test_generated_files_are_read_right(case: Case) -> None:
    assert read(case.content) == case.answer


@pytest.mark.parametrize("reader", [read_by_duckdb, read_by_clevercsv])
def test_every_difference_is_of_a_known_class(reader: Callable[[bytes], Answer | None]) -> None:
    found = {case.name: difference(reader(case.content), case.answer) for case in FILES}

    assert [name for name, kind in found.items() if kind == Difference.UNKNOWN] == []
    assert len(Counter(found.values())) > 3


@pytest.mark.parametrize("kind", EXPLAINED)
def test_every_class_is_explained(kind: Difference) -> None:
    assert f"**{kind}**" in DOCUMENT.read_text().lower()


def test_a_difference_of_no_known_class_is_found() -> None:
    right = Answer(header=["a", "b"], rows=[["1", "2"], ["3", "4"]])
    wrong = Answer(header=["a", "b"], rows=[["1", "2"], ["3", "5"]])

    assert difference(wrong, right) == Difference.UNKNOWN
    assert difference(right, right) == Difference.SAME


def test_the_measures_are_those_of_sets_with_counts() -> None:
    right = Answer(header=["a", "b"], rows=[["1", "2"], ["1", "2"]])
    found = Answer(header=["a", "c"], rows=[["1", "2"], ["1", "3"], ["4"]])
    measured = mean([score(found, right)])

    assert measured.header == (0.5, 0.5)
    assert measured.records == (1 / 3, 0.5)
    assert measured.cells == (3 / 5, 3 / 4)
    assert score(None, right).success == 0.0
