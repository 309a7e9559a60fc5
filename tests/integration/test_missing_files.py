"""Loads that are not done and whose files are not in processing/: taken out by hand, or after a backup was restored."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.pipeline import AT_ONCE, Clock, Pipeline, people

PATIENCE_SECONDS = 60.0
CONFIG = replace(AT_ONCE, republish_seconds=PATIENCE_SECONDS)

NewPipeline = Callable[[], Pipeline]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_pipeline(tmp_path: Path, clock: Clock) -> Iterator[NewPipeline]:
    """Make pipelines on one data folder: a second one is the first one's successor."""
    with ExitStack() as closing_all:
        yield lambda: closing_all.enter_context(closing(Pipeline(tmp_path / "data", config=CONFIG, clock=clock)))


def take_away(pipeline: Pipeline) -> Path:
    """Move the only file in processing/ somewhere else, as an operator could."""
    [name] = os.listdir(pipeline.folder.processing)
    return Path(shutil.move(pipeline.folder.processing / name, pipeline.folder.root / name))


def claimed(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", people(5))
    pipeline.look()


def test_a_load_whose_file_was_taken_away_before_it_had_a_row_is_over(pipeline: Pipeline, clock: Clock) -> None:
    claimed(pipeline)
    take_away(pipeline)
    pipeline.look()
    assert pipeline.loads()[0].state == "claimed"

    clock.let_pass(PATIENCE_SECONDS)
    pipeline.look()

    assert pipeline.states() == {"people.csv": ("refused", "file-gone")}
    assert "before any of its rows was merged" in (pipeline.loads()[0].message or "")


def test_a_load_that_has_rows_waits_for_its_file_and_resumes(pipeline: Pipeline, clock: Clock) -> None:
    claimed(pipeline)
    pipeline.watcher.publish()
    pipeline.watcher.publish()
    pipeline.deliver_all()
    file = take_away(pipeline)
    pipeline.look()
    clock.let_pass(PATIENCE_SECONDS)
    pipeline.look()
    assert pipeline.states() == {"people.csv": ("reading", "file-gone")}
    assert "inflow give-up 1" in (pipeline.loads()[0].message or "")

    file.rename(pipeline.folder.processing / file.name)
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert len(pipeline.table("people")) == 5


def test_nothing_is_logged_while_messages_wait(pipeline: Pipeline, clock: Clock) -> None:
    """All of it is in the queue: the file is not needed any more."""
    claimed(pipeline)
    while pipeline.watcher.publish():
        pass
    take_away(pipeline)
    for _ in range(3):
        pipeline.look()
        clock.let_pass(PATIENCE_SECONDS)
    assert pipeline.states() == {"people.csv": ("published", None)}

    pipeline.deliver_all()
    pipeline.look()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert len(pipeline.table("people")) == 5


def test_a_load_of_an_earlier_watcher_waits_even_without_a_row(new_pipeline: NewPipeline, clock: Clock) -> None:
    """Another data folder may have its file: only the operator can end it."""
    first = new_pipeline()
    claimed(first)
    take_away(first)

    second = new_pipeline()
    second.look()
    clock.let_pass(PATIENCE_SECONDS)
    second.look()

    assert second.states() == {"people.csv": ("claimed", "file-gone")}
    assert set(second.watcher.lost_loads) == {1}


@pytest.mark.parametrize("merged", [False, True], ids=["nothing merged", "a chunk merged"])
def test_of_a_restored_database_open_loads_resume_from_the_archive(
    new_pipeline: NewPipeline, tmp_path: Path, merged: bool
) -> None:
    """The backup is older than the archive: the file is where it went later on."""
    first = new_pipeline()
    claimed(first)
    if merged:
        first.watcher.publish()
        first.watcher.publish()
        first.deliver_all()
    first.database.close()
    shutil.copy(first.folder.database, tmp_path / "backup")
    first.finish()
    assert first.states() == {"people.csv": ("archived", None)}
    first.database.close()
    for name in os.listdir(first.folder.root):
        if name.startswith("inflow.db"):
            (first.folder.root / name).unlink()
    shutil.copy(tmp_path / "backup", first.folder.database)

    second = new_pipeline()
    second.look()
    second.finish()

    assert second.states() == {"people.csv": ("archived", None)}
    assert len(second.table("people")) == 5
    assert sorted(second.contents()) == ["archive/people.#.csv"]


def test_another_file_under_the_name_in_the_archive_is_left_there(pipeline: Pipeline, clock: Clock) -> None:
    claimed(pipeline)
    pipeline.watcher.publish()
    pipeline.watcher.publish()
    pipeline.deliver_all()
    take_away(pipeline)
    (pipeline.folder.archive / "people.1.csv").write_text(people(2))
    pipeline.look()
    clock.let_pass(PATIENCE_SECONDS)
    pipeline.look()

    assert pipeline.states() == {"people.csv": ("reading", "file-gone")}
    assert os.listdir(pipeline.folder.archive) == ["people.1.csv"]


@pytest.fixture
def pipeline(new_pipeline: NewPipeline) -> Pipeline:
    return new_pipeline()
