"""A little of `make fuzz`: nothing but a refusal comes out, and each line of a file is accounted for."""

from collections import Counter
from io import BytesIO

import pytest

from shared.datasets import NOTHING_FIXED
from shared.reader.rows_of import rows_of
from shared.reader.survey import make_plan
from tests.corpus.accounts import lines_doubled, lines_unaccounted
from tests.corpus.fuzz import contents_of_corpus, try_seed

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
    found = list(rows_of(plan.open(BytesIO(text.encode()))))

    assert [each[0] if isinstance(each, tuple) else each.line for each in found] == lines
    assert lines_unaccounted(text.encode(), plan, found) == []


def test_a_line_that_is_lost_or_comes_twice_is_noticed() -> None:
    content = b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n"
    plan = make_plan(BytesIO(content), NOTHING_FIXED)
    first, second, third = rows_of(plan.open(BytesIO(content)))

    assert lines_unaccounted(content, plan, [first, third]) == [3]
    assert lines_unaccounted(content, plan, [first, second]) == [4]
    assert lines_doubled(plan, [first, (2, ["x"])]) == [2]
