"""The names of the cases and their subjects, in the report and in the JSON."""

INFLOW = "Inflow"

FIRST, AGAIN = "first load", "same file again"
SPREAD, TOGETHER = "1 % changed, spread", "1 % changed, together"
SMALL, LATENCY = "small files", "latency"
WRITERS, SCALE, EMBEDDED = "writers", "scale", "embedded"

WRITER_COUNTS = (1, 2, 4)
#: Factor between the sizes of the two files of `scale`.
LARGER = 10
#: Rows of the small table of `latency`.
FEW_ROWS = 10_000


def table_of(rows: int) -> str:
    """Return the name of a table of this size."""
    return f"{rows:,} rows in the table"


def file_of(rows: int) -> str:
    """Return the name of a file of this size."""
    return f"{rows:,} rows"


def writers_of(count: int) -> str:
    """Return the name of a number of writers."""
    return f"{count} writer{'s' * (count > 1)}"
