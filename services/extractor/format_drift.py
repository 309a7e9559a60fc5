"""Remembers the format of a feed's files, and that of a load which is resumed: a file that differs is refused."""

from fnmatch import fnmatchcase
from pathlib import PurePath

from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.header import Header
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.model.reject_files import has_report
from shared.reading.format_signature import FormatSignature
from shared.reading.read_plan import ReadPlan
from shared.storage.ledger import loads
from shared.storage.ledger.loads import ReadAs
from shared.storage.store import Store

_MAX_FEED_CHARACTERS = 255


def format_of_feed(file: ClaimedFile, plan: ReadPlan, header: Header, store: Store) -> ReadAs:
    """Return the ledger's entry of how a file is read. FileRefused if it differs from that of the file before it.

    That is the file before it in its feed: of the same dataset, and with a name that fits the same pattern.
    """
    dataset, load_id = file.dataset, file.claimed.load_id
    feed = feed_of(file.claimed.original, dataset)
    manner = FormatSignature.of(plan)
    if has_report(header.names):
        # Rejected rows come back in our dialect, whatever their file's was.
        return ReadAs(feed=feed, manner=None, description=str(plan), confidence=plan.confidence)
    with store.transaction() as connection:
        earlier = loads.signature_before(connection, store.schema, load_id, dataset.name, feed)
    differences = [*manner.differences(FormatSignature.from_json(earlier), dataset.read)] if earlier else []
    if differences:
        raise FileRefused(
            "format-changed",
            f"files of this kind, {feed}, are written otherwise by now: {'; '.join(differences)}; if that is meant,"
            " fix it in the dataset's [read] table of inflow.toml and drop the file again",
        )
    return ReadAs(feed=feed, manner=manner.as_json(), description=str(plan), confidence=plan.confidence)


def require_same_reading(file: ClaimedFile, plan: ReadPlan, store: Store) -> None:
    """Return if a resumed load is read as it was before: else its chunks would have other rows than those merged.

    Another version of the program, or another inflow.toml, may read a file differently. Raises FileRefused.
    """
    load_id = file.claimed.load_id
    with store.transaction() as connection:
        load = loads.find(connection, store.schema, [load_id])[load_id]
    if load.read_as in (None, str(plan)):
        return
    file.require_version()
    raise FileRefused(
        "reading-changed",
        f"its load was interrupted, and the file is read differently since Inflow or inflow.toml has changed: before"
        f" as {load.read_as}; now as {plan}; rows merged: {load.rows_done}; drop the file again to load all of it",
    )


def feed_of(name: str, dataset: Dataset) -> str:
    """Name the feed of a file: the pattern that its name fits, and its ending."""
    fitting = (pattern for pattern in dataset.files if fnmatchcase(name.lower(), pattern.lower()))
    return f"{next(fitting, '*')} {PurePath(name).suffix.lower()}".strip()[:_MAX_FEED_CHARACTERS]
