"""Markers that stand beside a file: NAME.done says that it is whole, NAME.sha256 what it has to be. Pure."""

import re
from collections.abc import Iterable
from typing import Self

from services.watcher.claiming.discovery import Entry
from shared.model.datasets import Marker

_ENDINGS: dict[Marker, str] = {"done": ".done", "sha256": ".sha256"}
#: As sha256sum writes it, or the digest alone. A backslash says that the name behind it has escapes.
_DIGEST = re.compile(rb"\s*\\?([0-9A-Fa-f]{64})(?:\s|$)")


def is_marker(path: str) -> bool:
    """Whether a name is that of a marker: it is never loaded itself."""
    return path.lower().endswith(tuple(_ENDINGS.values()))


def marker_path(path: str, marker: Marker) -> str:
    """Name the marker of a file."""
    return path + _ENDINGS[marker]


def digest_in(content: bytes) -> str | None:
    """Return the digest that a .sha256 file begins with; None if there is none."""
    match = _DIGEST.match(content)
    return match[1].decode().lower() if match else None


class Markers:
    """The markers of one listing."""

    def __init__(self, markers: Iterable[Entry]) -> None:
        self._markers = {entry.path: entry for entry in markers if entry.kind == "file"}

    @classmethod
    def among(cls, entries: Iterable[Entry]) -> Self:
        """Take the markers out of a listing."""
        return cls(entry for entry in entries if is_marker(entry.path))

    def of(self, file: Entry, marker: Marker) -> Entry | None:
        """Return a file's marker. A .done that is older than the file was another's of that name: a crash left it."""
        found = self._markers.get(marker_path(file.path, marker))
        # By the file system's clock, which no program sets. A digest needs no time: it fits or it does not.
        if found is not None and marker == "done" and found.changed_at < file.changed_at:
            return None
        return found

    def done(self, files: Iterable[Entry]) -> set[str]:
        """Return the files that are whole as their markers say."""
        return {file.path for file in files if self.of(file, "done") is not None}

    def paths(self, file: Entry) -> list[str]:
        """Return the markers that stand beside a file, old ones, too."""
        return [path for marker in _ENDINGS if (path := marker_path(file.path, marker)) in self._markers]
