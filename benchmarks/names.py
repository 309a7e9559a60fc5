"""What the cases and their subjects are called, in the report and in the JSON."""

INFLOW = "Inflow"

FIRST, AGAIN = "first load", "same file again"
SPREAD, TOGETHER = "1 % changed, spread", "1 % changed, together"
SMALL, LATENCY = "small files", "latency"
WRITERS, SCALE, EMBEDDED = "writers", "scale", "embedded"

WRITER_COUNTS = (1, 2, 4)
#: How many times as many rows the larger file of `scale` has.
LARGER = 10
#: Rows of the small table of `latency`.
FEW_ROWS = 10_000


def table_of(rows: int) -> str:
    """Name a table by its size."""
    return f"{rows:,} rows in the table"


def file_of(rows: int) -> str:
    """Name a file by its size."""
    return f"{rows:,} rows"


def writers_of(count: int) -> str:
    """Name a number of writers."""
    return f"{count} writer{'s' * (count > 1)}"
