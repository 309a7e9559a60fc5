"""Long jobs in steps, so that many of them take turns in one thread.

A job is a generator: it yields after each step, and returns its result at the end. Jobs are put together by
`yield from`. What is handed out on the way is yielded; None then says that a step has made nothing yet. Where a step
raises, the job is over; to have it done, it is begun again.

This is a module of its own, though small, because every package that has long jobs has to mean the same by a step.
"""

from collections.abc import Generator
from typing import TypeVar

_T = TypeVar("_T")

Steps = Generator[None, None, _T]
