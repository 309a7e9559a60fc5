"""`inflow check`: what would become of a file, shown without loading it."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from inflow.installation import catalog_of
from inflow.line_report import as_data, as_lines
from inflow.read_options import open_given, settings_of
from shared.configuration.environment import Environment
from shared.extraction.dataset_match import dataset_of
from shared.model.datasets import Catalog, Dataset
from shared.model.errors import ConfigurationError, FileRefused
from shared.operations.dry_run import Findings, check_file
from shared.runtime.exit_codes import ExitCode

_SHOWN_REJECTIONS, _SHOWN_CHARACTERS = 20, 60


def check(options: argparse.Namespace, environment: Environment) -> int:
    """Show it; 0 where every row would be loaded, 1 where some or all would not."""
    catalog = catalog_of(options, environment)
    dataset, problem = _dataset(options, catalog)
    with open_given(options.file) as file:
        findings = check_file(file, dataset, settings_of(options))
    findings.refusal = findings.refusal or problem
    if options.json:
        print(_as_json(options.file, dataset, findings))
    else:
        print("\n".join(_as_text(options.file, dataset, findings)))
    return ExitCode.OK if findings.is_sound else ExitCode.ATTENTION


def _dataset(options: argparse.Namespace, catalog: Catalog) -> tuple[Dataset | None, tuple[str, str] | None]:
    """Return the dataset that an option or the file's name says, or why there is none."""
    if options.dataset is not None:
        if options.dataset not in catalog.datasets:
            raise ConfigurationError(f"no dataset {options.dataset!r}; expected one of {', '.join(catalog.datasets)}")
        return catalog.datasets[options.dataset], None
    try:
        return catalog.datasets[dataset_of(options.file.name, catalog.datasets)], None
    except FileRefused as error:
        return None, (error.code, str(error))


def _as_text(path: Path, dataset: Dataset | None, findings: Findings) -> Iterator[str]:
    yield f"file        {path}"
    yield f"dataset     {dataset.name if dataset else 'none'}"
    if findings.plan is not None:
        yield f"read as     {findings.plan}"
        yield f"confidence  {findings.plan.confidence:.0%}"
    if findings.header is not None and dataset is not None:
        yield from _columns(findings, dataset)
    elif findings.names:
        yield f"columns     {', '.join(findings.names)}"
    if findings.refusal is not None:
        yield f"refused     {findings.refusal[0]}: {findings.refusal[1]}"
        return
    for remark in findings.remarks.values():
        values = "1 value" if remark.count == 1 else f"{remark.count} values"
        yield f"remark      line {remark.line} ({remark.column}): {remark.code}: {values}, {remark.message}"
        yield f"            {remark.text[:_SHOWN_CHARACTERS]!r} seems to mean {remark.meant[:_SHOWN_CHARACTERS]!r}"
    yield f"rows        {findings.row_count}, of which {findings.rejected_count} would be rejected"
    if findings.account is not None:
        first, *others = as_lines(findings.account)
        yield f"lines       {first}"
        yield from (f"            {line}" for line in others)
    for line, row in findings.first_rows:
        yield f"  line {line}: {', '.join(_shown(value) for value in row)}"
    for rejection in findings.rejections[:_SHOWN_REJECTIONS]:
        column = f" ({rejection.column})" if rejection.column else ""
        yield f"rejected    line {rejection.line}{column}: {rejection.code}: {rejection.message}"
    if findings.rejected_count > _SHOWN_REJECTIONS:
        yield f"            and {findings.rejected_count - _SHOWN_REJECTIONS} more"


def _columns(findings: Findings, dataset: Dataset) -> Iterator[str]:
    names = findings.header.names if findings.header else []
    missing = [label for label in dataset.labels if label not in names]
    yield f"columns     {', '.join(label for label in dataset.labels if label in names)}"
    if missing:
        yield f"  missing   {', '.join(missing)}"
    if findings.header is not None and findings.header.ignored:
        yield f"  ignored   {', '.join(findings.header.ignored)}"


def _shown(value: object) -> str:
    return "(empty)" if value is None else str(value)


def _as_json(path: Path, dataset: Dataset | None, findings: Findings) -> str:
    names = findings.header.names if findings.header else findings.names
    rejections = [
        {"line": each.line, "column": each.column, "code": each.code, "message": each.message, "raw": each.raw}
        for each in findings.rejections
    ]
    report = {
        "file": str(path),
        "dataset": dataset.name if dataset else None,
        "read_as": str(findings.plan) if findings.plan else None,
        "confidence": findings.plan.confidence if findings.plan else None,
        "columns": names,
        "missing": [label for label in dataset.labels if label not in names] if dataset and names else [],
        "ignored": findings.header.ignored if findings.header else [],
        "refused": {"code": findings.refusal[0], "message": findings.refusal[1]} if findings.refusal else None,
        "rows": findings.row_count,
        "rejected": findings.rejected_count,
        "lines": as_data(findings.account) if findings.account else None,
        "first_rows": [[line, *map(_shown, row)] for line, row in findings.first_rows],
        "rejections": rejections,
        "remarks": [asdict(remark) for remark in findings.remarks.values()],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
