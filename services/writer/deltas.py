"""What a chunk adds to the kept counts of its dataset, as numbers and as texts. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

import orjson

from services.writer.outcomes import Deltas, Key
from shared.rows import TypedRow
from shared.values import Value

#: What many of these texts take together bounds the memory of who folds them.
_LARGEST_TEXT_BYTES = 128 * 1024


def key_getter(positions: Sequence[int]) -> Callable[[TypedRow], Key]:
    """Return the function that takes a row's values at these positions."""
    if len(positions) == 1:
        # A slice is a tuple too, and is cut without any Python code of ours.
        return itemgetter(slice(positions[0], positions[0] + 1))
    return itemgetter(*positions)


def difference(written: Iterable[Key], replaced: Iterable[tuple[Key, int]]) -> dict[Key, int]:
    """Return what is added where rows of these keys are written, and so many of each go; a NULL counts for none."""
    counter = Counter(written)
    for key, count in replaced:
        counter[key] -= count
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
    if len(text) <= _LARGEST_TEXT_BYTES or len(rows) <= 1:
        yield text.decode()
        return
    middle = len(rows) // 2
    yield from _texts(names, rows[:middle])
    yield from _texts(names, rows[middle:])
