"""The expected end state: each drop with its load, and the model of all of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from shared.model.datasets import Catalog
from shared.storage.ledger.loads import Load
from tests.support.model import Accounts, DroppedFile, Model, Reject
from verification.drops import Drop


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A drop, and the load that it became."""

    drop: Drop
    load: Load
    rejects: Sequence[Reject]
    #: The load's accounts, exact if it overlaps no other load; None if the model has no row of it.
    accounts: Accounts | None

    @property
    def as_file(self) -> DroppedFile:
        """The drop in the form that the model expects."""
        return DroppedFile(
            load_id=self.load.load_id,
            dataset=self.drop.dataset or "",
            header=self.drop.header,
            rows=self.drop.rows,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """All loads in order, and the model after all of them."""

    loaded: Sequence[Loaded]
    model: Model


def expect(catalog: Catalog, pairs: Iterable[tuple[Drop, Load]]) -> Expected:
    """Compute the result of the drops, in the order of their loads."""
    model = Model(catalog)
    loaded = []
    for drop, load in pairs:
        before = len(model.rejects)
        each = Loaded(drop=drop, load=load, rejects=(), accounts=None)
        accounts = model.drop(each.as_file) if drop.refused is None and not drop.is_changed else None
        loaded.append(replace(each, rejects=model.rejects[before:], accounts=accounts))
    return Expected(loaded=loaded, model=model)


def without_overlap(loaded: Sequence[Loaded]) -> Iterator[Loaded]:
    """Yield the loads that found their table in the model's state and overlapped no other load.

    The model does not know the rows of a file that changed after its claim.
    """
    for each in loaded:
        others = [other for other in loaded if other is not each and _is_loaded_into(other, each.drop.dataset)]
        is_known = not any(other.drop.is_changed and other.load.load_id < each.load.load_id for other in others)
        if each.accounts is not None and is_known and not any(_overlap(each.load, other.load) for other in others):
            yield each


def _is_loaded_into(loaded: Loaded, dataset: str | None) -> bool:
    return loaded.drop.refused is None and loaded.drop.dataset == dataset


def _overlap(one: Load, other: Load) -> bool:
    """Whether two loads may have merged rows at the same time."""
    return _begins_before_the_end(one, other) and _begins_before_the_end(other, one)


def _begins_before_the_end(one: Load, other: Load) -> bool:
    """Equal times count as overlapping: two consecutive loads may have recorded the same time."""
    return other.completed_at is None or one.claimed_at <= other.completed_at


def pair(drops: Sequence[Drop], loads: Sequence[Load]) -> tuple[list[tuple[Drop, Load]], list[str]]:
    """Match loads with drops: the k-th load of a name belongs to its k-th drop. Unmatched ones are problems."""
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
