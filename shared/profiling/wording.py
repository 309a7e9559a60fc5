"""How facts are worded for people, the same on every output."""

from shared.profiling.printable import visible
from shared.profiling.profile import Bin, ColumnProfile, Distinct, Keys, MostFrequent, PossibleReference


def count(number: int, one: str, several: str | None = None) -> str:
    """Return a number with the thing that it counts."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def percent(part: float, whole: float) -> str:
    """Return a share; 0 % and 100 % are only what is exactly so."""
    if not whole or part in (0, whole):
        return "100 %" if whole and part == whole else "0 %"
    return f"{min(max(part / whole * 100, 0.1), 99.9):.1f} %"


def distinct_text(distinct: Distinct) -> str:
    """Return how many distinct values there are, and how sure that is."""
    if distinct.error is None:
        return f"{distinct.count:,}"
    return f"about {distinct.count:,} (± {distinct.error:.1%})".replace("%", " %")


def type_text(column: ColumnProfile) -> str:
    """Return the type, with what bounds it."""
    if column.type == "decimal":
        return f"decimal, {column.whole_digits} + {column.scale} digits"
    return column.type


def lengths_text(column: ColumnProfile) -> str:
    """Return the shortest and the longest length."""
    if column.shortest == column.longest:
        return count(column.longest or 0, "character")
    return f"{column.shortest:,} to {column.longest:,} characters"


def edges_text(part: Bin) -> str:
    """Return from where to where a bin of a histogram goes."""
    return part.low if part.low == part.high else f"{part.low} to {part.high}"


def frequent_note(most_frequent: MostFrequent) -> str:
    """Say how far off the counts may be; nothing where they are exact."""
    missed = most_frequent.undercount
    return f"each count may be too low by up to {missed:,}" if missed else ""


def key_text(columns: tuple[str, ...]) -> str:
    """Return the columns of a key."""
    return " + ".join(map(visible, columns))


def keys_notes(keys: Keys) -> list[str]:
    """Say what was found, what is unknown, or that there is nothing."""
    if not keys.rows_followed:
        return ["none: there are no rows"]
    notes = [key_text(key) for key in keys.found]
    notes += [f"{key_text(key)}: unknown beyond {keys.rows_followed:,} rows" for key in keys.unknown]
    return notes or ["none: no column, and no few columns together, are never empty and never the same twice"]


def reference_text(reference: PossibleReference) -> str:
    """Return where a column leads, and why it is thought to."""
    arrow = f"{visible(reference.column)} → {reference.dataset}.{reference.key}"
    if not reference.looked_up:
        return f"{arrow}: by name and type alone"
    return f"{arrow}: {reference.found:,} of {count(reference.looked_up, 'value')} looked up are known keys"
