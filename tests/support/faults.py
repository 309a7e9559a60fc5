"""Failures at any step of a pipeline: each commit, rename and publication has a step before and one after it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection

from shared.messaging.envelope import Envelope
from shared.messaging.payloads import RowsExtracted
from shared.storage.database import Database
from tests.support.pipeline import RecordingQueue

Failure = Callable[[str], BaseException]


class Crash(BaseException):
    """The process was killed here."""


class Steps:
    """Records the names of a run's steps in order, and fails at one of them, once."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._fail_at = 0
        self._failure: Failure = Crash

    def arm(self, number: int, failure: Failure) -> None:
        """Count from now on, and at the step of this number raise the exception made from its name."""
        self.names.clear()
        self._fail_at, self._failure = number, failure

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        """Add a step before and one after the block."""
        self.take(f"before {what}")
        yield
        self.take(f"after {what}")

    def take(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) == self._fail_at:
            raise self._failure(name)

    def interpose(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count file renames as steps, too."""
        for function in (os.rename, os.replace):
            monkeypatch.setattr(os, function.__name__, self._counting(function))

    def _counting(self, function: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def counted(source: Path, target: Path) -> None:
            with self.around(f"a rename into {Path(target).parent.name}/"):
                function(source, target)

        return counted


class FragileDatabase(Database):
    """Counts commits of changes as steps."""

    def __init__(self, url: URL, steps: Steps) -> None:
        super().__init__(url)
        self._steps = steps

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with super().transaction() as connection:
            driver: Any = connection.connection.driver_connection
            changes = driver.total_changes
            yield connection
            has_changed = driver.total_changes > changes
            if has_changed:
                self._steps.take("before a commit")
        if has_changed:
            self._steps.take("after a commit")


class FragileQueue(RecordingQueue):
    """Counts publications as steps."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def publish(self, message: Envelope) -> None:
        payload = message.payload
        what = f"chunk {payload.first_row}" if isinstance(payload, RowsExtracted) else "the manifest"
        with self._steps.around(f"publishing {what}"):
            super().publish(message)
