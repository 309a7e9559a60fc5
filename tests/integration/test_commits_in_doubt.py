"""What the watcher keeps in memory agrees with the ledger whatever becomes of a commit, and with the folder whatever
becomes of a rename: found by the simulation (verification/simulation), each with a test of its own."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from services.watcher.rounds import Rounds
from shared.extraction import load_files
from shared.model.errors import DatabaseUnavailable
from tests.support.faults import FragileDatabase, Steps
from tests.support.pipeline import AT_ONCE, Pipeline, people
from verification.simulation.processes import Hints


@pytest.fixture
def steps() -> Steps:
    return Steps()


@pytest.fixture
def pipeline(tmp_path: Path, steps: Steps) -> Iterator[Pipeline]:
    """Its database fails at a step that is armed."""
    config = replace(AT_ONCE, backlog_messages=2)
    with closing(Pipeline(tmp_path, config=config, new_database=partial(FragileDatabase, steps=steps))) as pipeline:
        yield pipeline


def fail_at(steps: Steps, name: str) -> None:
    """Fail at the next step, which must be this one."""

    def failure(step: str) -> Exception:
        assert step == name
        return DatabaseUnavailable(step)

    steps.arm(1 if name.startswith("before") else 2, failure)


def test_numbers_whose_reservation_was_rolled_back_are_not_given_twice(pipeline: Pipeline, steps: Steps) -> None:
    pipeline.drop("people1.csv", people(1))
    fail_at(steps, "before a commit")
    with pytest.raises(DatabaseUnavailable):
        pipeline.look()
    pipeline.drop("people2.csv", people(2))
    pipeline.finish()

    assert {load.load_id: load.file for load in pipeline.loads()} == {1: "people1.csv", 2: "people2.csv"}


def test_a_waiting_file_whose_entry_was_made_in_doubt_leaves_the_ledger_with_its_claim(
    pipeline: Pipeline, steps: Steps
) -> None:
    (pipeline.folder.inbox / "pipe.csv").symlink_to("/dev/null")
    fail_at(steps, "after a commit")
    with pytest.raises(DatabaseUnavailable):
        pipeline.look()
    assert pipeline.waiting() == {"pipe.csv": ("blocked", "not-a-regular-file")}
    (pipeline.folder.inbox / "pipe.csv").unlink()
    pipeline.look()

    assert pipeline.waiting() == {}


def test_a_reason_that_was_written_in_doubt_is_taken_back_when_there_is_room(pipeline: Pipeline, steps: Steps) -> None:
    pipeline.drop("people.csv", people(30))
    pipeline.look()
    assert pipeline.watcher.publish()
    assert pipeline.watcher.publish()
    fail_at(steps, "after a commit")
    with pytest.raises(DatabaseUnavailable):
        pipeline.watcher.publish()
    assert pipeline.states() == {"people.csv": ("reading", "queue-full")}
    pipeline.deliver_all()
    assert pipeline.watcher.publish()

    assert pipeline.states() == {"people.csv": ("reading", None)}


def test_a_rename_that_fails_though_it_was_done_leaves_no_reason_behind(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a network file system may have it; and the watcher is killed before it looks again."""
    rename = os.rename

    def rename_and_fail(source: Path, target: Path) -> None:
        rename(source, target)
        if "archive" in str(target):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "rename", rename_and_fail)
    pipeline.drop("people.csv", people(1))
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert not pipeline.watcher.stuck_loads


def test_a_reason_is_gone_before_the_file_is_so_that_a_crash_leaves_none_behind(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.drop("people.csv", people(1))
    with monkeypatch.context() as patch:
        pipeline.look()
        patch.setattr(os, "rename", _refusing)
        pipeline.finish()
        assert pipeline.states() == {"people.csv": ("archived", "not-moved")}
    with monkeypatch.context() as patch, suppress(InterruptedError):
        patch.setattr(load_files, "sync_folder", _interrupted)
        pipeline.look()

    assert os.listdir(pipeline.folder.processing) == []
    assert pipeline.states() == {"people.csv": ("archived", None)}


def test_a_refused_file_that_is_out_gets_its_reason_written_no_second_time(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash in the middle of it would leave half a file behind, which would never be completed."""
    pipeline.drop("animals.csv", "a\n1\n")
    with monkeypatch.context() as patch, suppress(InterruptedError):
        patch.setattr(load_files, "sync_folder", _interrupted)
        pipeline.finish()
    reason = next(pipeline.folder.rejected.glob("*.reason.txt"))
    written = reason.stat().st_ino
    pipeline.look()

    assert reason.stat().st_ino == written
    assert not pipeline.watcher.open_loads


def test_an_event_of_the_inbox_counts_for_one_look_whatever_becomes_of_it(pipeline: Pipeline, steps: Steps) -> None:
    """Before the next one, another file may be copied under the same name: half of it would be claimed."""
    hints = Hints()
    hints.renamed_in = {"people.csv"}
    config = replace(AT_ONCE, settle_seconds=60.0)
    rounds = Rounds(folder=pipeline.folder, store=pipeline.store, queue=pipeline.queue, config=config, hints=hints)
    pipeline.drop("people.csv", people(3))
    fail_at(steps, "before a commit")
    with pytest.raises(DatabaseUnavailable):
        rounds.look()
    pipeline.drop("people.csv", people(3)[:-20])
    rounds.look()
    rounds.close()

    assert pipeline.loads() == []
    assert pipeline.waiting() == {"people.csv": ("settling", "settling")}


def _interrupted(_folder: Path) -> None:
    raise InterruptedError


def _refusing(source: Path, target: Path) -> None:
    raise OSError(errno.EACCES, os.strerror(errno.EACCES), source, None, target)
