"""A list that is shown whole is read page by page."""

import pytest

from inflow.pages import PAGE_SIZE, all_pages


@pytest.mark.parametrize("count", [0, 1, PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE])
def test_every_item_of_every_page_comes_once_and_in_order(count: int) -> None:
    begins: list[int] = []

    def page_after(last: int | None) -> range:
        begin = 0 if last is None else last + 1
        begins.append(begin)
        return range(begin, min(begin + PAGE_SIZE, count))

    assert list(all_pages(page_after)) == list(range(count))
    assert begins == sorted(set(begins)), "no page is read twice"
    assert len(begins) == count // PAGE_SIZE + 1
