"""Decides of a complete file whether it may be claimed: what stands beside it, and what it is by itself."""

import stat
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from services.watcher.claiming import wait_reasons
from services.watcher.claiming.checksums import Checksums, StillReading
from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.markers import Markers, marker_path
from shared.extraction.dataset_match import dataset_of
from shared.extraction.regular_files import is_open_for_writing
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.storage.ledger.waiting_files import WaitingFile


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
        """The file is claimed: its markers have done their duty. One that stays is too old for the next file."""
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
