"""Profiles one column, batch by batch."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal

from shared.model.datasets import Column, TypeName
from shared.profiling.anomalies import Anomalies, column_findings, spelling_findings
from shared.profiling.batch import ColumnBatch
from shared.profiling.codes import is_code
from shared.profiling.distinct import DistinctCounter
from shared.profiling.frequent import FrequentValues
from shared.profiling.histogram import ValueSample
from shared.profiling.memory_budget import MemoryBudget
from shared.profiling.notation_inference import inferred, notation_findings, notations, still_fitting
from shared.profiling.profile import ColumnProfile, Distinct, Finding
from shared.profiling.scales import plain
from shared.profiling.type_inference import NUMBERS, WIDEST, Evidence, best_type

_MAX_FREQUENT = 10


class ColumnProfiler:
    """Profiles one column from batches, in bounded memory."""

    def __init__(self, name: str, budget: MemoryBudget, *, has_types: bool) -> None:
        self._name = name
        self._values = 0
        self._empty = 0
        self._lengths: tuple[int, int] | None = None
        self._evidence: dict[TypeName, Evidence] = {name: Evidence(column) for name, column in WIDEST.items()}
        #: Notations that accept every value so far; None before the first value.
        self._notations: list[Evidence] | None = [] if has_types else None
        self._distinct = DistinctCounter(budget.distinct_hashes)
        self._frequent = FrequentValues(budget.counted_values)
        self._sample = ValueSample(budget.sampled_values)
        self._anomalies = Anomalies()
        #: Whether every value is a list or an object of JSON.
        self._is_nested = has_types

    def add(self, batch: ColumnBatch) -> None:
        """Add the column's part of a batch of rows."""
        self._values += len(batch.values)
        self._empty += batch.empty
        if batch.counts:
            lengths = [*map(len, batch.counts), *(self._lengths or ())]
            self._lengths = min(lengths), max(lengths)
        for evidence in self._evidence.values():
            evidence.add(batch)
        if batch.counts:
            self._notations = still_fitting(notations() if self._notations is None else self._notations, batch)
        self._distinct.add(batch.hashes.values())
        self._frequent.add(batch.counts)
        self._sample.add(batch)
        self._anomalies.add(batch)
        self._is_nested = self._is_nested and all(map(_is_nested, batch.counts))

    @property
    def sampled_texts(self) -> Iterator[str]:
        """All values of the column, or a sample of them."""
        return self._sample.texts

    def result(self, *, is_unique: bool) -> ColumnProfile:
        """Return the profile; `is_unique` says whether all values differ and none is empty."""
        evidence = self._best()
        column = _column_of(evidence)
        nulls = evidence.null_markers.total()
        distinct = self._distinct_values(evidence.null_markers, is_unique=is_unique)
        distribution = self._sample.distribution(column)
        least, greatest = _range(evidence)
        shortest, longest = self._lengths or (None, None)
        return ColumnProfile(
            name=self._name,
            type=column.type,
            null=column.null,
            decimal_char=column.decimal_char,
            group_char=column.group_char,
            format=column.format,
            whole_digits=evidence.whole_digits,
            scale=evidence.scale,
            least_scale=evidence.least_scale or 0,
            is_nested=self._is_nested,
            values=self._values - nulls,
            empty=self._empty + nulls,
            unstorable=self._evidence["text"].refused.count,
            distinct=distinct,
            least=least,
            greatest=greatest,
            shortest=shortest,
            longest=longest,
            quantiles=distribution.quantiles,
            most_frequent=self._frequent.result(_MAX_FREQUENT, without=evidence.null_markers),
            histogram=distribution.histogram,
            findings=tuple(self._findings(column.type, distinct)),
        )

    def _best(self) -> Evidence:
        """Return the evidence for the type, or for a text the notation, that accepts every value."""
        best = self._evidence[best_type(self._evidence)]
        if best.type == "text":
            best = inferred(self._notations or ()) or best
        return self._evidence["text"] if best.type in NUMBERS and is_code(self._name) else best

    def _distinct_values(self, null_markers: Collection[str], *, is_unique: bool) -> Distinct:
        texts = Distinct(count=self._values) if is_unique else self._distinct.result()
        return replace(texts, count=texts.count - len(null_markers))

    def _findings(self, type_name: TypeName, distinct: Distinct) -> Iterator[Finding]:
        rows = self._values + self._empty
        yield from column_findings(self._evidence, type_name, rows=rows, empty=self._empty, distinct=distinct.count)
        yield from self._anomalies.findings()
        if best_type(self._evidence) == "text":
            yield from notation_findings(self._notations or ())
        if type_name == "text":
            yield from spelling_findings(self._frequent.counts)


def _is_nested(text: str) -> bool:
    return text[0] + text[-1] in ("[]", "{}")


def _column_of(evidence: Evidence) -> Column:
    """Return a column that accepts every value."""
    return replace(
        evidence.column,
        name="profiled",
        precision=max(1, evidence.whole_digits + evidence.scale),
        scale=evidence.scale,
        null=tuple(sorted({text.strip() for text in evidence.null_markers})),
    )


def _range(evidence: Evidence) -> tuple[str | None, str | None]:
    if evidence.type in ("text", "boolean") or evidence.least is None:
        return None, None
    if evidence.type == "decimal":
        return plain(Decimal(evidence.least)), plain(Decimal(evidence.greatest))
    return _shown(evidence.least), _shown(evidence.greatest)


def _shown(value: object) -> str:
    """Return a value as text, without a fraction of zero in a timestamp."""
    return str(value).removesuffix(".000000")
