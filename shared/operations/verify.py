"""Verifying: compares the kept counts with counts of the whole tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.storage.counting.counts import CountDifference, Counts
from shared.storage.kept_counts import KeptCount
from shared.storage.ledger import completions
from shared.storage.store import Store

#: The maximum number of differences listed for one count.
MAX_DIFFERENCES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result for one kept count."""

    count: KeptCount
    is_built: bool
    #: The first MAX_DIFFERENCES.
    differences: Sequence[CountDifference]

    @property
    def is_right(self) -> bool:
        """Whether the count is correct."""
        return self.is_built and not self.differences


def verify_counts(store: Store) -> list[Verdict]:
    """Compare each kept count with its table, both at the same moment."""
    counts = Counts(store)
    missing = counts.missing()
    return [
        Verdict(count=count, is_built=count not in missing, differences=counts.differences(count, most=MAX_DIFFERENCES))
        for count in counts.all
    ]


def rebuild_counts(store: Store, wrong: Iterable[KeptCount]) -> None:
    """Build kept counts from their tables, and request the summaries that use them."""
    counts = Counts(store)
    for count in wrong:
        counts.build(count)
    with store.transaction() as connection:
        completions.request_summaries(connection, store.schema)
