"""Finds out what changed in a file since the edition of it that is in the database, before its rows are published."""

import logging
from contextlib import closing
from functools import partial

from services.extractor.comparing.background_query import asked_aside
from services.extractor.comparing.baseline import choose_base
from services.extractor.comparing.changes import Changes, read_changes, recorded_changes
from services.extractor.comparing.comparison import Comparison, FileDifference
from services.extractor.comparing.fingerprint import FingerprintedFile
from services.extractor.comparing.known_keys import brings_no_key, has_all_rows, has_any, keys_of, read_rows
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.load_files import LoadFiles
from shared.extraction.record_blocks import Incomparable, are_sound, read_blocks
from shared.extraction.regular_files import open_regular
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.runtime.steps import Steps
from shared.storage.ledger import loads, rejects
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_log = logging.getLogger(__name__)

#: The number of earlier loads among which a base is looked for.
_MAX_LOADS_BACK = 200


class ChangeDetection:
    """Compares files with what the archive has of them; a file that can't be compared is published whole."""

    def __init__(self, *, folder: DataFolder, store: Store, from_bytes: int) -> None:
        self._files = LoadFiles(folder)
        self._store = store
        self._from_bytes = from_bytes

    def search(self, file: ClaimedFile) -> Steps[Changes | None]:
        """Search for what changed in a plain file; None where all rows are to be published.

        What was published already is published again just so, changes or not.
        Raises TransientError where the ledger can't be read; OSError or FileRefused where the file can't be.
        """
        is_large = file.path.stat().st_size >= self._from_bytes
        return (yield from self._search(file, is_large=is_large)) if is_large or file.is_resumed else None

    def _search(self, file: ClaimedFile, *, is_large: bool) -> Steps[Changes | None]:
        load_id = file.claimed.load_id
        with self._store.transaction() as connection:
            load = loads.find(connection, self._store.schema, [load_id]).get(load_id)
            recorded = recorded_changes(connection, self._store.schema, load_id)
        if recorded is not None:
            return read_changes(file.path, recorded)
        if load is None or load.state != "claimed" or not is_large:
            return None
        base = self._base_of(load)
        return (yield from self._compare_with(base, load, file)) if base is not None else None

    def _compare_with(self, base: Load, load: Load, file: ClaimedFile) -> Steps[Changes | None]:
        try:
            changes = yield from self._compare(file, base)
        except (Incomparable, FileRefused, OSError) as error:
            _log.info(
                "file is published whole: %s",
                error,
                extra=facts("file_not_compared", load_id=load.load_id, base_load_id=base.load_id),
            )
            return None
        _log.info(
            "file compared with its earlier edition",
            extra=facts(
                "file_compared",
                load_id=load.load_id,
                base_load_id=base.load_id,
                changed_rows=len(changes.records.texts),
                unchanged_rows=changes.unchanged_count,
            ),
        )
        return changes

    def _base_of(self, load: Load) -> Load | None:
        with self._store.transaction() as connection:
            return choose_base(load, loads.before(connection, self._store.schema, load.load_id, limit=_MAX_LOADS_BACK))

    def _compare(self, claimed: ClaimedFile, base: Load) -> Steps[Changes]:
        dataset = self._store.catalog.datasets[base.dataset or ""]
        with (
            asked_aside(partial(self._has_all_rows, dataset), self._store.database) as has_all_rows,
            closing(FingerprintedFile(open_regular(claimed.path), dataset)) as file,
            closing(FingerprintedFile(self._files.open_archived(base.load_id, base.file), dataset)) as earlier,
        ):
            comparison = Comparison(
                read_blocks(file), read_blocks(earlier), rejected_lines=self._rejected_lines(base.load_id)
            )
            difference = yield from comparison.run()
            if not has_all_rows():
                raise Incomparable("the table has other rows than its loads inserted")
        if earlier.fingerprint != base.fingerprint:
            raise Incomparable("its earlier edition in the archive is another one by now")
        changes = Changes.of(difference, base, fingerprint=file.fingerprint)
        self._check_keys(dataset, changes, difference, base)
        return changes

    def _has_all_rows(self, dataset: Dataset) -> bool:
        with self._store.transaction() as connection:
            return has_all_rows(connection, self._store.schema, dataset.name)

    def _rejected_lines(self, load_id: int) -> frozenset[int]:
        with self._store.transaction() as connection:
            return rejects.rejected_lines(connection, self._store.schema, load_id)

    def _check_keys(self, dataset: Dataset, changes: Changes, difference: FileDifference, base: Load) -> None:
        """Ensure that no changed row shares its key with an unchanged row: of the two, the last one wins."""
        if not are_sound(changes.records):
            raise Incomparable("a quote stands where none belongs")
        texts, removed = changes.records.texts, difference.removed
        if not base.superseded and brings_no_key(dataset, changes.header, texts, removed):
            # As most often: to find out that a key is the same though it is written otherwise takes much longer.
            return
        changed = read_rows(dataset, changes.header + b"".join(texts), record_count=len(texts))
        # Blank lines are not records; the last record of a file may have no line end.
        replaced = read_rows(dataset, difference.header + b"\n".join(removed), record_count=len(removed))
        if base.superseded and (changes.fingerprint != base.fingerprint or keys_of(dataset, changed)):
            # Which row is the last one of its key may be another one now, even if only their order changed.
            raise Incomparable("its earlier edition repeats keys")
        others = keys_of(dataset, changed) - keys_of(dataset, replaced)
        with self._store.transaction() as connection:
            if has_any(connection, self._store.schema.datasets[dataset.name], others):
                raise Incomparable("a changed row has a key that another row had")
