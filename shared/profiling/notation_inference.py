"""Numbers, dates and timestamps in other signs than those that we take by default: which are meant. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from shared.model.datasets import Column
from shared.profiling.batch import ColumnBatch
from shared.profiling.profile import Finding
from shared.profiling.type_inference import WIDEST, Evidence

#: What stands before the fraction, and between groups of three digits. Of equals the first is proposed.
_SIGNS = ((",", ""), (",", "."), (",", " "), (",", "\xa0"), (",", "'"), (".", ","), (".", " "), (".", "'"))
_GROUPS = (",", ".", " ", "\xa0", "'")
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y")
_HOURS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")


def notations() -> list[Evidence]:
    """Return evidence for each notation."""
    return [Evidence(column, is_strict=True) for column in _columns()]


def still_fitting(tried: Sequence[Evidence], batch: ColumnBatch) -> list[Evidence]:
    """Return those that take the values of a further batch, too: one value that does not fit ends a notation."""
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


def meant(tried: Sequence[Evidence]) -> Evidence | None:
    """Return the notation that takes every value; None where none does, or several do and differ in what they read."""
    takers = [evidence for evidence in tried if evidence.takes_all]
    return takers[0] if takers and len({_reading(evidence) for evidence in takers}) == 1 else None


def notation_findings(tried: Sequence[Evidence]) -> Iterator[Finding]:
    """Say how a column is written, or how it may be."""
    takers = [evidence for evidence in tried if evidence.takes_all]
    chosen = meant(tried)
    if chosen is not None:
        yield Finding(code="notation", message=f"written with {_settings(chosen.column)}")
    elif takers:
        ways = " or ".join(f"{evidence.type} with {_settings(evidence.column)}" for evidence in _different(takers))
        yield Finding(code="notation", message=f"may be {ways}: declare the one that is meant")


def _different(takers: Sequence[Evidence]) -> Iterable[Evidence]:
    """Return the first one of each reading."""
    first: dict[object, Evidence] = {}
    for evidence in takers:
        first.setdefault(_reading(evidence), evidence)
    return first.values()


def _reading(evidence: Evidence) -> object:
    """Two notations of numbers that read the same range read the same; days and months may change places in any."""
    if evidence.type in ("integer", "decimal"):
        return Decimal(evidence.least), Decimal(evidence.greatest)
    return evidence.column.format


def _settings(column: Column) -> str:
    return " and ".join(f"{name} {sign!r}" for name, sign in column.notation.items())
