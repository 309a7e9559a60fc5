"""A claimed file and its version, which tells it from a later one as precisely as the ledger keeps it."""

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from shared.extraction.load_files import ClaimedName
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.storage.ledger.load_reasons import CHANGED_WHILE_READ
from shared.storage.ledger.loads import Load

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the ledger keeps UTC without a zone
#: The range that every database can hold. File systems keep any time that a user sets.
_EARLIEST, _LATEST = datetime(1000, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A file's size, and when it was changed last. Writing to it changes one of the two."""

    size_bytes: int
    modified_at: datetime

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the version that the file system shows."""
        microseconds = status.st_mtime_ns // 1000
        earliest, latest = ((moment - _EPOCH) // _MICROSECOND for moment in (_EARLIEST, _LATEST))
        return cls(status.st_size, _EPOCH + min(max(microseconds, earliest), latest) * _MICROSECOND)

    @classmethod
    def claimed(cls, load: Load) -> Self:
        """Return the version that was claimed, before anything was read."""
        return cls(load.size_bytes, load.modified_at)

    def is_of(self, path: Path) -> bool:
        """Whether a file is there, and is of this version."""
        try:
            self.require(path)
        except (FileRefused, OSError):
            return False
        return True

    def require(self, path: Path) -> None:
        """Raise FileRefused if a file is another version by now; OSError where it can't be looked at."""
        now = FileVersion.of(path.lstat())
        if now != self:
            raise FileRefused(
                CHANGED_WHILE_READ,
                f"modified after it was claimed (was {self}, now {now}); returned to the inbox to be reloaded",
            )

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes of {self.modified_at} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedFile:
    """A file in processing/, and what is known of it before it is read."""

    claimed: ClaimedName
    dataset: Dataset
    path: Path
    #: The version that was claimed; None if no other process can write to the file.
    version: FileVersion | None = None
    #: Whether some of its messages may have been published already.
    is_resumed: bool = False

    def require_version(self) -> None:
        """Raise FileRefused if the file has changed since it was claimed: different chunks would be cut from it."""
        if self.version is not None:
            self.version.require(self.path)
