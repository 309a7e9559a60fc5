"""Keeps the order of the drops: a complete file waits for older ones of its dataset. Pure: the clock is given."""

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from services.watcher.claiming.discovery import Entry

#: How long files wait for others, beyond the time in which a file settles.
MAX_WAIT_SECONDS = 60.0
#: For a wait that will end by itself, however long it takes.
TO_ITS_END = math.inf
#: For a file that others do not wait for.
NOT_AT_ALL = -math.inf


@dataclass(slots=True)
class _Left:
    """The files of one dataset that one look has left unclaimed so far, each with the reason."""

    files: list[tuple[Entry, str]] = field(default_factory=list)
    #: The one that is waited for longest, and until when.
    awaited: Entry | None = None
    until: float = NOT_AT_ALL


class DropOrder:
    """Has each look at the inbox claim the files of a dataset oldest first. They are asked about in that order.

    A file waits until those before it are claimed; but for none longer than was said of it, and for all of them
    together `limit_seconds`, counted from the first look that found it complete and waiting.
    """

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._now = 0.0
        self._left: dict[str, _Left] = {}
        self._waiting_since: dict[str, float] = {}
        self._waiting_before: dict[str, float] = {}
        self._overtaken: set[str] = set()

    def begin_look(self, paths: Collection[str], *, now: float) -> None:
        """Begin a new look, which found files of these paths."""
        self._now = now
        self._left = {}
        self._waiting_before, self._waiting_since = self._waiting_since, {}
        self._overtaken &= set(paths)

    def awaited(self, file: Entry, dataset: str) -> Entry | None:
        """Return the older file that a complete one waits for; None: it may be claimed."""
        left = self._left.get(dataset)
        if left is None or left.awaited is None:
            return None
        since = min(self._waiting_before.get(file.path, self._now), self._now)
        self._waiting_since[file.path] = since
        is_over = self._now - since >= self._limit_seconds and left.until < TO_ITS_END
        return None if is_over else left.awaited

    def leave(self, file: Entry, dataset: str, *, reason: str, until: float) -> None:
        """This file is not claimed at this look; younger ones wait for it until that moment."""
        left = self._left.setdefault(dataset, _Left())
        left.files.append((file, reason))
        if until > max(self._now, left.until):
            left.awaited, left.until = file, until

    def overtaken(self, dataset: str) -> list[tuple[Entry, str]]:
        """A younger file was claimed: return those left before it with the reasons, each file once."""
        left = self._left.get(dataset)
        overtaken = [each for each in left.files if each[0].path not in self._overtaken] if left else []
        self._overtaken.update(file.path for file, _ in overtaken)
        return overtaken
