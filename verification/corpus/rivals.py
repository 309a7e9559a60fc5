"""Other readers, used as their documentation recommends for unknown files."""

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
    """DuckDB detects everything, leaves out faulty rows, and stores them in a separate table."""
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
    """CleverCSV detects delimiter, quote and escape, but not encoding and header."""
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
    """pandas detects the delimiter, takes the first line as the header, and leaves out rows that are too wide."""
    with warnings.catch_warnings():
        # It warns about rows that it cuts, and continues.
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
