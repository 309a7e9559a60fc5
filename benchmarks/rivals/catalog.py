"""The rivals: alternatives to Inflow, and what each of them writes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A way to get people.csv into the table `people`."""

    name: str
    title: str
    #: The function that creates its loader; imported only by the process that runs it, as its library may be missing.
    prepare: str
    note: str
    needs_local_infile: bool = False
    #: Whether it stages its rows in a database of its own.
    needs_staging: bool = False
    #: Maximum number of rows; more would show nothing new.
    most_rows: int | None = None
    #: Whether it is so slow that it gets only --rival-rows, and is ended after --rival-seconds.
    is_limited: bool = False


_MARKS = "marks are the constant 1"

RESOLVED = Rival(
    name="load-data",
    title="LOAD DATA LOCAL, resolved",
    prepare="benchmarks.rivals.load_data:prepare_resolved",
    note=f"one statement, one transaction; the file's place is the reference, the foreign key is checked; {_MARKS}",
    needs_local_infile=True,
)
LOOKED_UP = Rival(
    name="load-data-sub-select",
    title="LOAD DATA LOCAL, sub-select",
    prepare="benchmarks.rivals.load_data:prepare_looked_up",
    note=f"as resolved, but each row's reference comes from (SELECT city FROM places WHERE city = …); {_MARKS}",
    needs_local_infile=True,
    most_rows=1_000_000,
)
REPLACING = Rival(
    name="load-data-replace",
    title="LOAD DATA LOCAL REPLACE",
    prepare="benchmarks.rivals.load_data:prepare_replacing",
    note=f"as resolved, but a row whose key is there is deleted and inserted again; {_MARKS}",
    needs_local_infile=True,
    most_rows=200_000,
)
PANDAS = Rival(
    name="pandas",
    title="pandas.to_sql",
    prepare="benchmarks.rivals.pandas_to_sql:prepare",
    note="read_csv in frames of 50,000 rows, to_sql(if_exists='append') through PyMySQL, which makes statements of "
    f"1 MB of them; one transaction; {_MARKS}",
    most_rows=1_000_000,
)
DLT = Rival(
    name="dlt",
    title="dlt merge",
    prepare="benchmarks.rivals.dlt_merge:prepare",
    note="write_disposition='merge' with the three key columns, through a staging table of its own without keys; it "
    f"adds _dlt_id and _dlt_load_id to the table; {_MARKS}",
    needs_staging=True,
    is_limited=True,
)
ORM = Rival(
    name="row-by-row-orm",
    title="row by row, ORM",
    prepare="benchmarks.rivals.row_by_row:prepare_orm",
    note=f"session.merge() for each row, a commit every 1,000 rows; {_MARKS}",
    is_limited=True,
)
CORE = Rival(
    name="row-by-row-core",
    title="row by row, upserts",
    prepare="benchmarks.rivals.row_by_row:prepare_core",
    note=f"one INSERT … ON DUPLICATE KEY UPDATE for each row, a commit every 1,000 rows; {_MARKS}",
    is_limited=True,
)

#: The rivals that load a file, and those that can load the same file again.
FIRST_TIME = (RESOLVED, LOOKED_UP, PANDAS, DLT, ORM, CORE)
SECOND_TIME = (REPLACING, DLT, CORE)
