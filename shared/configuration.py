"""What inflow.toml declares, read and checked: datasets and summaries, or everything that is wrong with them."""

import importlib.resources
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from shared.datasets import Catalog, Column, Dataset, Reference, Summary, SummaryFormat, TypeName
from shared.errors import ConfigurationError
from shared.toml_lines import TomlTable, hint, quoted, read_toml

_FILE_NAME = "inflow.toml"
_TYPES: tuple[TypeName, ...] = get_args(TypeName)
_FORMATS: tuple[SummaryFormat, ...] = get_args(SummaryFormat)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_EXPECTED_NAME = "a lower-case letter, then at most 62 lower-case letters, digits and underscores"
_OWN_TABLES = "inflow_"
_OWN_FILES = re.compile(r"inbox|processing|archive|rejected|inflow\.db.*", re.IGNORECASE)
_QUERY = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)

#: Which type each setting belongs to, and between which two numbers it lies. A longer text is no VARCHAR of utf8mb4.
_NUMBERS = {"length": ("text", 1, 16383), "precision": ("decimal", 1, 65), "scale": ("decimal", 0, 30)}
#: The most bytes a value takes in InnoDB, other than a text.
_BYTES = {"integer": 8, "decimal": 30, "date": 3, "timestamp": 8, "boolean": 1}
_BYTES_PER_CHARACTER = 4
_LONGEST_KEY_BYTES = 3072
_LONGEST_KEY_COLUMNS = 16
#: MySQL's limit is 65,535; the rest is for the marks, the lengths of texts and the bits of NULL.
_LONGEST_ROW_BYTES = 65_000


def load_catalog(path: Path | None) -> Catalog:
    """Read a configuration file; without a path ./inflow.toml, else the built-in default."""
    if path is not None:
        return parse_catalog(_text_of(path), source=str(path))
    if Path(_FILE_NAME).exists():
        return load_catalog(Path(_FILE_NAME))
    # By name: nothing in shared imports the package of the command line.
    default = importlib.resources.files("inflow") / "default.toml"
    return parse_catalog(default.read_text(encoding="utf-8"), source="built-in default.toml")


def parse_catalog(text: str, *, source: str) -> Catalog:
    """Return what the text of a configuration file declares; ConfigurationError lists every problem."""
    root = read_toml(text, source=source)
    root.check_known(("datasets", "summaries"))
    tables = root.tables("datasets", "[datasets.NAME]", required=True)
    drafts = {name: _draft(name, table) for name, table in tables.items()}
    for draft in drafts.values():
        draft.references.update(_references(draft, drafts))
    order = _referenced_first(drafts)
    summaries = _summaries(root, drafts)
    root.raise_problems()
    return Catalog(datasets={name: drafts[name].dataset() for name in order}, summaries=summaries)


