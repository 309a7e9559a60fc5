"""Checks that the summary files are the ones last written, not deleted, edited, or left by a lost database."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from shared.runtime.files import read_whole

#: Identifies a version of a file: device, inode, size, times of change.
_Signature = tuple[int, ...]


def digest_of(content: bytes) -> str:
    """Return the digest of a summary's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class SummaryFiles:
    """Compares the files with their digests in the database; a file that did not change is not read again."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        self._names = list(names)
        self._seen: dict[str, tuple[_Signature, str | None]] = {}

    def are_those_of(self, digests: Mapping[str, str]) -> bool:
        """Whether each file has its digest, and files without a digest do not exist."""
        return all(self._digest(name) == digests.get(name) for name in self._names)

    def _digest(self, name: str) -> str | None:
        path = self._folder / name
        try:
            signature = _signature(path)
            if self._seen.get(name, ((), ""))[0] != signature:
                content = read_whole(path)
                self._seen[name] = signature, None if content is None else digest_of(content)
        except FileNotFoundError:
            return None
        return self._seen[name][1]


def _signature(path: Path) -> _Signature:
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
