"""Every polluted file is read right, or refused with the right reason."""

import pytest

from verification.corpus.cases import Case
from verification.corpus.corpus import corpus
from verification.corpus.reading import faults_in, read
from verification.corpus.tables import MIXED, TABLES, Table
from verification.corpus.writing import usual_style

_CORPUS = corpus()


@pytest.mark.parametrize("case", _CORPUS, ids=lambda case: case.name)
def test_each_file_is_read_right_or_refused(case: Case) -> None:
    assert read(case.content, case.settings, case.expected) == case.answer


@pytest.mark.parametrize("case", _CORPUS, ids=lambda case: case.name)
def test_each_line_of_each_file_is_a_row_or_a_reject_or_named(case: Case) -> None:
    assert faults_in(case) == []


def test_each_case_has_its_own_name() -> None:
    names = [case.name for case in _CORPUS]

    assert len(names) > 1500
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_file_cut_at_any_byte_gives_rows_of_the_table_or_is_refused(table: Table) -> None:
    """A cut in the last value, or between two rows, can't be seen; everything else can."""
    content = usual_style(table).write(table).encode()
    begin = len(usual_style(table).text(usual_style(table).records(table)[:3]).encode())
    for end in range(begin, len(content)):
        answer = read(content[:end])
        *whole, last = answer.rows or [[]]

        # Of a few values nobody can tell names.
        assert answer.refused in (None, "truncated-file", "encoding-error", "dialect-error"), end
        assert whole == table.rows[: len(whole)], end
        assert all(map(str.startswith, table.rows[len(whole)], last)), end


@pytest.mark.parametrize("line", [2, 7])
def test_the_header_is_what_has_the_known_names_wherever_it_is(line: int) -> None:
    content = "a;b;c\r\n" * line + usual_style(MIXED).write(MIXED)
    answer = read(content.encode(), expected=tuple(MIXED.header))

    assert (answer.header, answer.rows) == (MIXED.header, MIXED.rows)
