"""What must be in the end: each drop with the load that it became, and the model of them all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.model.datasets import Catalog
from shared.storage.ledger.loads import Load
from tests.support.model import Accounts, DroppedFile, Model, Reject
from verification.drops import Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A drop and its load."""

    drop: Drop
    load: Load
    rejects: Sequence[Reject]
    #: Its accounts, if it overlaps no other load; None where the model has no row of it.
    accounts: Accounts | None

    @property
    def as_file(self) -> DroppedFile:
        """The drop as the model takes it."""
        return DroppedFile(
            load_id=self.load.load_id,
            dataset=self.drop.dataset or "",
            header=self.drop.header,
            rows=self.drop.rows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """All loads in order, and the model after them."""

    loaded: Sequence[Loaded]
    model: Model


def expect(catalog: Catalog, pairs: Iterable[tuple[Drop, Load]]) -> Expected:
    """Compute what the drops come to, in the order of their loads."""
    model = Model(catalog)
    loaded = []
    for drop, load in pairs:
        before = len(model.rejects)
        each = Loaded(drop=drop, load=load, rejects=(), accounts=None)
        accounts = model.drop(each.as_file) if drop.refused is None and not drop.is_changed else None
        loaded.append(replace(each, rejects=model.rejects[before:], accounts=accounts))
    return Expected(loaded=loaded, model=model)


def without_overlap(loaded: Sequence[Loaded]) -> Iterator[Loaded]:
    """Yield the loads that found their table as the model did, and had it to themselves until they were complete.

    What a file that changed after its claim left in the table, the model does not know.
    """
    for each in loaded:
        others = [other for other in loaded if other is not each and _is_loaded_into(other, each.drop.dataset)]
        is_known = not any(other.drop.is_changed and other.load.load_id < each.load.load_id for other in others)
        if each.accounts is not None and is_known and not any(_overlap(each.load, other.load) for other in others):
            yield each


def _is_loaded_into(loaded: Loaded, dataset: str | None) -> bool:
    return loaded.drop.refused is None and loaded.drop.dataset == dataset


def _overlap(one: Load, other: Load) -> bool:
    """Whether two loads may have merged rows in turns."""
    return _begins_before_the_end(one, other) and _begins_before_the_end(other, one)


def _begins_before_the_end(one: Load, other: Load) -> bool:
    """At the same moment counts, too: two that are one after the other may say the same time."""
    return other.completed_at is None or one.claimed_at <= other.completed_at


def pair(drops: Sequence[Drop], loads: Sequence[Load]) -> tuple[list[tuple[Drop, Load]], list[str]]:
    """Give each load its drop: the k-th load of a name is the k-th drop of it. What is left over is a problem."""
    waiting: defaultdict[str, list[Drop]] = defaultdict(list)
    for drop in drops:
        waiting[drop.name].append(drop)
    pairs, problems = [], []
    for load in sorted(loads, key=lambda load: load.load_id):
        if waiting[load.file]:
            pairs.append((waiting[load.file].pop(0), load))
        else:
            problems.append(f"load {load.load_id} is of a file that was not dropped so often: {load.file}")
    problems += [f"{drop.name} was dropped and has no load" for left in waiting.values() for drop in left]
    return pairs, problems
