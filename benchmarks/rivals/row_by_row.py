"""Loaders that send rows one by one, as scripts do."""

import csv
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import islice
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.dialects.mysql import insert
from sqlalchemy.orm import Session, registry

from benchmarks.rivals.job import Job, Load

_COMMIT_ROWS = 1000


def prepare_orm(job: Job) -> Load:
    """Merge objects: the ORM looks each one up, then inserts or updates it."""
    return partial(_load_objects, job)


def prepare_core(job: Job) -> Load:
    """Upsert rows, one statement each."""
    return partial(_load_rows, job)


def _load_objects(job: Job) -> None:
    class Person:
        pass

    registry().map_imperatively(Person, job.table)
    with Session(create_engine(job.url)) as session:
        for rows in _batches(job):
            for row in rows:
                person = Person()
                for name, value in row.items():
                    setattr(person, name, value)
                session.merge(person)
            session.commit()


def _load_rows(job: Job) -> None:
    engine = create_engine(job.url)
    keys = {column.name for column in job.table.primary_key}
    for rows in _batches(job):
        with engine.begin() as connection:
            for row in rows:
                changes = {name: value for name, value in row.items() if name not in keys}
                connection.execute(insert(job.table).values(row).on_duplicate_key_update(changes))


def _batches(job: Job) -> Iterator[list[dict[str, Any]]]:
    rows = _rows(job)
    while batch := list(islice(rows, _COMMIT_ROWS)):
        yield batch


def _rows(job: Job) -> Iterator[dict[str, Any]]:
    for path in job.files:
        with path.open(encoding="utf-8", newline="") as file:
            for cells in csv.DictReader(file):
                yield {**cells, "date_of_birth": date.fromisoformat(cells["date_of_birth"]), **job.constants}
