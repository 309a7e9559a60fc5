"""The counts that are kept for the summaries: updated by deltas, not computed from the whole table. Pure."""

import hashlib
from dataclasses import dataclass

from shared.configuration.column_settings import bytes_of, shape
from shared.configuration.dataset_settings import MAX_KEY_BYTES
from shared.model.datasets import Catalog, Dataset, Summary

#: A table's name has at most 64 characters; the rest is for the prefix and the digest.
_MAX_DATASET_PART = 42
_DIGEST_BYTES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCount:
    """The number of rows of a dataset by the values of some of its columns; rows with a NULL there are not counted."""

    #: Of its table.
    name: str
    dataset: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dataset} by {', '.join(self.columns)}"


def kept_counts(catalog: Catalog) -> tuple[KeptCount, ...]:
    """Return the counts that are kept, each once, in the order of the summaries."""
    found = (kept_count_of(summary, catalog) for summary in catalog.summaries)
    return tuple(dict.fromkeys(count for count in found if count))


def kept_count_of(summary: Summary, catalog: Catalog) -> KeptCount | None:
    """Return the kept count that a summary is made from; None if it is computed from the table each time."""
    if summary.count is None:
        return None
    dataset = catalog.datasets[summary.count]
    columns = counted_columns(summary, dataset)
    if not _can_be_kept(dataset, columns, is_referenced=catalog.is_referenced(dataset.name)):
        return None
    return KeptCount(name=_table_name(dataset, columns), dataset=dataset.name, columns=columns)


def counted_columns(summary: Summary, dataset: Dataset) -> tuple[str, ...]:
    """Return the dataset's own columns that a summary counts by: those of its first step, or the column itself."""
    first, *further = summary.by
    return dataset.reference(first).columns if further else (first,)


def _can_be_kept(dataset: Dataset, columns: tuple[str, ...], *, is_referenced: bool) -> bool:
    """Whether the effect of every chunk on a count is known.

    How many inferred members a chunk creates is not known: they must have a NULL in the columns, to be left out of the
    count. Servers format a float differently from us, so its text does not tell which value a row had before a load.
    """
    has_float = any(dataset.column(name).type == "float" for name in columns)
    may_count_inferred = is_referenced and set(columns) <= set(dataset.key)
    return not has_float and not may_count_inferred and bytes_of(map(dataset.column, columns)) <= MAX_KEY_BYTES


def _table_name(dataset: Dataset, columns: tuple[str, ...]) -> str:
    """Name the table after the types of the columns too: a changed type gets a new table beside the old one."""
    shapes = "".join(f"/{name} {shape(dataset.column(name))}" for name in columns)
    digest = hashlib.blake2s(f"{dataset.name}{shapes}".encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"inflow_count_{dataset.name[:_MAX_DATASET_PART]}_{digest}"
