"""MySQL's own loader."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.rivals.job import Job, Load
from shared.storage.schema.dataset_tables import BEFORE

REFERENCE = "place_of_birth"


def prepare_resolved(job: Job) -> Load:
    """Load the file's cells unchanged: its places are the keys of the referenced rows."""
    return partial(_load, job)


def prepare_looked_up(job: Job) -> Load:
    """Look each reference up while loading; a missing one gives NULL, and so an error."""
    return partial(_load, job, looks_up=True)


def prepare_replacing(job: Job) -> Load:
    """Replace rows that have the same keys."""
    return partial(_load, job, replaces=True)


def statement(path: Path, job: Job, *, looks_up: bool = False, replaces: bool = False) -> str:
    """Write the statement for one file."""
    columns = [column.name for column in job.table.columns if column.name not in (*job.constants, BEFORE)]
    cells = ["@reference" if looks_up and name == REFERENCE else name for name in columns]
    return (
        f"LOAD DATA LOCAL INFILE '{path}'{' REPLACE' * replaces} INTO TABLE {job.table.name} CHARACTER SET utf8mb4"
        " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' LINES TERMINATED BY '\\n' IGNORE 1 LINES"
        f" ({', '.join(cells)}) SET {', '.join(_settings(job, looks_up=looks_up))}"
    )


def _settings(job: Job, *, looks_up: bool) -> Iterator[str]:
    if looks_up:
        [target] = job.table.columns[REFERENCE].foreign_keys
        key, referenced = target.column.name, target.column.table.name
        yield f"{REFERENCE} = (SELECT {key} FROM {referenced} WHERE {key} = @reference)"
    yield from (f"{name} = {value}" for name, value in job.constants.items())


def _load(job: Job, **options: bool) -> None:
    engine = create_engine(job.url, connect_args={"local_infile": True}, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for path in job.files:
            sql = statement(path, job, **options)
            connection.execute(text(sql.replace(":", "\\:")))
