"""Takes finished files out of processing/: to the archive, to rejected/ with a reason, or back into the inbox."""

import errno
import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from services.extractor.rejects.byte_offsets import offsets_found_in, record_offsets
from services.extractor.rejects.healing import heal_editions
from services.extractor.rejects.rejects_file import write_rejects
from services.watcher.leaving.requeueing import Returner
from shared.extraction.load_files import ClaimedName, LoadFiles
from shared.extraction.regular_files import is_open_for_writing, open_regular
from shared.model.errors import FileRefused
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_OPEN_FOR_WRITING = "open-for-writing"
#: The file is gone, or another one is in its place, or it is not one of ours. Any other fault may pass.
_NOBODY_CAN_TELL = (errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EACCES, errno.EPERM)

Finished = tuple[ClaimedName, Load]


class Finisher:
    """Takes files out once the ledger says that their loads are complete or refused."""

    def __init__(self, *, folder: DataFolder, store: Store, returner: Returner) -> None:
        self._files = LoadFiles(folder)
        self._store = store
        self._returner = returner
        #: Loads whose files could not be moved at the last try.
        self.stuck: set[int] = set()
        #: Whether a file was refused since the start.
        self.has_refused = False

    def take_out(self, finished: Sequence[Finished]) -> list[int]:
        """Move the files of these loads; return the loads whose files are out. The ledger says so first."""
        closed = [each for each in finished if not self._is_held_open(*each)]
        changed = [each for each in closed if self._returner.why_back(*each) is not None]
        moved = [load.load_id for claimed, load in changed if self._attempt(self._returner.put_back, (claimed, load))]
        moved += self._put_away([each for each in closed if each not in changed])
        if moved:
            self._files.sync()
            self.stuck.difference_update(moved)
        return moved

    def _is_held_open(self, claimed: ClaimedName, load: Load) -> bool:
        """Whether a process may still write through an open handle: that data would move with the file, and be lost.

        Checked first, so that no process can write between the look at the file and its move.
        """
        try:
            is_held_open = is_open_for_writing(self._files.path(claimed))
        except OSError as error:
            if error.errno in _NOBODY_CAN_TELL:
                return False
            # Once the ledger says that it is archived, it may be out already: then "stuck" would never be cleared.
            if load.state == "complete":
                self._report_stuck(load, error)
            return True
        if is_held_open and load.state == "complete" and load.reason != _OPEN_FOR_WRITING:
            with self._store.transaction() as connection:
                message = "all its rows are stored; it is moved once no program has it open for writing"
                load_reasons.explain_move(connection, self._store.schema, [load.load_id], _OPEN_FOR_WRITING, message)
        return is_held_open

    def _put_away(self, finished: Sequence[Finished]) -> list[int]:
        ready = [each for each in finished if self._attempt(self._write_rejects, each)]
        self._mark_archived([load for _, load in ready if load.state != "refused"])
        return [load.load_id for claimed, load in ready if self._attempt(self._move, (claimed, load))]

    def _write_rejects(self, claimed: ClaimedName, load: Load) -> None:
        if load.rejected and load.state == "complete":
            with self._store.transaction() as connection:
                self._record_offsets(connection, claimed)
                write_rejects(connection, self._store.schema, load, self._files.rejected_rows(claimed))

    def _record_offsets(self, connection: Connection, claimed: ClaimedName) -> None:
        try:
            file = open_regular(self._files.path(claimed))
        except (FileNotFoundError, FileRefused):
            # It was taken away or replaced: the offsets can no longer be found.
            return
        dataset = self._store.catalog.datasets.get(claimed.dataset or "")
        with file:
            offsets = offsets_found_in(file, dataset) if dataset is not None else None
            if offsets is not None:
                record_offsets(connection, self._store.schema, claimed.load_id, offsets)

    def _mark_archived(self, ready: Sequence[Load]) -> None:
        """Clear the reason that held a file back first: it would never be cleared once the file is out."""
        complete = [load for load in ready if load.state == "complete"]
        explained = [load.load_id for load in ready if load.reason is not None]
        if complete or explained:
            with self._store.transaction() as connection:
                for load in complete:
                    heal_editions(connection, self._store.schema, load)
                load_states.mark_archived(connection, self._store.schema, [load.load_id for load in complete])
                load_reasons.explain_move(connection, self._store.schema, explained, None, None)

    def _move(self, claimed: ClaimedName, load: Load) -> None:
        if load.state == "refused":
            self._reject(claimed, load)
            _log.info("file moved to rejected/", extra=facts("file_rejected", load_id=load.load_id, file=load.file))
        else:
            self._files.archive(claimed)
            _log.info("file archived", extra=facts("file_archived", load_id=load.load_id, file=load.file))

    def _reject(self, claimed: ClaimedName, load: Load) -> None:
        self.has_refused = True
        self._files.reject(claimed, reason=load.reason, message=load.message)

    def _attempt(self, step: Callable[[ClaimedName, Load], None], finished: Finished) -> bool:
        """Take one step; where a folder does not let us, say so and leave the file for the next look."""
        try:
            step(*finished)
        except OSError as error:
            self._report_stuck(finished[1], error)
            return False
        return True

    def _report_stuck(self, load: Load, error: OSError) -> None:
        with self._store.transaction() as connection:
            load_reasons.explain_move(connection, self._store.schema, [load.load_id], "not-moved", str(error))
        if load.load_id not in self.stuck:
            _log.warning(
                "file can't be moved out of processing/",
                extra=facts("file_stuck", load_id=load.load_id, error=str(error)),
            )
            self.stuck.add(load.load_id)
