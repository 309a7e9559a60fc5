"""The summaries of inflow.toml, read and checked against the datasets they show."""

import re
from collections.abc import Mapping
from typing import get_args

from shared.configuration.dataset_settings import DatasetDraft
from shared.configuration.toml_problems import hint, quoted
from shared.configuration.toml_tables import TomlTable
from shared.model.datasets import Summary, SummaryFormat

_FORMATS: tuple[SummaryFormat, ...] = get_args(SummaryFormat)
_OWN_FILES = re.compile(r"inbox|processing|archive|rejected|inflow\.db.*", re.IGNORECASE)
_QUERY = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)


def read_summaries(root: TomlTable, drafts: Mapping[str, DatasetDraft]) -> tuple[Summary, ...]:
    """Return the valid summaries, with every problem of the others reported."""
    taken: set[str] = set()
    summaries = [_summary(table, drafts, taken) for table in root.items("summaries")]
    return tuple(summary for summary in summaries if summary)


def _summary(table: TomlTable, drafts: Mapping[str, DatasetDraft], taken: set[str]) -> Summary | None:
    table.check_known(("file", "format", "count", "by", "query"))
    file = _file(table, taken)
    summary_format = table.choice("format", _FORMATS)
    query = count = None
    by: tuple[str, ...] = ()
    if _is_query(table):
        query = _query(table)
    else:
        count = table.choice("count", drafts)
        by = _by(table, drafts.get(count or ""), drafts)
    if file is None or summary_format is None or not table.is_sound:
        return None
    return Summary(file=file, format=summary_format, count=count, by=by, query=query)


def _file(table: TomlTable, taken: set[str]) -> str | None:
    """Return the file's name, and add it to the names that are taken."""
    expected = "a plain file name"
    file = table.required("file", str, expected)
    if file is None:
        return None
    if not file or file.startswith(".") or not file.isprintable() or set(file) & set("/\\"):
        table.problem(f"file is {quoted(file)}; expected {expected} without /, \\ or a leading dot", "file")
    elif _OWN_FILES.fullmatch(file):
        table.problem(f"file is {quoted(file)}, which is reserved for Inflow; expected another name", "file")
    elif file.casefold() in taken:
        found = f"file is {quoted(file)}, which a summary above uses"
        table.problem(f"{found}; expected a different file for each summary", "file")
    taken.add(file.casefold())
    return file


def _is_query(table: TomlTable) -> bool:
    """Whether a summary is a query; report one that has settings of a count as well."""
    counts = [setting for setting in ("count", "by") if setting in table]
    if "query" in table and counts:
        found = f"query is set together with {' and '.join(counts)}"
        table.problem(f"{found}; expected either count and by, or query", "query")
    return "query" in table


def _query(table: TomlTable) -> str | None:
    query = table.optional("query", str, "a text")
    if query is not None and not _QUERY.match(query):
        table.problem(f"query is {quoted(query)}; expected one that begins with SELECT or WITH", "query")
    return query


def _by(table: TomlTable, draft: DatasetDraft | None, drafts: Mapping[str, DatasetDraft]) -> tuple[str, ...]:
    """Return the references to follow and the column to group by; report a step that does not exist."""
    by = table.required("by", str, "a column, or references and a column separated by dots")
    if by is None:
        return ()
    *steps, column = by.split(".")
    for step in steps:
        draft = _followed(table, draft, step, drafts)
    if draft and draft.columns and column not in draft.columns:
        found = f"by ends with {quoted(column)}, which is not a column of {draft.name}"
        table.problem(f"{found}; {hint(column, draft.columns)}", "by")
    return (*steps, column)


def _followed(
    table: TomlTable, draft: DatasetDraft | None, step: str, drafts: Mapping[str, DatasetDraft]
) -> DatasetDraft | None:
    """Return the dataset that a reference points to."""
    if draft is None:
        return None
    if step not in draft.references:
        found = f"by goes through {quoted(step)}, which is not a reference of {draft.name}"
        table.problem(f"{found}; {hint(step, draft.references)}", "by")
    reference = draft.references.get(step)
    return drafts[reference.dataset] if reference else None
