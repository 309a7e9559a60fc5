"""The findings of a dry run, as text and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from inflow.presentation import line_report
from shared.model.datasets import Dataset
from shared.operations.dry_run import Findings

_SHOWN_REJECTIONS, _SHOWN_CHARACTERS = 20, 60


def as_text(path: Path, findings: Findings) -> Iterator[str]:
    """Say what was found out, for a person."""
    dataset = findings.dataset
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
    for remark in findings.remarks:
        values = "1 value" if remark.count == 1 else f"{remark.count} values"
        yield f"remark      line {remark.line} ({remark.column}): {remark.code}: {values}, {remark.message}"
        meant = f" seems to mean {remark.meant[:_SHOWN_CHARACTERS]!r}" if remark.meant is not None else ""
        yield f"            {remark.text[:_SHOWN_CHARACTERS]!r}{meant}"
    yield f"rows        {findings.row_count}; {findings.rejected_count} would be rejected"
    if findings.account is not None:
        first, *others = line_report.as_lines(findings.account)
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


def as_json(path: Path, findings: Findings) -> str:
    """Say all that was found out, as JSON."""
    dataset = findings.dataset
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
        "lines": line_report.as_data(findings.account) if findings.account else None,
        "first_rows": [[line, *map(_shown, row)] for line, row in findings.first_rows],
        "rejections": rejections,
        "remarks": [asdict(remark) for remark in findings.remarks],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode()
