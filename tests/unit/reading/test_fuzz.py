"""A little of `make fuzz`: nothing but a refusal comes out, and each line of a file is accounted for."""

from collections import Counter
from io import BytesIO

import pytest

from shared.model.datasets import NOTHING_FIXED
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.table_rows import rows_of
from verification.corpus.accounts import Found, faults_of
from verification.corpus.fuzz import contents_of_corpus, try_seed

SEEDS = range(4000)


# The copy of a compressed sheet is closed when its reader is forgotten.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_files_that_nobody_meant_are_read_or_refused() -> None:
    contents = contents_of_corpus()

    outcomes = Counter(try_seed(contents, seed) for seed in SEEDS)

    assert outcomes["read"] > 2000
    assert len(outcomes) > 4


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('a;b;c\n1;2;3\n4;5;6\n(one remark)\n"never;7;8\n', [2, 3, 4, 5]),
        ('a;b;c\n1;2;3\n"4;5;6\n(one remark)\n', [2, 3]),
        ('a;b;c\n1;2;3\n4;5;6\n(one remark)\n"7"x;8;9\n(another remark)\n', [2, 3, 4, 5]),
        ('a;b;c\n1;2;3\n4;5;6\n"\n"\n', [2, 3, 4]),
        ('Report\nof a day\na;b;c\n1;2;3\n"4;5;6\n7;8;9\n', [4, 5, 6]),
    ],
)  # fmt: skip
def test_what_can_not_be_read_is_part_of_no_footer(text: str, lines: list[int]) -> None:
    plan = make_plan(BytesIO(text.encode()), NOTHING_FIXED)
    table = plan.open(BytesIO(text.encode()))
    found = list(rows_of(table))
    rejects = sum(not isinstance(each, tuple) for each in found)

    assert [each[0] if isinstance(each, tuple) else each.line for each in found] == lines
    account = LineAccount.of(table, rows=len(found) - rejects, rejects=rejects)
    assert faults_of(text.encode(), plan, found, account) == []


def test_a_line_that_is_lost_or_comes_twice_is_noticed() -> None:
    content = b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n"
    plan = make_plan(BytesIO(content), NOTHING_FIXED)
    table = plan.open(BytesIO(content))
    first, second, third = rows_of(table)

    def faults(*found: Found) -> list[str]:
        return faults_of(content, plan, [*found], LineAccount.of(table, rows=3, rejects=0))

    assert faults(first, second, third) == []
    assert faults(first, second) == ["2 records, not 3"]
    assert faults(first, (2, ["x"]), third) == ["line 2 is twice in a record"]
    assert faults_of(content, plan, [first, third], LineAccount.of(table, rows=2, rejects=0)) != []
