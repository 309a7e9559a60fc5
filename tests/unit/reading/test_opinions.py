"""Beside DuckDB, CleverCSV and pandas: each disagreement about the number of rows has a known reason."""

import pytest

from verification.corpus import trouble
from verification.corpus.cases import Answer, Case
from verification.corpus.differences import Difference
from verification.corpus.opinions import READERS, Opinions, opinions_on, opinions_on_seed, table
from verification.corpus.trouble import Known

_SEEDS_AT_ONCE = 40
#: Files of which we read another number of rows than is right: what is no row in them looks like one.
_WRONG = frozenset(["layout 1", "layout 15", "layout 42", "layout 91", "layout 150"])
#: In each hundred files, so many are refused as in doubt at the most.
_MAX_REFUSED = 20
_WRONG_OF_SENDERS = frozenset(["60b-error-line-four-columns.csv"])


@pytest.mark.parametrize("begin", range(0, 200, _SEEDS_AT_ONCE))
def test_generated_files_are_disputed_for_known_reasons_and_read_right(begin: int) -> None:
    found = [each for seed in range(begin, begin + _SEEDS_AT_ONCE) for each in opinions_on_seed(seed)]

    assert _unexplained(found) == []
    assert _wrong(found) <= _WRONG
    assert sum(each.kinds["Inflow"] == Difference.GIVEN_UP for each in found) <= len(found) * _MAX_REFUSED / 100


def test_files_of_senders_are_disputed_for_known_reasons_and_read_right() -> None:
    found = [*map(opinions_on, trouble.cases())]

    assert _unexplained(found) == []
    assert _wrong(found) <= _WRONG_OF_SENDERS


@pytest.mark.parametrize("known", trouble.known_files(), ids=lambda known: known.name)
def test_files_of_senders_have_the_known_number_of_rows(known: Known) -> None:
    assert known.rows is None or len(known.answer.rows) == known.rows


def test_a_reader_that_has_other_rows_is_counted_by_kind_and_the_right_one_is_named() -> None:
    right = Answer(header=["a", "b"], rows=[["1", "2"], ["3", "4"]])
    opinions = opinions_on(Case(name="a title", content=b"Title\n\na,b\n1,2\n3,4\n", answer=right))
    lines = [*table([opinions])]

    assert opinions.kinds["Inflow"] == Difference.SAME
    assert opinions.kinds["CleverCSV"] == Difference.HEADER_A_ROW
    assert lines[0] == "1 files; not all readers have the right number of rows: 1"
    assert next(line for line in lines if line.startswith(Difference.HEADER_A_ROW)).endswith("Inflow (100%)")


def test_a_disagreement_of_no_kind_and_one_that_is_ours_are_found() -> None:
    unknown = Opinions("x", dict.fromkeys(READERS, Difference.UNKNOWN))

    assert _unexplained([unknown]) == [("x", name) for name in READERS]
    assert _wrong([unknown]) == {"x"}


def _unexplained(found: list[Opinions]) -> list[tuple[str, str]]:
    return [(each.name, name) for each in found for name, kind in each.kinds.items() if kind == Difference.UNKNOWN]


def _wrong(found: list[Opinions]) -> set[str]:
    """A file that is refused asks a person, and gives no wrong number."""
    return {each.name for each in found if each.kinds["Inflow"] not in (Difference.SAME, Difference.GIVEN_UP)}
