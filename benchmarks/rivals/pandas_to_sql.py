"""pandas as in its guide, with its fast settings: frames that fit into memory, and statements of many rows."""

from functools import partial

import pandas as pd
from sqlalchemy import create_engine

from benchmarks.rivals.job import Job, Load

_FRAME_ROWS = 50_000


def prepare(job: Job) -> Load:
    """Return the function that reads and appends."""
    return partial(_load, job)


def _load(job: Job) -> None:
    with create_engine(job.url).begin() as connection:
        for path in job.files:
            for frame in pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=_FRAME_ROWS):
                rows = frame.assign(**job.constants)
                rows.to_sql(job.table.name, connection, if_exists="append", index=False)
