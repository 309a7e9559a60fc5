"""Other readers, as their documentation says to use them where nothing is known of a file."""

import csv
import io
import tempfile
import warnings
from pathlib import Path

import clevercsv
import duckdb
import pandas as pd

from verification.corpus.cases import Answer


def read_by_duckdb(content: bytes) -> Answer | None:
    """DuckDB finds out everything, leaves out faulty rows and keeps them in a table of their own."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        try:
            relation = connection.execute("FROM read_csv(?, all_varchar = true, store_rejects = true)", [str(path)])
            rows = [[cell or "" for cell in row] for row in relation.fetchall()]
            header = [column[0] for column in relation.description or []]
            rejects = connection.execute("SELECT DISTINCT line, error_type FROM reject_errors").fetchall()
        except duckdb.Error:
            return None
    return Answer(header=header, rows=rows, rejects=frozenset(rejects))


def read_by_clevercsv(content: bytes) -> Answer | None:
    """CleverCSV finds out delimiter, quote and escape; encoding and header are up to others."""
    try:
        text = content.decode("utf-8-sig")
        dialect = clevercsv.Sniffer().sniff(text)
        if dialect is None:
            return None
        header, *rows = clevercsv.reader(io.StringIO(text, newline=""), dialect)
    except (UnicodeDecodeError, ValueError, csv.Error, clevercsv.Error):
        return None
    return Answer(header=header, rows=rows)


def read_by_pandas(content: bytes) -> Answer | None:
    """pandas finds out the delimiter, takes the first line for the header, and leaves out rows that are too wide."""
    with warnings.catch_warnings():
        # It warns of rows that it cuts, and reads on.
        warnings.simplefilter("ignore")
        try:
            frame = pd.read_csv(
                io.BytesIO(content),
                sep=None,
                engine="python",
                dtype=str,
                keep_default_na=False,
                on_bad_lines="skip",
            )
        except (ValueError, csv.Error):
            return None
    rows = [["" if pd.isna(cell) else str(cell) for cell in row] for row in frame.itertuples(index=False)]
    return Answer(header=[*map(str, frame.columns)], rows=rows)
