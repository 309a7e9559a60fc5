"""Finds unfinished loads whose files are not in processing/: removed by hand, or lost when a backup was restored."""

import logging
import time
from collections.abc import Callable, Collection
from pathlib import PurePath

from services.watcher.stalled_loads import Standstills
from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_file import FileVersion
from shared.extraction.load_files import ClaimedName, LoadFiles, shortened
from shared.runtime.clock import Clock
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states, loads
from shared.storage.ledger.load_reasons import FILE_GONE
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_WHAT_TO_DO = "its file is not in processing/: put it back there, or end the load by `inflow give-up {load_id}`"


class MissingFiles:
    """Brings back files that are elsewhere in the data folder; reports the files of other loads as gone."""

    def __init__(self, *, folder: DataFolder, store: Store, patience_seconds: float, clock: Clock = time) -> None:
        self._files = LoadFiles(folder)
        self._store = store
        self._standstills = Standstills(patience_seconds, clock=clock)
        #: Loads whose files are gone.
        self.gone: set[int] = set()
        #: Loads whose files are missing, but not yet for long enough to call them gone.
        self.pending: set[int] = set()

    def look(self, known: Collection[int], *, is_queue_empty: Callable[[], bool]) -> None:
        """Look for loads without a file; `known` are those whose files this watcher saw in processing/ before."""
        missing = self._missing()
        complete = [load.load_id for load in missing if load.state == "complete"]
        if complete:
            with self._store.transaction() as connection:
                load_states.mark_archived(connection, self._store.schema, complete)
        lost = [load for load in missing if load.state != "complete" and not self._bring_back(load)]
        self.gone.intersection_update(load.load_id for load in lost)
        self.pending = {load.load_id for load in lost} - self.gone
        still = self._standstills.note(load for load in lost if load.load_id in self.pending)
        if still and not is_queue_empty():
            self._standstills.begin_silence(still)
            return
        for load in lost:
            if load.load_id in still:
                self._report(load, is_known=load.load_id in known)

    def _missing(self) -> list[Load]:
        there = {(claimed.load_id, claimed.token) for claimed in self._files.claimed()}
        with self._store.transaction() as connection:
            in_processing = loads.in_processing(connection, self._store.schema)
            missing = [load_id for load_id, token in in_processing if (load_id, token) not in there]
            return list(loads.find(connection, self._store.schema, missing).values()) if missing else []

    def _bring_back(self, load: Load) -> bool:
        """Put a file back into processing/ that was moved on after the moment to which the database was restored."""
        claimed = _claimed_name(load)
        if claimed is None:
            return False
        folder = self._files.take_back(claimed, is_its_own=FileVersion.claimed(load).is_of)
        if folder is not None:
            _log.warning(
                "an open load's file was in %s/, it is loaded on",
                folder,
                extra=facts("file_recalled", load_id=load.load_id, file=load.file),
            )
        return folder is not None

    def _report(self, load: Load, *, is_known: bool) -> None:
        """Say that a file is gone. A load without a row yet, whose file was here, is over: it left nothing anywhere."""
        message = _WHAT_TO_DO.format(load_id=load.load_id)
        schema = self._store.schema
        with self._store.transaction() as connection:
            if is_known and load.rows_done == 0:
                message = "its file was taken out of processing/ before any of its rows was merged"
                load_states.mark_refused(connection, schema, load.load_id, reason=FILE_GONE, message=message)
            else:
                load_reasons.explain(connection, schema, [load.load_id], FILE_GONE, message)
        self.gone.add(load.load_id)
        self.pending.discard(load.load_id)
        _log.warning(
            "a load's file is gone: %s", message, extra=facts("file_gone", load_id=load.load_id, file=load.file)
        )


def _claimed_name(load: Load) -> ClaimedName | None:
    """Return the name that a load's file had in processing/; None where the ledger does not have all of it."""
    if load.chunk_rows is None or load.chunk_bytes is None:
        return None
    return ClaimedName(
        load_id=load.load_id,
        token=load.token,
        dataset=load.dataset,
        bounds=ChunkBounds(rows=load.chunk_rows, bytes=load.chunk_bytes),
        original=shortened(PurePath(load.file).name),
    )
