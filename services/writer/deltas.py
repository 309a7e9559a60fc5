"""The differences that a chunk makes to the kept counts of its dataset, as numbers and as texts. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import orjson

from services.writer.keys import key_getter, positions
from services.writer.outcomes import Deltas, Key, MergePlan, Stored
from shared.model.datasets import Dataset
from shared.model.rows import TypedRow
from shared.model.values import Value
from shared.storage.kept_counts import KeptCount

#: The total size of many of these texts bounds the memory of the process that folds them.
_MAX_TEXT_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """One count, and where its key is in a row of the file and in what is asked of a stored one."""

    name: str
    of_row: Callable[[TypedRow], Key]
    of_stored: Callable[[TypedRow], Key]


class DeltaCounter:
    """Works out what the chunks of one dataset add to its kept counts."""

    def __init__(self, dataset: Dataset, counts: Iterable[KeptCount]) -> None:
        mine = [count for count in counts if count.dataset == dataset.name]
        #: Those that the counts are by, each once.
        self.columns = tuple(dict.fromkeys(column for count in mine for column in count.columns))
        self._counted = [
            _Counted(
                name=count.name,
                of_row=key_getter(positions(count.columns, dataset.column_names)),
                of_stored=key_getter(positions(count.columns, self.columns)),
            )
            for count in mine
        ]

    def deltas(self, plan: MergePlan, stored: Mapping[int, Stored]) -> Deltas:
        """Return what a plan adds to each count; `stored` has an entry, by line, for each row to update."""
        written = [row for _, row in chain(plan.insert, plan.update)]
        replaced = [stored[line].counted for line, _ in plan.update]
        return {
            each.name: difference(map(each.of_row, written), map(each.of_stored, replaced)) for each in self._counted
        }


def difference(written: Iterable[Key], replaced: Iterable[Key]) -> dict[Key, int]:
    """Return what is added where rows of these keys are written and others go; one with a NULL counts for none."""
    counter = Counter(written)
    counter.subtract(replaced)
    return {key: count for key, count in counter.items() if count and None not in key}


def as_texts(deltas: Deltas) -> Iterator[str]:
    """Write deltas as JSON, in as many texts as it takes; each names all counts, with the values and the difference."""
    rows = [(name, [*key, count]) for name, keys in deltas.items() for key, count in keys.items()]
    return _texts(tuple(deltas), rows)


def _texts(names: Sequence[str], rows: Sequence[tuple[str, list[Value]]]) -> Iterator[str]:
    document: dict[str, list[list[Value]]] = {name: [] for name in names}
    for name, row in rows:
        document[name].append(row)
    text = orjson.dumps(document)
    if len(text) <= _MAX_TEXT_BYTES or len(rows) <= 1:
        yield text.decode()
        return
    middle = len(rows) // 2
    yield from _texts(names, rows[:middle])
    yield from _texts(names, rows[middle:])
