"""A question to the database that is answered while files are read."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from shared.storage.database import Database

_T = TypeVar("_T")


@contextmanager
def asked_aside(question: Callable[[], _T], database: Database) -> Iterator[Callable[[], _T]]:
    """Ask at once, in a thread, and yield what waits for the answer; it raises what the question raised.

    Of SQLite, whose file has one user at a time, it is asked when the answer is wanted.
    """
    if database.is_sqlite:
        yield question
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside") as executor:
        yield executor.submit(question).result
