"""Decides whether a complete file may be claimed, by its markers and by the file itself.

Markers are files in the same folder: NAME.done says that NAME is whole, NAME.sha256 has its digest.
"""

import hashlib
import re
import stat
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from services.watcher.claiming import wait_reasons
from services.watcher.claiming.discovery import Entry
from shared.extraction.dataset_match import dataset_of
from shared.extraction.regular_files import is_open_for_writing, open_regular
from shared.model.datasets import Dataset, Marker
from shared.model.errors import FileRefused
from shared.storage.ledger.waiting_files import WaitingFile

_ENDINGS: dict[Marker, str] = {"done": ".done", "sha256": ".sha256"}
#: As sha256sum writes it, or only the digest. A backslash means that the name after it has escapes.
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
        """Return the markers of a file, including old ones."""
        return [path for marker in _ENDINGS if (path := marker_path(file.path, marker)) in self._markers]


#: The total that is read from files at one look: other work has its turn after a fraction of a second.
_BYTES_AT_A_LOOK = 64 << 20
_BLOCK_BYTES = 1 << 20
#: Far more than a digest and a name.
_MAX_MARKER_BYTES = 8192


@dataclass(slots=True)
class _DigestCheck:
    """The progress of comparing one version of a file with one version of its marker."""

    file: Entry
    marker: Entry
    expected: str | None
    bytes_read: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    @property
    def is_done(self) -> bool:
        """Whether all of the file was read."""
        return self.bytes_read >= self.file.size_bytes


class Checksums:
    """Reads each version of a file once, in steps: what it found out stays until file or marker change."""

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._checks: dict[str, _DigestCheck] = {}
        self._bytes_left = 0

    def begin_look(self, paths: Collection[str]) -> None:
        """A new look begins, at which these files are there; forget the others."""
        self._checks = {path: check for path, check in self._checks.items() if path in paths}
        self._bytes_left = _BYTES_AT_A_LOOK

    def mismatch(self, file: Entry, marker: Entry) -> str | None:
        """Say why a file is not what its marker asks for; None if it is.

        Raises StillReading while not all of the file is read; OSError or FileRefused where it or its marker can't be.
        """
        check = self._checks.get(file.path)
        if check is None or (check.file, check.marker) != (file, marker):
            check = self._checks[file.path] = _DigestCheck(file, marker, self._expected(marker))
        if check.expected is None:
            return f"{marker.path} has no SHA-256 digest; expected 64 hexadecimal digits, as sha256sum writes them"
        self._read_on(check)
        found = check.digest.hexdigest()
        if found == check.expected:
            return None
        return f"its SHA-256 digest begins with {found[:12]}, in {marker.path} with {check.expected[:12]}"

    def _expected(self, marker: Entry) -> str | None:
        with open_regular(self._inbox / marker.path) as file:
            return digest_in(file.read(_MAX_MARKER_BYTES))

    def _read_on(self, check: _DigestCheck) -> None:
        if check.is_done:
            return
        with open_regular(self._inbox / check.file.path) as file:
            file.seek(check.bytes_read)
            while self._bytes_left > 0 and (block := file.read(_BLOCK_BYTES)):
                check.digest.update(block)
                check.bytes_read += len(block)
                self._bytes_left -= len(block)
        if not check.is_done:
            raise StillReading


class StillReading(Exception):
    """There is more of a file to read at the next look."""


class Admission:
    """Looks at the markers of one listing at a time, and at each file just before its claim."""

    def __init__(
        self, inbox: Path, datasets: Mapping[str, Dataset], *, held: Mapping[str, str], settle_seconds: float
    ) -> None:
        """`held` are the datasets whose files are not claimed, and why."""
        self._inbox = inbox
        self._datasets = datasets
        self._held = held
        self._settle_seconds = settle_seconds
        self._checksums = Checksums(inbox)
        self._markers = self._known_markers = Markers(())
        self._renamed_in: dict[str, Entry] = {}
        self._declared: set[str] = set()

    def begin_look(
        self, listed: Sequence[Entry], files: Sequence[Entry], renamed_in: Collection[str], known: Collection[str]
    ) -> set[str]:
        """Take a listing; return the files of it that were declared whole, by a rename or by a marker.

        A marker counts once it is `known`, from an earlier listing: that of an older file may have been missed.
        """
        self._markers = Markers.among(listed)
        self._known_markers = Markers.among(entry for entry in listed if entry.path in known)
        self._checksums.begin_look({file.path for file in files})
        # A rename is told of once; it counts for as long as the file stays as it is.
        self._renamed_in = {
            file.path: file for file in files if file.path in renamed_in or self._renamed_in.get(file.path) == file
        }
        self._declared = self._known_markers.done(files) | self._renamed_in.keys()
        return self._declared

    def why_not(self, file: Entry) -> WaitingFile | None:
        """Say why a complete file has to wait; None: it may be claimed. OSError where it can't be opened."""
        return self._dataset_not_ready(file) or self._changed(file) or self._mismatch(file)

    def remove_markers(self, file: Entry) -> None:
        """Remove the markers of a claimed file. One that stays is too old to count for the next file."""
        for path in self._markers.paths(file):
            with suppress(OSError):
                (self._inbox / path).unlink()

    def _dataset_not_ready(self, file: Entry) -> WaitingFile | None:
        """Its dataset may be held, or wait for a marker. A file without a dataset is claimed, and refused."""
        try:
            name = dataset_of(file.path, self._datasets)
        except FileRefused:
            return None
        if name in self._held:
            return wait_reasons.held(file, self._held[name])
        marker = self._datasets[name].wait_for
        if marker is None or self._known_markers.of(file, marker) is not None:
            return None
        return wait_reasons.without_marker(file, marker_path(file.path, marker))

    def _changed(self, file: Entry) -> WaitingFile | None:
        """Look at the file itself: it may be another one than was listed."""
        path = self._inbox / file.path
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return wait_reasons.no_file(file)
        if status.st_nlink > 1:
            return wait_reasons.linked(file, status.st_nlink)
        if is_open_for_writing(path) and file.path not in self._declared:
            return wait_reasons.being_written(file)
        # Once more: it may have been written to until it was closed, just now.
        status = path.lstat()
        if (status.st_size, status.st_mtime_ns / 1e9) != (file.size_bytes, file.modified_at):
            return wait_reasons.settling(file, self._settle_seconds)
        return None

    def _mismatch(self, file: Entry) -> WaitingFile | None:
        marker = self._markers.of(file, "sha256")
        if marker is None:
            return None
        try:
            mismatch = self._checksums.mismatch(file, marker)
        except StillReading:
            return wait_reasons.being_verified(file, marker.path)
        except FileRefused:
            return wait_reasons.no_file(file)
        return None if mismatch is None else wait_reasons.mismatching(file, mismatch)
