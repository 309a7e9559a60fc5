"""Compares files with the digests beside them, before they are claimed."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.markers import digest_in
from shared.extraction.regular_files import open_regular

#: What is read of all files together at one look: others have their turn after a fraction of a second.
_BYTES_AT_A_LOOK = 64 << 20
_BLOCK_BYTES = 1 << 20
#: Far more than a digest and a name.
_MAX_MARKER_BYTES = 8192


@dataclass(slots=True)
class _Check:
    """How far the comparison of one version of a file with one version of its marker has come."""

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
        self._checks: dict[str, _Check] = {}
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
            check = self._checks[file.path] = _Check(file, marker, self._expected(marker))
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

    def _read_on(self, check: _Check) -> None:
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
