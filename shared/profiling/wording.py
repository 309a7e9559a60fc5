"""Wording of profile facts, the same for every output."""

from shared.profiling.printable import visible
from shared.profiling.profile import (
    MAX_COMBINED_COLUMNS,
    Bin,
    ColumnProfile,
    Distinct,
    Keys,
    MostFrequent,
    PossibleReference,
)


def count(number: int, one: str, several: str | None = None) -> str:
    """Return a number and the noun that it counts."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def percent(part: float, whole: float) -> str:
    """Return a percentage; only exact values are shown as 0 % and 100 %."""
    if not whole or part in (0, whole):
        return "100 %" if whole and part == whole else "0 %"
    return f"{min(max(part / whole * 100, 0.1), 99.9):.1f} %"


def distinct_text(distinct: Distinct) -> str:
    """Return the number of distinct values, with its error if it is an estimate."""
    if distinct.error is None:
        return f"{distinct.count:,}"
    return f"about {distinct.count:,} (± {distinct.error:.1%})".replace("%", " %")


def type_text(column: ColumnProfile) -> str:
    """Return the type, with the digits of a decimal."""
    if column.type == "decimal":
        return f"decimal, {column.whole_digits} + {column.scale} digits"
    return column.type


def lengths_text(column: ColumnProfile) -> str:
    """Return the shortest and the longest length."""
    if column.shortest == column.longest:
        return count(column.longest or 0, "character")
    return f"{column.shortest:,} to {column.longest:,} characters"


def edges_text(part: Bin) -> str:
    """Return the range of a bin."""
    return part.low if part.low == part.high else f"{part.low} to {part.high}"


def frequent_note(most_frequent: MostFrequent) -> str:
    """Return the possible error of the counts; empty if they are exact."""
    missed = most_frequent.undercount
    return f"each count may be too low by up to {missed:,}" if missed else ""


def key_text(columns: tuple[str, ...]) -> str:
    """Return the columns of a key."""
    return " + ".join(map(visible, columns))


def keys_notes(keys: Keys) -> list[str]:
    """Return the keys that were found and those that are unknown, or the reason why there is none."""
    if not keys.rows_followed:
        return ["none: there are no rows"]
    notes = [key_text(key) for key in keys.found]
    notes += [f"{key_text(key)}: unknown beyond {keys.rows_followed:,} rows" for key in keys.unknown]
    return notes or [f"none: no combination of up to {MAX_COMBINED_COLUMNS} columns is unique and non-null"]


def reference_text(reference: PossibleReference) -> str:
    """Return a possible reference, and the evidence for it."""
    arrow = f"{visible(reference.column)} → {reference.dataset}.{reference.key}"
    if not reference.looked_up:
        return f"{arrow}: only by name and type"
    return f"{arrow}: {reference.found:,} of {count(reference.looked_up, 'value')} found among its keys"
