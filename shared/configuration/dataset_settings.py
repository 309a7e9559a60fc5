"""The datasets of inflow.toml: files, columns, keys and references, read and checked against each other."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from shared.configuration.column_settings import BYTES_PER_CHARACTER, bytes_of, check_name, declared, read_column, shape
from shared.configuration.read_settings import read_settings_of
from shared.configuration.toml_problems import quoted, shown
from shared.configuration.toml_tables import TomlTable
from shared.model.datasets import NOTHING_FIXED, Column, Dataset, Marker, ReadSettings, Reference, RejectLimit

_MARKERS: Sequence[Marker] = ("done", "sha256")
#: Prefix of the names of Inflow's own tables.
OWN_TABLES = "inflow_"
#: Limits of InnoDB.
MAX_KEY_COLUMNS = 16
MAX_KEY_BYTES = 3072
#: MySQL's limit is 65,535; the difference is for the marks, the lengths of texts and the NULL bits.
MAX_ROW_BYTES = 65_000
_SHARE = re.compile(r"(?:100|[0-9]{1,2}(?:\.[0-9]{1,6})?)%")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDraft:
    """The valid parts of a dataset: a part that is wrong is None or empty, and causes no further message."""

    name: str
    table: TomlTable
    files: tuple[str, ...]
    columns: Mapping[str, Column | None]
    key: tuple[str, ...]
    max_rejects: RejectLimit | None
    read: ReadSettings = NOTHING_FIXED
    wait_for: Marker | None = None
    references: Mapping[str, Reference | None] = field(default_factory=dict)

    @property
    def targets(self) -> set[str]:
        """Names of the other datasets that this one refers to."""
        return {reference.dataset for reference in self.references.values() if reference} - {self.name}

    def dataset(self) -> Dataset:
        """Return the dataset; call this only if no problem was found."""
        return Dataset(
            name=self.name,
            files=self.files,
            columns=tuple(column for column in self.columns.values() if column),
            key=self.key,
            wait_for=self.wait_for,
            references=tuple(reference for reference in self.references.values() if reference),
            max_rejects=self.max_rejects,
            read=self.read,
        )


def read_datasets(root: TomlTable) -> dict[str, DatasetDraft]:
    """Return the datasets in the order of the file, with every problem reported."""
    tables = root.tables("datasets", "[datasets.NAME]", required=True)
    drafts = {name: _draft(name, table) for name, table in tables.items()}
    # A reference may point to a dataset that is declared below its own.
    return {name: replace(draft, references=_references(draft, drafts)) for name, draft in drafts.items()}


def _draft(name: str, table: TomlTable) -> DatasetDraft:
    """Return a dataset without its references."""
    check_name(table, name)
    if name.startswith(OWN_TABLES):
        table.problem(f"invalid name; expected one that does not begin with {OWN_TABLES}, as Inflow's own tables do")
    table.check_known(("files", "key", "max_rejects", "columns", "references", "read", "wait_for"))
    files, key = _files(table), table.texts("key", "a list of column names")
    entries = table.tables("columns", 'NAME = { type = "text" }', required=True)
    columns = {column: read_column(column, entry, in_key=column in key) for column, entry in entries.items()}
    _check_row(table, columns.values())
    _check_labels(entries, columns)
    key = declared(table, "key", key, columns)
    _check_key(table, [columns[column] for column in key])
    wait_for = table.choice("wait_for", _MARKERS) if "wait_for" in table else None
    max_rejects, read = _max_rejects(table), read_settings_of(table)
    return DatasetDraft(
        name=name,
        table=table,
        files=files,
        columns=columns,
        key=key,
        max_rejects=max_rejects,
        read=read,
        wait_for=wait_for,
    )


def _files(table: TomlTable) -> tuple[str, ...]:
    patterns = table.texts("files", 'a list of patterns for file names, such as "people*.csv"')
    for number, pattern in enumerate(patterns):
        if "/" in pattern:
            table.problem(f"files contains {quoted(pattern)}; expected a pattern without /", "files", number)
    return patterns


def _max_rejects(table: TomlTable) -> RejectLimit | None:
    match table.value("max_rejects"):
        case None:
            return None
        case int(rows) if rows >= 0 and not isinstance(rows, bool):
            return RejectLimit(rows=rows)
        case str(share) if _SHARE.fullmatch(share):
            return RejectLimit(percent=Decimal(share.removesuffix("%")))
        case other:
            expected = 'a number of rows, such as 100, or a percentage, such as "5%"'
            table.problem(f"max_rejects is {shown(other)}; expected {expected}", "max_rejects")
            return None


def _check_labels(entries: Mapping[str, TomlTable], columns: Mapping[str, Column | None]) -> None:
    """Report each column that has the same name in files as a column before it."""
    taken: dict[str, str] = {}
    for name, column in columns.items():
        if column is None:
            continue
        other = taken.setdefault(column.expected_label, name)
        if other != name:
            found = f"its name in files is {quoted(column.expected_label)}, the same as that of {other}"
            entries[name].problem(f"{found}; expected different names: set another label")


def _check_row(table: TomlTable, columns: Collection[Column | None]) -> None:
    size = bytes_of(columns)
    if size > MAX_ROW_BYTES:
        expected = f"at most {MAX_ROW_BYTES}, the limit of MySQL for a row"
        table.problem(_too_many_bytes("the columns take", size, expected), "columns")


def _check_key(table: TomlTable, columns: Collection[Column | None]) -> None:
    if len(columns) > MAX_KEY_COLUMNS:
        expected = f"at most {MAX_KEY_COLUMNS}, the limit of InnoDB"
        table.problem(f"key has {len(columns)} columns; expected {expected}", "key")
    size = bytes_of(columns)
    if size > MAX_KEY_BYTES:
        expected = f"at most {MAX_KEY_BYTES}, the limit of InnoDB"
        table.problem(_too_many_bytes("key takes", size, expected), "key")


def _too_many_bytes(found: str, size: int, expected: str) -> str:
    per_character = f"{BYTES_PER_CHARACTER} for each character of a text"
    return f"{found} up to {size} bytes, {per_character}; expected {expected}: shorten a length"


def _references(draft: DatasetDraft, drafts: Mapping[str, DatasetDraft]) -> dict[str, Reference | None]:
    example = 'NAME = { columns = ["COLUMN"], dataset = "DATASET" }'
    tables = draft.table.tables("references", example)
    return {name: _reference(name, table, draft, drafts) for name, table in tables.items()}


def _reference(
    name: str, table: TomlTable, draft: DatasetDraft, drafts: Mapping[str, DatasetDraft]
) -> Reference | None:
    check_name(table, name)
    table.check_known(("columns", "dataset"))
    columns = declared(table, "columns", table.texts("columns", "a list of column names"), draft.columns)
    target = table.choice("dataset", drafts)
    if target is None or not columns:
        return None
    _check_same_key(table, [draft.columns[column] for column in columns], drafts[target])
    return Reference(name=name, columns=columns, dataset=target) if table.is_sound else None


def _check_same_key(table: TomlTable, columns: Sequence[Column | None], target: DatasetDraft) -> None:
    """Report columns that don't match the key of the referenced dataset, unless that key itself is wrong."""
    if target.key and len(columns) != len(target.key):
        expected = f"{len(target.key)}, as the key of {target.name} is {', '.join(target.key)}"
        table.problem(f"columns are {len(columns)}; expected {expected}", "columns")
        return
    for number, (own, name) in enumerate(zip(columns, target.key, strict=False)):
        other = target.columns[name]
        if own and other and shape(own) != shape(other):
            found = f"columns names {quoted(own.name)}, which is {shape(own)}"
            table.problem(f"{found}; expected {shape(other)}, as {target.name}.{name} is", "columns", number)
