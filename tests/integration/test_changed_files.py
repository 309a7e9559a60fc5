"""G1 Nothing lost: a file that is written to after its claim is loaded once more, as it is then."""

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from services.watcher.leaving import archiving
from tests.support.pipeline import AT_ONCE, PEOPLE, Clock, Pipeline, people

LATE = "Late,Lane,1900-01-01,Weir\n"
COMPARING = replace(AT_ONCE, compare_from_bytes=0)

NewPipeline = Callable[..., Pipeline]


@pytest.fixture
def new_pipeline(tmp_path: Path) -> Iterator[NewPipeline]:
    with ExitStack() as closing_all:
        yield lambda config=AT_ONCE, **options: closing_all.enter_context(
            closing(Pipeline(tmp_path / "data", config=config, **options))
        )


@pytest.fixture(params=[AT_ONCE, COMPARING], ids=["published whole", "compared"])
def pipeline(request: pytest.FixtureRequest, new_pipeline: NewPipeline) -> Pipeline:
    return new_pipeline(request.param)


@pytest.fixture
def no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as a kernel without leases: it is not known who has a file open."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(fcntl, "fcntl", refuse)


def append(pipeline: Pipeline, text: str = LATE) -> None:
    """Write to the only file in processing/, like a process that opened it before its claim."""
    [path] = pipeline.folder.processing.iterdir()
    with path.open("a") as file:
        file.write(text)


def loaded(pipeline: Pipeline) -> list[tuple[str, str, str | None]]:
    return [(load.file, load.state, load.reason) for load in pipeline.loads()]


def given_names(pipeline: Pipeline) -> list[str]:
    return [row[0] for row in pipeline.table("people")]


def claim(pipeline: Pipeline) -> None:
    pipeline.look()


def claim_and_publish_a_chunk(pipeline: Pipeline) -> None:
    pipeline.look()
    pipeline.watcher.publish()
    pipeline.deliver_all()


def claim_and_publish(pipeline: Pipeline) -> None:
    pipeline.look()
    pipeline.publish()


def load_all(pipeline: Pipeline) -> None:
    claim_and_publish(pipeline)
    pipeline.deliver_all()


MOMENTS = [claim, claim_and_publish_a_chunk, claim_and_publish, load_all]


@pytest.mark.parametrize("until", MOMENTS)
def test_rows_that_come_after_the_claim_are_loaded(pipeline: Pipeline, until: Callable[[Pipeline], None]) -> None:
    pipeline.drop("people.csv", people(7))
    until(pipeline)
    append(pipeline)
    pipeline.finish()

    [first, second] = pipeline.loads()
    assert (first.file, first.reason) == ("people.csv", "changed-while-read")
    assert f"was {len(people(7))} bytes" in (first.message or "")
    assert (second.file, second.state, second.reason) == ("people/people.csv", "archived", None)
    assert second.rows_read == 8
    assert given_names(pipeline) == [*(f"Given {number}" for number in range(7)), "Late"]
    assert os.listdir(pipeline.folder.archive) == ["people.2.csv"]
    assert (pipeline.folder.archive / "people.2.csv").read_text() == people(7) + LATE
    assert pipeline.waiting() == {}


def test_an_overwritten_file_is_loaded_with_its_new_content(pipeline: Pipeline) -> None:
    """Of the same size: the time of its last change is what tells."""
    pipeline.drop("people.csv", people(2), modified_at=1000)
    load_all(pipeline)
    [path] = pipeline.folder.processing.iterdir()
    path.write_text(people(2).replace("Weir", "Ayrs"))
    os.utime(path, ns=(0, 1000 * 10**9 + 1000))
    pipeline.finish()

    assert {row[3] for row in pipeline.table("people")} == {"Ayrs"}


