"""Infers the notation of numbers, dates and timestamps that are not in the default notation. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from shared.model.datasets import Column
from shared.profiling.batch import ColumnBatch
from shared.profiling.profile import Finding
from shared.profiling.type_inference import WIDEST, Evidence

#: Decimal and group separators. Of notations that read the same, the first is proposed.
_SIGNS = ((",", ""), (",", "."), (",", " "), (",", "\xa0"), (",", "'"), (".", ","), (".", " "), (".", "'"))
_GROUPS = (",", ".", " ", "\xa0", "'")
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y")
_HOURS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")


def notations() -> list[Evidence]:
    """Return empty evidence for each notation."""
    return [Evidence(column, is_strict=True) for column in _columns()]


def still_fitting(tried: Sequence[Evidence], batch: ColumnBatch) -> list[Evidence]:
    """Add a batch, and return the notations that still accept every value."""
    for evidence in tried:
        evidence.add(batch)
    return [evidence for evidence in tried if not evidence.refused.count]


def _columns() -> Iterator[Column]:
    for group in _GROUPS:
        yield replace(WIDEST["integer"], group_char=group)
    for point, group in _SIGNS:
        yield replace(WIDEST["decimal"], decimal_char=point, group_char=group)
    for day in _DAYS:
        yield replace(WIDEST["date"], format=day)
        for hour in _HOURS:
            yield replace(WIDEST["timestamp"], format=f"{day} {hour}")


def inferred(tried: Sequence[Evidence]) -> Evidence | None:
    """Return the notation that accepts every value; None if none does, or if several do with different results."""
    fitting = [evidence for evidence in tried if evidence.accepts_all]
    return fitting[0] if fitting and len({_reading(evidence) for evidence in fitting}) == 1 else None


def notation_findings(tried: Sequence[Evidence]) -> Iterator[Finding]:
    """Yield a finding with the notation of a column, or with the possible ones."""
    fitting = [evidence for evidence in tried if evidence.accepts_all]
    chosen = inferred(tried)
    if chosen is not None:
        yield Finding(code="notation", message=f"written with {_settings(chosen.column)}")
    elif fitting:
        ways = " or ".join(f"{evidence.type} with {_settings(evidence.column)}" for evidence in _different(fitting))
        yield Finding(code="notation", message=f"may be {ways}: declare the right one")


def _different(fitting: Sequence[Evidence]) -> Iterable[Evidence]:
    """Return the first notation of each reading."""
    first: dict[object, Evidence] = {}
    for evidence in fitting:
        first.setdefault(_reading(evidence), evidence)
    return first.values()


def _reading(evidence: Evidence) -> object:
    """Return a value that is equal for notations that read the same.

    Number notations that read the same range read the same; dates may have day and month swapped within the same range.
    """
    if evidence.type in ("integer", "decimal"):
        return Decimal(evidence.least), Decimal(evidence.greatest)
    return evidence.column.format


def _settings(column: Column) -> str:
    return " and ".join(f"{name} {sign!r}" for name, sign in column.notation.items())