def _text_of(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark, which TOML does not know.
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8; expected a text in UTF-8") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A dataset as far as it is right: a part that is wrong is None or empty, and causes no second message."""

    name: str
    table: TomlTable
    files: tuple[str, ...]
    columns: dict[str, Column | None]
    key: tuple[str, ...]
    references: dict[str, Reference | None] = field(default_factory=dict)

    @property
    def targets(self) -> set[str]:
        """Names of the other datasets that this one refers to."""
        return {reference.dataset for reference in self.references.values() if reference} - {self.name}

    def dataset(self) -> Dataset:
        """Return the dataset, of which everything is right."""
        return Dataset(
            name=self.name,
            files=self.files,
            columns=tuple(column for column in self.columns.values() if column),
            key=self.key,
            references=tuple(reference for reference in self.references.values() if reference),
        )


def _draft(name: str, table: TomlTable) -> _Draft:
    _check_name(table, name)
    if name.startswith(_OWN_TABLES):
        table.problem(f"bad name; names that begin with {_OWN_TABLES} are for Inflow's own tables")
    table.check_known(("files", "key", "columns", "references"))
    files, key = _files(table), table.texts("key", "a list of column names")
    entries = table.tables("columns", 'NAME = { type = "text" }', required=True)
    columns = {column: _column(column, entry, in_key=column in key) for column, entry in entries.items()}
    _check_row_size(table, columns.values())
    key = _declared(table, "key", key, columns)
    _check_key_size(table, [columns[column] for column in key])
    return _Draft(name=name, table=table, files=files, columns=columns, key=key)


def _check_name(table: TomlTable, name: str) -> None:
    if not _NAME.fullmatch(name):
        table.problem(f"bad name; expected {_EXPECTED_NAME}")


def _files(table: TomlTable) -> tuple[str, ...]:
    patterns = table.texts("files", 'a list of patterns for file names, such as "people*.csv"')
    for number, pattern in enumerate(patterns):
        if "/" in pattern:
            table.problem(f"files holds {quoted(pattern)}; expected a file name's pattern, without /", "files", number)
    return patterns


def _column(name: str, table: TomlTable, *, in_key: bool) -> Column | None:
    _check_name(table, name)
    table.check_known(("type", *_NUMBERS, "required", "optional"))
    type_name = table.choice("type", _TYPES)
    numbers = {setting: _number(table, setting, type_name) for setting in _NUMBERS if setting in table}
    required, optional = _presence(table, in_key=in_key)
    if type_name is None or not table.is_sound:
        return None
    given = {setting: number for setting, number in numbers.items() if number is not None}
    column = Column(name=name, type=type_name, required=required, optional=optional, **given)
    return _with_fitting_scale(table, column)


def _number(table: TomlTable, setting: str, type_name: TypeName | None) -> int | None:
    owner, minimum, maximum = _NUMBERS[setting]
    if type_name not in (owner, None):
        table.problem(f"{setting} is for columns of type {owner}, not {type_name}", setting)
    return table.integer(setting, minimum=minimum, maximum=maximum)


def _presence(table: TomlTable, *, in_key: bool) -> tuple[bool, bool]:
    """Return whether a column is required, and whether it is optional."""
    required = table.optional("required", bool, "true or false") or False
    optional = table.optional("optional", bool, "true or false") or False
    if optional and in_key:
        table.problem("optional is true; expected false or nothing, as every file must have the key", "optional")
    elif optional and required:
        table.problem("optional and required are both true; a column that may be absent can't be required", "optional")
    return required or in_key, optional


def _with_fitting_scale(table: TomlTable, column: Column) -> Column | None:
    if column.type != "decimal" or column.scale <= column.precision:
        return column
    found = f"scale is {column.scale}{'' if 'scale' in table else ' by default'}"
    table.problem(f"{found}; expected at most the precision, which is {column.precision}", "scale")
    return None


def _declared(table: TomlTable, setting: str, names: tuple[str, ...], columns: Collection[str]) -> tuple[str, ...]:
    """Return the names if each is that of a column, and none is there twice; else nothing."""
    faults = [*_faults(names, columns)] if columns else []
    for number, fault in faults:
        table.problem(f"{setting} names {quoted(names[number])}{fault}", setting, number)
    return names if columns and not faults else ()


def _faults(names: tuple[str, ...], columns: Collection[str]) -> Iterator[tuple[int, str]]:
    for number, name in enumerate(names):
        if name not in columns:
            yield number, f", which is no column; {hint(name, columns)}"
        elif name in names[:number]:
            yield number, " twice; expected each column once"


def _check_key_size(table: TomlTable, columns: Collection[Column | None]) -> None:
    if len(columns) > _LONGEST_KEY_COLUMNS:
        table.problem(f"key has {len(columns)} columns; expected at most {_LONGEST_KEY_COLUMNS}, as InnoDB does", "key")
    size = sum(_bytes_of(column) for column in columns if column)
    if size > _LONGEST_KEY_BYTES:
        table.problem(
            f"key takes up to {size} bytes, {_BYTES_PER_CHARACTER} for each character of a text; "
            f"expected at most {_LONGEST_KEY_BYTES}, the limit of InnoDB: shorten a length",
            "key",
        )


def _check_row_size(table: TomlTable, columns: Collection[Column | None]) -> None:
    size = sum(_bytes_of(column) for column in columns if column)
    if size > _LONGEST_ROW_BYTES:
        table.problem(
            f"the columns take up to {size} bytes, {_BYTES_PER_CHARACTER} for each character of a text; "
            f"expected at most {_LONGEST_ROW_BYTES}, what MySQL can keep of one row: shorten a length",
            "columns",
        )


def _bytes_of(column: Column) -> int:
    return column.length * _BYTES_PER_CHARACTER if column.type == "text" else _BYTES[column.type]


def _references(draft: _Draft, drafts: Mapping[str, _Draft]) -> dict[str, Reference | None]:
    example = 'NAME = { columns = ["COLUMN"], dataset = "DATASET" }'
    tables = draft.table.tables("references", example)
    return {name: _reference(name, table, draft, drafts) for name, table in tables.items()}


def _reference(name: str, table: TomlTable, draft: _Draft, drafts: Mapping[str, _Draft]) -> Reference | None:
    _check_name(table, name)
    table.check_known(("columns", "dataset"))
    names = table.texts("columns", "a list of column names")
    columns = _declared(table, "columns", names, draft.columns)
    target = table.choice("dataset", drafts)
    if target is None or not columns:
        return None
    _check_same_key(table, [draft.columns[column] for column in columns], drafts[target])
    return Reference(name=name, columns=columns, dataset=target) if table.is_sound else None


def _check_same_key(table: TomlTable, columns: Collection[Column | None], target: _Draft) -> None:
    if target.key and len(columns) != len(target.key):
        expected = f"{len(target.key)}, as the key of {target.name} is {', '.join(target.key)}"
        table.problem(f"columns are {len(columns)}; expected {expected}", "columns")
        return
    for number, (own, name) in enumerate(zip(columns, target.key, strict=False)):
        other = target.columns[name]
        if own and other and _shape(own) != _shape(other):
            expected = f"{_shape(other)}, as {target.name}.{name} is"
            table.problem(
                f"columns names {quoted(own.name)}, which is {_shape(own)}; expected {expected}", "columns", number
            )


def _shape(column: Column) -> str:
    """Return a column's type with what bounds it: text(255), decimal(18, 4), date."""
    match column.type:
        case "text":
            return f"text({column.length})"
        case "decimal":
            return f"decimal({column.precision}, {column.scale})"
    return column.type


def _referenced_first(drafts: Mapping[str, _Draft]) -> list[str]:
    """Order datasets so that each stands behind those it refers to, else as declared; report circles."""
    order: list[str] = []
    waiting = dict(drafts)
    while waiting:
        ready = [name for name, draft in waiting.items() if not draft.targets & waiting.keys()]
        placed = ready[:1] or _reported_circle(waiting)
        order += placed
        for name in placed:
            del waiting[name]
    return order


def _reported_circle(waiting: Mapping[str, _Draft]) -> list[str]:
    """Report and return datasets that refer to each other; each of those waiting refers to another of them."""
    trail = [next(iter(waiting))]
    while (following := min(waiting[trail[-1]].targets & waiting.keys())) not in trail:
        trail.append(following)
    circle = trail[trail.index(following) :]
    shown = " -> ".join([*circle, circle[0]])
    waiting[circle[0]].table.problem(f"references lead round in a circle: {shown}; expected none that do", "references")
    return circle


def _summaries(root: TomlTable, drafts: Mapping[str, _Draft]) -> tuple[Summary, ...]:
    tables = root.items("summaries")
    taken: set[str] = set()
    return tuple(summary for table in tables if (summary := _summary(table, drafts, taken)))


def _summary(table: TomlTable, drafts: Mapping[str, _Draft], taken: set[str]) -> Summary | None:
    table.check_known(("file", "format", "count", "by", "query"))
    file = _summary_file(table, taken)
    summary_format = table.choice("format", _FORMATS)
    if _is_query(table):
        summary = Summary(file=file, format=summary_format or "csv", query=_query(table))
    else:
        count = table.choice("count", drafts)
        by = _path(table, drafts.get(count or ""), drafts)
        summary = Summary(file=file, format=summary_format or "csv", count=count, by=by)
    return summary if table.is_sound else None


def _summary_file(table: TomlTable, taken: set[str]) -> str:
    expected = "the plain name of a file"
    file = table.required("file", str, expected)
    if file is None:
        return ""
    if not file or file.startswith(".") or not file.isprintable() or set(file) & set("/\\"):
        table.problem(f"file is {quoted(file)}; expected {expected}, without / or a dot at its beginning", "file")
    elif _OWN_FILES.fullmatch(file):
        table.problem(f"file is {quoted(file)}, which Inflow needs for itself; expected another name", "file")
    elif file.casefold() in taken:
        table.problem(f"file is {quoted(file)}, as in a summary above; expected a file for each summary", "file")
    taken.add(file.casefold())
    return file


def _is_query(table: TomlTable) -> bool:
    """Whether a summary is a query; report one that is a count as well."""
    counts = [setting for setting in ("count", "by") if setting in table]
    if "query" in table and counts:
        table.problem(f"query stands beside {' and '.join(counts)}; expected either count and by, or query", "query")
    return "query" in table


def _query(table: TomlTable) -> str | None:
    query = table.optional("query", str, "a text")
    if query is not None and not _QUERY.match(query):
        table.problem(f"query is {quoted(query)}; expected one that begins with SELECT or WITH", "query")
    return query


def _path(table: TomlTable, draft: _Draft | None, drafts: Mapping[str, _Draft]) -> tuple[str, ...]:
    """Return what to group by; report a step that leads nowhere."""
    by = table.required("by", str, "a column, or references and a column with dots between them")
    if by is None:
        return ()
    *steps, column = by.split(".")
    for step in steps:
        draft = _followed(table, draft, step, drafts)
    if draft and draft.columns and column not in draft.columns:
        found = f"by ends with {quoted(column)}, which is no column of {draft.name}"
        table.problem(f"{found}; {hint(column, draft.columns)}", "by")
    return (*steps, column)


def _followed(table: TomlTable, draft: _Draft | None, step: str, drafts: Mapping[str, _Draft]) -> _Draft | None:
    """Return the dataset that a reference leads to."""
    if draft is None:
        return None
    if step not in draft.references:
        found = f"by goes through {quoted(step)}, which is no reference of {draft.name}"
        table.problem(f"{found}; {hint(step, draft.references)}", "by")
    reference = draft.references.get(step)
    return drafts[reference.dataset] if reference else None
