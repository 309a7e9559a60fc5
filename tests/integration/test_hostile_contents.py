"""G8 Memory is bounded: files that are made to fill it, on their way through watcher and writer."""

import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.extraction.chunks import ChunkBounds
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline

CONFIG = replace(AT_ONCE, bounds=ChunkBounds(rows=10_000, bytes=1 << 20), compare_from_bytes=256 * 1024)
MEGABYTE = 1_000_000
#: One part of ten of what is read: nothing grows with the file, and a row may take a megabyte at several places.
MAX_BYTES = 30 * MEGABYTE
GOOD = "Ada,Stone,1900-01-01,Weir\n"


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path / "data", config=CONFIG)) as pipeline:
        yield pipeline


def finish_in_bounded_memory(pipeline: Pipeline) -> None:
    tracemalloc.start()
    try:
        pipeline.finish()
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < MAX_BYTES


def drop_endless(pipeline: Pipeline, begin: str, end: str) -> None:
    """Drop a file with a hundred megabytes between begin and end that have no line's end."""
    path = pipeline.drop(".people.csv", begin)
    with path.open("ab") as file:
        for _ in range(100):
            file.write(b"x" * MEGABYTE)
        file.write(end.encode())
    path.rename(path.with_name("people.csv"))


def test_a_file_without_a_line_end_is_refused(pipeline: Pipeline) -> None:
    drop_endless(pipeline, "", "")
    finish_in_bounded_memory(pipeline)

    [load] = pipeline.loads()
    assert (load.state, load.rows_read) == ("refused", 0)
    assert "the header can't be read" in (load.message or "")


def test_a_row_without_an_end_is_one_rejected_row(pipeline: Pipeline) -> None:
    drop_endless(pipeline, f"{PEOPLE}{GOOD}", "\nBo,Stone,1900-01-01,Weir\n")
    finish_in_bounded_memory(pipeline)

    [load] = pipeline.loads()
    assert (load.state, load.rows_read, load.inserted, load.rejected) == ("archived", 3, 2, 1)


def test_a_field_of_any_size_is_one_rejected_row(pipeline: Pipeline) -> None:
    drop_endless(pipeline, f'{PEOPLE}{GOOD}"', '",Stone,1900-01-01,Weir\nBo,Stone,1900-01-01,Weir\n')
    finish_in_bounded_memory(pipeline)

    [load] = pipeline.loads()
    assert (load.state, load.rows_read, load.inserted, load.rejected) == ("archived", 3, 2, 1)


def test_a_row_of_a_hundred_thousand_cells_is_one_rejected_row(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", f"{PEOPLE}{GOOD}{',' * 100_000}\nBo,Stone,1900-01-01,Weir\n")
    finish_in_bounded_memory(pipeline)

    [load] = pipeline.loads()
    assert (load.state, load.rows_read, load.inserted, load.rejected) == ("archived", 3, 2, 1)


def test_a_header_of_a_hundred_thousand_columns_is_refused(pipeline: Pipeline) -> None:
    columns = ",".join(f"column{number}" for number in range(100_000))
    pipeline.drop("people.csv", f"{PEOPLE.strip()},{columns}\n")
    finish_in_bounded_memory(pipeline)

    [load] = pipeline.loads()
    assert load.state == "refused"
    assert len(load.message or "") < 10_000