def test_a_file_that_was_refused_for_what_was_half_there_is_loaded_once_it_is_whole(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", PEOPLE[:20])
    claim_and_publish(pipeline)
    assert loaded(pipeline) == [("people.csv", "refused", "missing-label")]
    append(pipeline, (PEOPLE + LATE)[20:])
    pipeline.finish()

    assert loaded(pipeline) == [
        ("people.csv", "refused", "changed-while-read"),
        ("people/people.csv", "archived", None),
    ]
    assert given_names(pipeline) == ["Late"]
    assert os.listdir(pipeline.folder.rejected) == []


def test_a_row_that_was_half_there_leaves_no_rejects_file(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", people(1) + LATE[:9])
    load_all(pipeline)
    append(pipeline, LATE[9:])
    pipeline.finish()

    assert [load.reason for load in pipeline.loads()] == ["changed-while-read", None]
    assert pipeline.loads()[1].rejected == 0
    assert os.listdir(pipeline.folder.rejected) == []
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_a_file_of_no_dataset_is_returned_to_the_inbox_itself(pipeline: Pipeline) -> None:
    hidden = pipeline.drop(".animals.csv", "a\n")
    with hidden.open("a") as file:
        claim_renamed(pipeline, hidden)
        pipeline.look()
        write_through(file, "1\n")
    pipeline.look()

    assert loaded(pipeline) == [("animals.csv", "refused", "changed-while-read")]
    assert (pipeline.folder.inbox / "animals.csv").read_text() == "a\n1\n"
    pipeline.finish()
    assert loaded(pipeline)[1] == ("animals.csv", "refused", "no-dataset")


def test_a_file_is_returned_next_to_one_with_the_same_name(pipeline: Pipeline) -> None:
    pipeline.drop("people/people.csv", people(1), modified_at=1)
    load_all(pipeline)
    append(pipeline)
    newer = pipeline.drop("people/people.csv", people(1, family="Lane"), modified_at=2)
    newer.rename(newer.with_name(".hidden"))
    (pipeline.folder.inbox / "people" / "people.csv").symlink_to(".hidden")
    pipeline.look()

    assert sorted(os.listdir(pipeline.folder.inbox / "people")) == [".hidden", "people.1.csv", "people.csv"]
    assert (pipeline.folder.inbox / "people" / "people.1.csv").read_text() == people(1) + LATE
    assert newer.with_name(".hidden").read_text() == people(1, family="Lane")


def test_where_the_kernel_lacks_this_rename_a_file_is_returned_under_its_number(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    pipeline.drop("people.csv", people(1))
    load_all(pipeline)
    append(pipeline)
    pipeline.finish()

    assert [each[0] for each in loaded(pipeline)] == ["people.csv", "people/people.1.csv"]
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_no_file_is_returned_through_a_link(pipeline: Pipeline) -> None:
    elsewhere = pipeline.folder.root / "elsewhere"
    elsewhere.mkdir()
    pipeline.drop("people.csv", people(1))
    load_all(pipeline)
    (pipeline.folder.inbox / "people").symlink_to(elsewhere)
    append(pipeline)
    pipeline.look()

    assert loaded(pipeline) == [("people.csv", "archived", "changed-while-read")]
    assert os.listdir(elsewhere) == []
    (pipeline.folder.inbox / "people").unlink()
    pipeline.finish()
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_a_returned_file_settles_like_any_other(new_pipeline: NewPipeline) -> None:
    """It is renamed into the inbox, but not by its sender: that does not mean that it is complete."""
    clock = Clock()
    pipeline = new_pipeline(replace(AT_ONCE, settle_seconds=60.0, watch="auto"), clock=clock)
    hidden = pipeline.drop("people/.people.csv", people(1))
    pipeline.look()
    hidden.rename(hidden.with_name("people.csv"))
    load_all(pipeline)
    append(pipeline)
    for _ in range(3):
        pipeline.look()
    assert pipeline.waiting() == {"people/people.csv": ("settling", "settling")}

    clock.let_pass(60)
    pipeline.finish()
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_a_file_that_grows_all_the_time_becomes_load_after_load(pipeline: Pipeline, no_leases: None) -> None:
    path = pipeline.drop("people.csv", PEOPLE)
    with path.open("a") as file:
        for number in range(5):
            load_all(pipeline)
            write_through(file, f"Late {number},Lane,1900-01-01,Weir\n")
            pipeline.look()
    pipeline.finish()

    assert given_names(pipeline) == [f"Late {number}" for number in range(5)]
    assert [load.reason for load in pipeline.loads()] == [*["changed-while-read"] * 5, None]


def test_a_file_open_for_writing_is_not_archived(pipeline: Pipeline) -> None:
    """A handle goes with a file, wherever it is moved: rows that come after the archive would be lost."""
    hidden = pipeline.drop(".people.csv", people(1))
    with hidden.open("a") as file:
        claim_renamed(pipeline, hidden)
        load_all(pipeline)
        for _ in range(2):
            pipeline.look()
        assert loaded(pipeline) == [("people.csv", "complete", "open-for-writing")]
        write_through(file, LATE)
    pipeline.finish()

    assert loaded(pipeline) == [
        ("people.csv", "archived", "changed-while-read"),
        ("people/people.csv", "archived", None),
    ]
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_a_file_that_can_not_be_examined_for_a_while_is_not_archived(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known then whether a process can write to it."""

    def fail(_: Path) -> bool:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    hidden = pipeline.drop(".people.csv", people(1))
    with hidden.open("a") as file:
        claim_renamed(pipeline, hidden)
        with monkeypatch.context() as faulty:
            faulty.setattr(archiving, "is_open_for_writing", fail)
            load_all(pipeline)
            pipeline.look()
        assert loaded(pipeline) == [("people.csv", "complete", "not-moved")]
        write_through(file, LATE)
    pipeline.finish()

    assert loaded(pipeline)[-1] == ("people/people.csv", "archived", None)
    assert given_names(pipeline) == ["Given 0", "Late"]


def test_a_file_that_was_held_open_and_did_not_change_is_archived(pipeline: Pipeline) -> None:
    hidden = pipeline.drop(".people.csv", people(1))
    with hidden.open("a"):
        claim_renamed(pipeline, hidden)
        load_all(pipeline)
        pipeline.look()
    pipeline.finish()

    assert loaded(pipeline) == [("people.csv", "archived", None)]


def test_a_returned_file_is_not_a_base_for_the_next_edition(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(COMPARING)
    pipeline.drop("people.csv", people(7))
    load_all(pipeline)
    append(pipeline)
    pipeline.finish()
    pipeline.drop("people.csv", people(7) + LATE)
    pipeline.finish()

    [_, returned, again] = pipeline.loads()
    assert (returned.inserted, returned.unchanged) == (1, 7)
    assert (again.state, again.unchanged) == ("archived", 8)


def claim_renamed(pipeline: Pipeline, hidden: Path) -> None:
    """Claim a file that is renamed into the inbox before it is closed, as some programs do."""
    path = hidden.rename(hidden.with_name(hidden.name.removeprefix(".")))
    pipeline.watcher.rescan({path.name})


def write_through(file: IO[str], text: str) -> None:
    file.write(text)
    file.flush()
