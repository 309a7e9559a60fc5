"""G1 Nothing lost, G9 Anything may be killed: a file that changes after its claim, and a crash at any step."""

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.watcher.leaving import requeueing
from shared.storage.ledger import load_states
from tests.support.faults import Crash, FragileDatabase, FragileQueue, Steps
from tests.support.pipeline import PEOPLE, Pipeline, people

LATE = "Late,Lane,1900-01-01,Weir\n"


def publish_a_chunk(pipeline: Pipeline) -> None:
    pipeline.look()
    pipeline.watcher.publish()
    pipeline.deliver_all()


def load_all(pipeline: Pipeline) -> None:
    pipeline.look()
    pipeline.publish()
    pipeline.deliver_all()


def append(pipeline: Pipeline) -> None:
    for path in (*pipeline.folder.inbox.glob("*.csv"), *pipeline.folder.processing.iterdir()):
        if path.read_text() == people(7):
            with path.open("a") as file:
                file.write(LATE)


def fragile(root: Path, steps: Steps, patch: pytest.MonkeyPatch) -> Pipeline:
    """Counts the rename back into the inbox, too."""
    steps.interpose(patch)
    rename = requeueing.rename_to_free_name

    def counted(source: Path, target: Path) -> None:
        with steps.around("the rename back into the inbox"):
            rename(source, target)

    patch.setattr(requeueing, "rename_to_free_name", counted)
    return Pipeline(root, queue=FragileQueue(steps), new_database=partial(FragileDatabase, steps=steps))


@pytest.mark.parametrize("until", [publish_a_chunk, load_all])
@pytest.mark.parametrize("messages", ["lost", "kept"])
def test_a_crash_at_any_step_changes_nothing_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Pipeline], None], messages: str
) -> None:
    for number in range(1, 1000):
        steps = Steps()
        root = tmp_path / str(number)
        with monkeypatch.context() as patch, closing(fragile(root, steps, patch)) as pipeline:
            pipeline.drop("people.csv", people(7))
            steps.arm(number, Crash)
            has_crashed = crashes(pipeline, until)
        if not has_crashed:
            assert "after the rename back into the inbox" in steps.names
            break
        append(pipeline)
        queue = pipeline.queue if messages == "kept" else None
        with closing(Pipeline(root, queue=queue)) as successor:
            successor.finish()
            assert len(successor.table("people")) == 8, steps.names[-1]
            assert {load.state for load in successor.loads()} <= {"archived", "refused"}
            assert successor.queue.dead_letters == []
            assert [path.read_text() for path in successor.folder.archive.iterdir()][-1:] == [people(7) + LATE]


def crashes(pipeline: Pipeline, until: Callable[[Pipeline], None]) -> bool:
    """Append after this many steps, and continue to the end; return whether a crash came first."""
    try:
        until(pipeline)
        append(pipeline)
        pipeline.finish()
    except Crash:
        return True
    return False


def test_rows_that_come_right_before_the_file_is_read_again_are_rows_of_the_next_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifest is out: they would be more than that says, and a dead letter."""

    def crash(*_: object, **__: object) -> None:
        raise Crash

    def mark_reading(*arguments: Any, **named: Any) -> None:
        real_mark_reading(*arguments, **named)
        for path in successor.folder.processing.iterdir():
            if path.read_text() == PEOPLE:
                path.write_text(PEOPLE + LATE)

    real_mark_reading = load_states.mark_reading
    with closing(Pipeline(tmp_path)) as pipeline, monkeypatch.context() as patch:
        pipeline.drop("people.csv", PEOPLE)
        patch.setattr(load_states, "mark_published", crash)
        with pytest.raises(Crash):
            load_all(pipeline)
    with closing(Pipeline(tmp_path, queue=pipeline.queue)) as successor, monkeypatch.context() as patch:
        patch.setattr(load_states, "mark_reading", mark_reading)
        successor.finish()

        assert successor.queue.dead_letters == []
        assert [(load.state, load.rows_read) for load in successor.loads()][-1] == ("archived", 1)
        assert [row[0] for row in successor.table("people")] == ["Late"]
