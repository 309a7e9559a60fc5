"""The handlers of the writer's messages: one transaction each."""

import logging
from collections.abc import Callable

from services.writer import load_progress
from services.writer.bisection import Merge, merge_all, merge_what_fits
from services.writer.healing import heal_named
from services.writer.merge import Merger
from services.writer.origins import require_own_load
from shared.messaging.envelope import Origin, decode
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.errors import ContradictoryMessage, MalformedMessage, RowsRefused
from shared.model.rows import TypedChunk, type_chunk
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons
from shared.storage.store import Store

_log = logging.getLogger(__name__)


class WriterHandlers:
    """Applies chunks and manifests to the database.

    `on_completed` is called after the commit that completes a load.
    """

    def __init__(self, store: Store, *, on_completed: Callable[[], None]) -> None:
        self._store = store
        self._on_completed = on_completed
        self._mergers = {name: Merger(store, dataset) for name, dataset in store.catalog.datasets.items()}

    def handle(self, body: bytes) -> None:
        """Apply one message to its commit; safe to repeat. Raises TransientError or TerminalError."""
        message = decode(body)
        payload = message.payload
        if isinstance(payload, RowsExtracted | LoadExtracted) and payload.dataset in self._store.held:
            self._put_off(payload, message.origin)
            return
        match payload:
            case RowsExtracted():
                completed = self._apply_chunk(payload, message.origin)
            case LoadExtracted():
                completed = self._apply_manifest(payload, message.origin)
            case _:
                raise MalformedMessage(f"{payload.kind} is not for a writer")
        if completed:
            self._on_completed()

    def mark_dead_lettered(self, load_id: int, reason: str) -> None:
        """Say in the ledger that a message of this load is dead-lettered."""
        with self._store.transaction() as connection:
            load_reasons.mark_dead_lettered(connection, self._store.schema, load_id, reason)

    def mark_recovered(self, load_id: int) -> None:
        """Record in the ledger that a dead letter of this load was applied after all."""
        with self._store.transaction() as connection:
            load_reasons.unmark_dead_lettered(connection, self._store.schema, load_id)

    def _put_off(self, payload: RowsExtracted | LoadExtracted, origin: Origin) -> None:
        """Record in the ledger why a load is held; its watcher publishes it again once it can."""
        why = self._store.held[payload.dataset]
        with self._store.transaction() as connection:
            require_own_load(connection, self._store.schema, payload.load_id, origin)
            load_reasons.explain(connection, self._store.schema, [payload.load_id], load_reasons.DATASET_HELD, why)
        _log.debug("dataset %s is held", payload.dataset, extra=facts("message_put_off", load_id=payload.load_id))

    def _apply_chunk(self, chunk: RowsExtracted, origin: Origin) -> bool:
        dataset = self._store.catalog.datasets.get(chunk.dataset)
        if dataset is None:
            raise ContradictoryMessage(f"load {chunk.load_id}: the configuration has no dataset {chunk.dataset!r}")
        typed, merger = type_chunk(dataset, chunk), self._mergers[dataset.name]
        try:
            return self._enter(chunk, origin, typed, merge_all, merger)
        except RowsRefused as error:
            _log.warning("the database refuses rows: %s", error, extra=_facts("rows_refused", chunk))
        return self._enter(chunk, origin, typed, merge_what_fits, merger)

    def _enter(self, chunk: RowsExtracted, origin: Origin, typed: TypedChunk, merge: Merge, merger: Merger) -> bool:
        """Apply a chunk in one transaction; say whether it completes its load."""
        schema = self._store.schema
        with self._store.transaction() as connection:
            require_own_load(connection, schema, chunk.load_id, origin)
            if not load_progress.enter_chunk(connection, schema, chunk):
                _log.debug("duplicate chunk ignored", extra=_facts("chunk_repeated", chunk))
                return False
            plan, refused = merge(connection, merger, chunk, typed.rows)
            rejections = [*typed.rejections, *refused]
            load_progress.record_rejections(connection, schema, chunk.load_id, rejections)
            heal_named(connection, schema, chunk, rejections)
            load_progress.record_deltas(connection, schema, chunk, plan)
            load_progress.count_chunk(connection, schema, chunk, plan, len(rejections))
            completed = load_progress.complete_if_balanced(connection, schema, chunk.load_id, chunk.dataset)
        _log.debug("a chunk is merged", extra=_facts("chunk_merged", chunk))
        return completed

    def _apply_manifest(self, manifest: LoadExtracted, origin: Origin) -> bool:
        with self._store.transaction() as connection:
            require_own_load(connection, self._store.schema, manifest.load_id, origin)
            load_progress.record_manifest(connection, self._store.schema, manifest)
            return load_progress.complete_if_balanced(
                connection, self._store.schema, manifest.load_id, manifest.dataset
            )


def _facts(action: str, chunk: RowsExtracted) -> dict[str, object]:
    return facts(action, load_id=chunk.load_id, first_row=chunk.first_row, rows=chunk.row_count)
