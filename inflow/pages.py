"""Goes through a list page by page, for commands that show all of it: no transaction is open while a page is shown."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

#: The limit of a page.
PAGE_SIZE = 1000

_T = TypeVar("_T")


def all_pages(page_after: Callable[[_T | None], Sequence[_T]]) -> Iterator[_T]:
    """Yield everything; `page_after` returns the page that follows an item, or the first page for None."""
    last = None
    while page := page_after(last):
        yield from page
        if len(page) < PAGE_SIZE:
            return
        last = page[-1]
