"""Files that are sorted on the disk before they are published: turns, crashes, a disk without room."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.extraction.chunks import ChunkBounds
from shared.messaging.payloads import RowsExtracted
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people

#: Files of more than a kilobyte are sorted.
CONFIG = replace(AT_ONCE, bounds=ChunkBounds(rows=3, bytes=1000))
ROWS = 100

NewPipeline = Callable[[], Pipeline]


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.extractor.row_sources._SORTED_FROM_BYTES", 0)
    monkeypatch.setattr("services.extractor.sorting.runs._FIRST_RUN_BYTES", 200)
    monkeypatch.setattr("services.extractor.sorting.runs._RUN_BYTES", 200)
    monkeypatch.setattr("services.extractor.sorting.external_sort._WINDOW_BYTES", 300)
    monkeypatch.setattr("services.extractor.sorting.external_sort._BLOCK_BYTES", 50)


@pytest.fixture
def new_pipeline(tmp_path: Path) -> Iterator[NewPipeline]:
    """Make pipelines on one data folder: a second one is the first one's successor after a crash."""
    with ExitStack() as closing_all:
        yield lambda: closing_all.enter_context(closing(Pipeline(tmp_path / "data", config=CONFIG)))


@pytest.fixture
def pipeline(new_pipeline: NewPipeline) -> Pipeline:
    return new_pipeline()


def descending(rows: int = ROWS, *, family: str = "Stone") -> str:
    return PEOPLE + "".join(f"Given {number:05},{family},1900-01-01,Weir\n" for number in reversed(range(rows)))


def test_chunks_follow_each_other_in_the_order_of_the_key(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", descending())
    pipeline.finish()

    chunks = [message for message in pipeline.queue.published if isinstance(message, RowsExtracted)]
    names = [cells[0] for chunk in chunks for cells in chunk.rows]
    assert names == sorted(names)
    assert [row[0] for row in pipeline.table("people")] == names
    assert pipeline.states() == {"people.csv": ("archived", None)}


def test_small_files_do_not_wait_until_a_large_one_is_sorted(pipeline: Pipeline) -> None:
    pipeline.drop("people1.csv", descending(), modified_at=1)
    pipeline.drop("people2.csv", people(2, family="Lane"), modified_at=2)
    pipeline.look()
    pipeline.publish()

    load_ids = [message.load_id for message in pipeline.queue.published]
    assert load_ids[:2] == [2, 2]


def test_large_files_are_all_loaded_one_after_the_other(pipeline: Pipeline) -> None:
    for number in range(4):
        pipeline.drop(f"people{number}.csv", descending(family=f"Family {number}"))
    pipeline.finish()

    assert set(pipeline.states().values()) == {("archived", None)}
    assert len(pipeline.table("people")) == 4 * ROWS


@pytest.mark.parametrize("published_count", [0, 1, 10, 30])
def test_a_load_resumes_after_a_crash_with_the_same_chunks(new_pipeline: NewPipeline, published_count: int) -> None:
    """G9; G1: the ledger knows chunks by their numbers, so other rows under the same number would be lost."""
    before = new_pipeline()
    before.drop("people.csv", descending())
    before.look()
    while len(before.queue.published) < published_count:
        before.watcher.publish()
    before.deliver_all()

    after = new_pipeline()
    after.finish()

    assert after.states() == {"people.csv": ("archived", None)}
    assert len(after.table("people")) == ROWS
    assert after.queue.published[:published_count] == before.queue.published


def test_without_room_on_the_disk_a_load_says_so_and_waits(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    """G10 Waiting explains itself; other files are loaded."""
    with monkeypatch.context() as full_disk:
        full_disk.setattr("services.extractor.sorting.ordering._ROOM_FACTOR", 1 << 60)
        pipeline.drop("people1.csv", descending())
        pipeline.drop("people2.csv", people(2, family="Lane"))
        pipeline.finish()

        assert pipeline.states() == {"people1.csv": ("reading", "unreadable"), "people2.csv": ("archived", None)}
        [message] = [load.message for load in pipeline.loads() if load.reason]
        assert message is not None
        assert "on the disk of the data folder" in message

    pipeline.finish()
    assert pipeline.states()["people1.csv"] == ("archived", None)
