"""Returns files that were modified after their claim to the inbox, to be loaded again as new loads."""

import ctypes
import errno
import logging
import os
from collections.abc import Collection
from pathlib import Path

from shared.extraction.claimed_file import FileVersion
from shared.extraction.load_files import ClaimedName, LoadFiles
from shared.model.errors import FileRefused
from shared.runtime.files import DataFolder, sync_folder
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_log = logging.getLogger(__name__)

#: Of renameat2(2).
_AT_FDCWD, _RENAME_NOREPLACE = -100, 1
_TAKEN_OR_NOT_SUPPORTED = (errno.EEXIST, errno.EINVAL, errno.ENOSYS)


class Returner:
    """Renames files of processing/ back into the inbox, never over one that is there."""

    def __init__(self, *, folder: DataFolder, store: Store) -> None:
        self._inbox = folder.inbox
        self._files = LoadFiles(folder)
        self._store = store
        #: Paths below the inbox that we renamed and for which the kernel's event is still to come.
        self._ours: set[str] = set()
        #: How many went back since the start.
        self.file_count = 0

    def without_ours(self, renamed_in: Collection[str]) -> set[str]:
        """Leave out the renames that were ours: no file is whole by them."""
        others = set(renamed_in) - self._ours
        self._ours.difference_update(renamed_in)
        return others

    def why_back(self, claimed: ClaimedName, load: Load) -> str | None:
        """Say why a file is not what was read; None where it is, or where it was moved already."""
        if load.reason == load_reasons.CHANGED_WHILE_READ:
            return load.message
        try:
            FileVersion.claimed(load).require(self._files.path(claimed))
        except FileRefused as changed:
            return str(changed)
        except OSError:
            # The move of the file will fail as well, and say so.
            return None
        return None

    def put_back(self, claimed: ClaimedName, load: Load) -> None:
        """Rename a file that has changed; the ledger says so first. OSError where the inbox does not let us."""
        message = self.why_back(claimed, load)
        with self._store.transaction() as connection:
            load_states.mark_changed(connection, self._store.schema, load.load_id, message)
        source = self._files.path(claimed)
        if os.path.lexists(source):
            self._rename(source, claimed)
        _log.warning(
            "file changed after its claim, it will be loaded once more",
            extra=facts("file_returned", load_id=load.load_id, file=load.file),
        )

    def _rename(self, source: Path, claimed: ClaimedName) -> None:
        folder = self._folder_for(claimed)
        for name in (claimed.original, claimed.finished):
            self._ours.add(os.path.relpath(folder / name, self._inbox))
        try:
            rename_to_free_name(source, folder / claimed.original)
        except OSError as error:
            if error.errno not in _TAKEN_OR_NOT_SUPPORTED:
                raise
            # With the load's number, the name is one that no other program gives.
            source.rename(folder / claimed.finished)
        self.file_count += 1
        sync_folder(folder)

    def _folder_for(self, claimed: ClaimedName) -> Path:
        """The dataset's folder, which says whose file it is whatever it is called."""
        folder = self._inbox / (claimed.dataset or "")
        folder.mkdir(exist_ok=True)
        if folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "no file goes back through a link", str(folder))
        return folder


def rename_to_free_name(source: Path, target: Path) -> None:
    """Rename in one step. OSError with EEXIST where the name is taken, EINVAL or ENOSYS where that can't be had."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(source), None, str(target))
