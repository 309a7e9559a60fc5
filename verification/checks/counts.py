"""Checks the kept counts: each, with the deltas not folded yet, equals a full count of its dataset."""

from collections.abc import Iterator

from tests.support.counts import rows_by
from verification.checks.expected import Expected
from verification.checks.stored import Stored


def count_problems(stored: Stored, expected: Expected) -> Iterator[str]:
    """Yield the errors of all kept counts."""
    for count, found in stored.counts.items():
        if count.name not in stored.built:
            yield f"the count of {count} is not built"
        dataset = expected.model.catalog.datasets[count.dataset]
        wanted = rows_by(dataset, expected.model.tables[count.dataset].values(), count.columns)
        for key in sorted(wanted.keys() | found.keys()):
            if wanted[key] != found.get(key, 0):
                yield f"the count of {count} keeps {found.get(key, 0)} of {key}; expected {wanted[key]}"
