"""What must be in the end: each drop with the load that it became, and the model of them all."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.books.loads import Load
from shared.datasets import Catalog
from tests.faults.drops import Drop
from tests.support.model import DroppedFile, Model, Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A drop and its load."""

    drop: Drop
    load: Load
    rejects: Sequence[Reject]

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
        each = Loaded(drop=drop, load=load, rejects=())
        if drop.refused is None and not drop.is_changed:
            model.drop(each.as_file)
        loaded.append(Loaded(drop=drop, load=load, rejects=model.rejects[before:]))
    return Expected(loaded=loaded, model=model)


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
