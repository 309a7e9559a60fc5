"""The order of a table's key, as far as it can be seen in the text of records, without reading their cells. Pure.

Approximately is good enough: neighbours in the table come together, and the writer sorts each chunk exactly. Which line
wins does not depend on the order: rows carry their lines.
"""

from array import array
from collections.abc import Sequence

from shared.extraction.record_blocks import Records


class KeyOrder:
    """Sorts records by the columns at these places."""

    def __init__(self, places: Sequence[int]) -> None:
        self._places = places
        self._is_leading = list(places) == list(range(len(places)))

    def keys(self, texts: list[bytes]) -> list[bytes]:
        """Return what to sort each by."""
        # Most keys are the first columns; the comparison seldom comes to those behind.
        return texts if self._is_leading else list(map(self._key, texts))

    def sort(self, records: Records) -> Records:
        """Return the same records in order; of equal ones, each after those that it was after."""
        keys = self.keys(records.texts)
        order = sorted(range(len(keys)), key=keys.__getitem__)
        return Records(list(map(records.texts.__getitem__, order)), array("q", map(records.lines.__getitem__, order)))

    def _key(self, text: bytes) -> bytes:
        cells = text.split(b",")
        return b",".join([cells[place] for place in self._places if place < len(cells)])
