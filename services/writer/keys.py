"""The positions of a key's columns in a row, and the function that takes them from it. Pure."""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from services.writer.outcomes import Key
from shared.model.rows import TypedRow


def positions(columns: Iterable[str], names: Sequence[str]) -> list[int]:
    """Return the positions of these columns among all names."""
    return [names.index(column) for column in columns]


def key_getter(positions: Sequence[int]) -> Callable[[TypedRow], Key]:
    """Return the function that takes a row's values at these positions."""
    if len(positions) == 1:
        # A slice is a tuple too, and is cut without any Python code of ours.
        return itemgetter(slice(positions[0], positions[0] + 1))
    return itemgetter(*positions)
