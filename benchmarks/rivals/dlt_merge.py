"""dlt with its SQL destination: merges rows by key."""

import csv
import os
from collections.abc import Iterator
from functools import partial
from itertools import islice
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Column, Date, String

from benchmarks.rivals.job import Job, Load

#: Turns off dlt's telemetry.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt

_PAGE_ROWS = 5000


def prepare(job: Job) -> Load:
    """Return the function that extracts, normalises and merges."""
    return partial(_load, job)


def _load(job: Job) -> None:
    people = dlt.resource(
        _pages(job),
        name=job.table.name,
        write_disposition="merge",
        primary_key=[column.name for column in job.table.primary_key],
        columns={column.name: _hint(column) for column in job.table.columns},
    )
    with TemporaryDirectory() as folder:
        destination = dlt.destinations.sqlalchemy(job.url.render_as_string(hide_password=False))
        pipeline = dlt.pipeline(
            "benchmark", pipelines_dir=folder, destination=destination, dataset_name=job.url.database
        )
        pipeline.run(people).raise_on_failed_jobs()


def _hint(column: Column[Any]) -> dict[str, Any]:
    """Return a column's type: a text without a length could not be part of a key."""
    if isinstance(column.type, String):
        return {"data_type": "text", "precision": column.type.length}
    return {"data_type": "date" if isinstance(column.type, Date) else "bigint"}


def _pages(job: Job) -> Iterator[list[dict[str, Any]]]:
    for path in job.files:
        with path.open(encoding="utf-8", newline="") as file:
            rows = ({**cells, **job.constants} for cells in csv.DictReader(file))
            while page := list(islice(rows, _PAGE_ROWS)):
                yield page
