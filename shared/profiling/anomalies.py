"""Anomalies: suspicious values, and findings about a column as a whole."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from shared.model.datasets import TypeName
from shared.profiling.batch import ColumnBatch
from shared.profiling.occurrences import Occurrences
from shared.profiling.profile import Finding
from shared.profiling.type_inference import LEADING_ZERO, Evidence, is_null_marker
from shared.profiling.wording import count, percent
from shared.reading.garbled_text import CONTROLS, DOUBLE_ENCODED, garbled

#: Minimum share of values that another type must accept for the remaining ones to count as exceptions.
_MOSTLY = 0.8
_MAX_SPELLINGS = 5


class Anomalies:
    """Counts the suspicious values of one column."""

    def __init__(self) -> None:
        self._blanks = Occurrences()
        self._null_markers = Occurrences()
        self._leading_zeros = Occurrences()
        self._garbled = {fault: Occurrences() for fault in (DOUBLE_ENCODED, CONTROLS)}
        self._plus_signs = Occurrences()

    def add(self, batch: ColumnBatch) -> None:
        """Add the values of a batch."""
        for text, times in batch.counts.items():
            bare = text.strip()
            if len(bare) != len(text):
                self._blanks.add(text, times, batch.first_lines[text])
            if is_null_marker(text):
                self._null_markers.add(text, times, batch.first_lines[text])
            if LEADING_ZERO.match(text) and bare.lstrip("+-").isdigit():
                self._leading_zeros.add(text, times, batch.first_lines[text])
            fault = garbled(text)
            if fault is not None:
                self._garbled[fault].add(text, times, batch.first_lines[text])

            if bare.startswith("+") and bare[1:].isdigit():
                self._plus_signs.add(text, times, batch.first_lines[text])

    def findings(self) -> Iterator[Finding]:
        """Yield a finding for each kind of suspicious value."""
        yield from _seen(self._null_markers, "placeholder", "looks like a null marker; list it under `null`")
        yield from _seen(self._blanks, "blanks", "begins or ends with a blank, which text columns keep")
        yield from _seen(self._leading_zeros, "leading-zero", "has leading zeros, which an integer column would lose")
        for fault, occurrences in self._garbled.items():
            yield from _seen(occurrences, fault.code, fault.message)
        yield from _seen(self._plus_signs, "plus-sign", "begins with a plus sign, which an integer column would lose")


def column_findings(
    evidence: Mapping[TypeName, Evidence], type_name: TypeName, *, rows: int, empty: int, distinct: int
) -> Iterator[Finding]:
    """Yield the findings about a column as a whole."""
    if rows and empty == rows:
        yield Finding(code="empty", message="every value is empty")
    elif distinct == 1 and rows > 1:
        yield Finding(code="constant", message="all values are the same" + (", or empty" if empty else ""))
    yield from _seen(evidence["text"].refused, "unstorable", "can't be stored, even as text")
    if type_name == "text":
        yield from _mixed(evidence)


def spelling_findings(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Yield a finding if values differ only in case or in blanks around them."""
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for value in counts:
        spellings[value.strip().casefold()].append(value)
    groups = [sorted(group) for _, group in sorted(spellings.items()) if len(group) > 1]
    if groups:
        shown = "; ".join(" = ".join(map(repr, group)) for group in groups[:_MAX_SPELLINGS])
        more = f"; and {len(groups) - _MAX_SPELLINGS} more" if len(groups) > _MAX_SPELLINGS else ""
        yield Finding(code="spelling", message=f"differ only in case or blanks: {shown}{more}")


def _mixed(evidence: Mapping[TypeName, Evidence]) -> Iterator[Finding]:
    """Yield the type that most values of a text column have, with the exceptions."""
    values = evidence["text"].taken + evidence["text"].refused.count
    mostly = max((found for found in evidence.values() if found.type != "text"), key=lambda found: found.taken)
    if values and _MOSTLY * values <= mostly.taken and mostly.refused.count:
        article = "an" if mostly.type == "integer" else "a"
        what = f"{percent(mostly.taken, values)} of the values are {article} {mostly.type}, the others are not"
        yield from _seen(mostly.refused, "mixed-types", what)


def _seen(occurrences: Occurrences, code: str, what: str) -> Iterator[Finding]:
    if occurrences.count:
        shown = ", ".join(occurrences.examples)
        message = f"{what}: {count(occurrences.count, 'value')}, {shown}"
        yield Finding(code=code, message=message, lines=occurrences.lines)
