"""Decides which files of the inbox are complete. Pure: the clock and the listing are given."""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

EntryType = Literal["file", "other"]

#: Deeper than users sort files; endlessly nested folders are an attack.
_DEEPEST = 50
#: With a name behind it, and the data folder before it, still a path that every system call takes.
_MAX_FOLDER_BYTES = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file as a listing of the inbox shows it. Times in seconds since the epoch."""

    #: Path below the inbox.
    path: str
    kind: EntryType
    size_bytes: int
    modified_at: float
    changed_at: float


@dataclass(frozen=True, slots=True)
class Sighting:
    """Since when a file has looked the same."""

    size_bytes: int
    modified_at: float
    since: float


def is_candidate(path: str) -> bool:
    """Whether a file of this name is to be loaded: hidden and temporary files wait until they are renamed."""
    name = PurePath(path).name.lower()
    hidden = any(part.startswith(".") for part in PurePath(path).parts)
    return not hidden and not name.endswith((".part", ".tmp", "~")) and not name.startswith("~")


def is_too_deep(folder: str) -> bool:
    """Whether a folder, with a slash at its end, lies too far below the inbox to be looked into."""
    return folder.count("/") > _DEEPEST or len(os.fsencode(folder)) > _MAX_FOLDER_BYTES


def sight(
    entries: Iterable[Entry], before: Mapping[str, Sighting], *, looked_at: float, now: float
) -> dict[str, Sighting]:
    """Bring the sightings up to date; `looked_at` is when the last look was, minus infinity if there was none.

    A file that is new or has changed is as old as its last change by the file system's clock. That may be wrong; but
    the change came after the last look, and before this one.
    """
    sightings = {}
    for entry in entries:
        known = before.get(entry.path)
        if known is not None and (known.size_bytes, known.modified_at) == (entry.size_bytes, entry.modified_at):
            since = known.since
        else:
            since = max(entry.changed_at, entry.modified_at, looked_at)
        # A time in the future, of a file or of a clock that was set back, begins now: it must not delay for long.
        sightings[entry.path] = Sighting(entry.size_bytes, entry.modified_at, min(since, now))
    return sightings


def complete_files(
    entries: Iterable[Entry],
    sightings: Mapping[str, Sighting],
    *,
    declared: Collection[str],
    now: float,
    settle_seconds: float,
) -> set[str]:
    """Return the paths of the files that are complete. `declared` are those that were declared so by their sender."""
    return {
        entry.path
        for entry in entries
        if entry.kind == "file" and (entry.path in declared or now - sightings[entry.path].since >= settle_seconds)
    }


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Sort files as they count as dropped: oldest first, by the times of their last changes, then by name."""
    return sorted(entries, key=lambda entry: (entry.modified_at, entry.path))
