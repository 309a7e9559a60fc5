"""Checks a summary of counts at each look: it is always complete, and no count falls if files only add."""

import json
from typing import Any

#: Maximum number of problems kept: a wrong file is wrong at each look.
_MAX_PROBLEMS = 20


class SummaryWatch:
    """Collects the problems of all looks."""

    def __init__(self, only_adds: bool) -> None:
        self._only_adds = only_adds
        self._last: bytes | None = None
        self._counts: dict[str, int] = {}
        self.looks = 0
        self.problems: list[str] = []

    def look(self, content: bytes | None) -> None:
        """Check the content that a reader finds now; None means no file."""
        self.looks += 1
        if content == self._last:
            return
        if content is None:
            self._say("the summary was there and is gone")
            return
        self._last = content
        counts = self._read(content)
        if counts is not None:
            if self._only_adds:
                self._compare(counts)
            self._counts = counts

    def forget(self) -> None:
        """Permit any counts next."""
        self._counts = {}

    def _read(self, content: bytes) -> dict[str, int] | None:
        try:
            counts = json.loads(content)
        except ValueError as error:
            self._say(f"the summary is not JSON ({error}): {content[:200]!r}")
            return None
        if not isinstance(counts, dict) or not all(type(count) is int and count > 0 for count in counts.values()):
            self._say(f"the summary is not an object of counts above 0: {content[:200]!r}")
            return None
        if list(counts.items()) != sorted(counts.items(), key=_most_first_then_by_name):
            self._say(f"the summary is not in order: {content[:200]!r}")
        return counts

    def _compare(self, counts: dict[str, int]) -> None:
        for name, before in self._counts.items():
            now = counts.get(name, 0)
            if now < before:
                self._say(f"the count of {name!r} fell from {before} to {now}, though files only add")

    def _say(self, problem: str) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append(problem)


def _most_first_then_by_name(item: tuple[str, Any]) -> tuple[int, str]:
    name, count = item
    return -count, name
