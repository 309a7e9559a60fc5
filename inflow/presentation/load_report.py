"""Loads and their accounts, as a table and as JSON."""

from collections.abc import Sequence
from datetime import datetime

import orjson

from inflow.presentation.text_table import age, text_table
from shared.operations.loads import LoadReport

_COLUMNS = (
    "load", "file", "dataset", "state", "read", "inserted", "updated", "unchanged", "superseded", "rejected",
    "healed", "open", "waiting", "seconds", "reason", "age",
)  # fmt: skip
_NUMERIC = (0, *range(4, 14))


def as_text(reports: Sequence[LoadReport], now: datetime) -> str:
    """Write a line for each load; `now` in UTC."""
    return "\n".join(load_table(reports, now)) or "no loads yet"


def load_table(reports: Sequence[LoadReport], now: datetime) -> list[str]:
    """Return the lines of a table; none without loads."""
    return text_table([_COLUMNS, *(_cells(report, now) for report in reports)], numeric=_NUMERIC) if reports else []


def as_json(reports: Sequence[LoadReport]) -> str:
    """Write everything."""
    return json_text([as_mapping(report) for report in reports])


def json_text(value: object) -> str:
    """Write JSON with times in UTC."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z).decode()


def as_mapping(report: LoadReport) -> dict[str, object]:
    """Return everything for JSON."""
    load = report.load
    return {
        "load_id": load.load_id,
        "file": load.file,
        "dataset": load.dataset,
        "state": load.state,
        "reason": report.reason,
        "message": load.message,
        "rows_read": load.rows_read,
        "inserted": load.inserted,
        "updated": load.updated,
        "unchanged": load.unchanged,
        "superseded": load.superseded,
        "rejected": load.rejected,
        "healed": report.healed,
        "open": report.open_rejects,
        "waiting_rows": report.waiting.rows,
        "waiting_for": report.waiting.members,
        "lines": load.lines,
        "ignored_columns": list(load.ignored_columns),
        "read_as": load.read_as,
        "confidence_percent": load.confidence_percent,
        "claimed_at": load.claimed_at,
        "completed_at": load.completed_at,
        "summarised": load.summarised_at is not None,
        "first_pass_seconds": None if load.first_pass_milliseconds is None else load.first_pass_milliseconds / 1000,
        "seconds": load.seconds,
    }


def _cells(report: LoadReport, now: datetime) -> tuple[str, ...]:
    load = report.load
    counts = (
        load.rows_read,
        load.inserted,
        load.updated,
        load.unchanged,
        load.superseded,
        load.rejected,
        report.healed,
        report.open_rejects,
        report.waiting.rows,
    )
    seconds = "" if load.seconds is None else f"{load.seconds:.1f}"
    names = (str(load.load_id), load.file, load.dataset or "-", load.state)
    waited = age(load.claimed_at, now) if report.is_unfinished else ""
    return (*names, *map(str, counts), seconds, report.reason or "", waited)
