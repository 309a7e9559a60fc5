"""A row of totals is told from the rows of a table by its first value."""

import pytest

from shared.reading.total_rows import is_total


@pytest.mark.parametrize(
    "cells",
    [
        ["Total", "8", "6.75"],
        ["TOTAL:", "", "6.75"],
        ["", "Grand total", "", "12"],
        ["Summe", "1.234,50 €"],
        ["Gesamtsumme", "7"],
        ["Итого", "100"],
        ["合計", "3"],
    ],
)
def test_a_word_for_a_total_with_a_number_behind_it_is_one(cells: list[str]) -> None:
    assert is_total(cells)


@pytest.mark.parametrize(
    "cells",
    [[], ["", ""], ["Total"], ["Total", "energy"], ["Total Energies", "8"], ["Apple", "2", "3.00"], ["7", "Total"]],
)
def test_any_other_row_is_not(cells: list[str]) -> None:
    assert not is_total(cells)
