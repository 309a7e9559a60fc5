"""Verifying: the kept counts beside what counting the whole tables gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.storage.counting.counts import CountDifference, Counts
from shared.storage.kept_counts import KeptCount
from shared.storage.ledger import completions
from shared.storage.store import Store

#: The most differences that are listed of one count.
MAX_DIFFERENCES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with one kept count, as far as it is listed."""

    count: KeptCount
    is_built: bool
    #: The first MAX_DIFFERENCES.
    differences: Sequence[CountDifference]

    @property
    def is_right(self) -> bool:
        """Whether it can be shown."""
        return self.is_built and not self.differences


def verify_counts(store: Store) -> list[Verdict]:
    """Compare each kept count with its table, both as they are at one moment."""
    counts = Counts(store)
    missing = counts.missing()
    return [
        Verdict(count=count, is_built=count not in missing, differences=counts.differences(count, most=MAX_DIFFERENCES))
        for count in counts.all
    ]


def rebuild_counts(store: Store, wrong: Iterable[KeptCount]) -> None:
    """Build kept counts from their tables, and have the summaries written that are made of them."""
    counts = Counts(store)
    for count in wrong:
        counts.build(count)
    with store.transaction() as connection:
        completions.ask_for_summaries(connection, store.schema)
