"""The counts in the ledger for files that repeat keys, if all of their chunks wait before a writer starts."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers.isolation import Broker, Database
from tests.support.services import Pipeline, running_pipeline

HEADER = "given_name,family_name,date_of_birth,place_of_birth\n"
FILES, ROWS, REPEATED, WRITERS = 10, 10_900, 100, 3


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        yield pipeline


def rows(file: int, place: str, numbers: range) -> str:
    return "".join(f"Given {number:05},Family {file},1900-01-01,{place}\n" for number in numbers)


def drop_all(pipeline: Pipeline, *contents: str) -> None:
    for file, content in enumerate(contents):
        pipeline.drop(f"people-{file}.csv", HEADER + content)


@pytest.mark.timeout(600)
def test_repeated_keys_are_counted_as_updates_though_all_chunks_wait_for_the_writers(pipeline: Pipeline) -> None:
    """Ten files of 11,000 rows; in each, the last hundred say otherwise what its first ones say as the table has it."""
    pipeline.start("watcher", "aggregator")
    writers = pipeline.start(*["writer"] * WRITERS)
    whole, first = range(ROWS), range(0, ROWS, ROWS // REPEATED)
    drop_all(pipeline, *(rows(file, "Ayr", whole) for file in range(FILES)))
    pipeline.wait_until_archived(*range(1, FILES + 1))
    for writer in writers:
        writer.pause()

    drop_all(pipeline, *(rows(file, "Ayr", whole) + rows(file, "Weir", first) for file in range(FILES)))
    for number in range(FILES + 1, 2 * FILES + 1):
        pipeline.wait_for_load(number, lambda load: load.state == "published")
    for writer in writers:
        writer.resume()
    pipeline.wait_until_archived(*range(FILES + 1, 2 * FILES + 1))

    ends = "SELECT DISTINCT inserted, updated, unchanged, superseded, rejected FROM inflow_loads WHERE load_id"
    assert pipeline.query(f"{ends} <= :files", files=FILES) == [(ROWS, 0, 0, 0, 0)]
    assert pipeline.query(f"{ends} > :files", files=FILES) == [(0, len(first), ROWS - len(first), len(first), 0)]
