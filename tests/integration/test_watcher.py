"""The watcher between inbox and ledger: turns, backpressure, crashes, refusals of the servers, finished files."""

import csv
import errno
import io
import os
import shutil
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import delete

from services.extractor.round_robin import Extraction
from services.extractor.settings import WatcherConfig
from shared.configuration.catalog import load_catalog
from shared.extraction.chunks import ChunkBounds
from shared.messaging.topology import WRITER_QUEUE
from shared.model.errors import BrokerUnavailable, DatabaseUnavailable, TransientError
from tests.support.extraction import cuts_of, file_at
from tests.support.faults import Crash, FragileDatabase, FragileQueue, Steps
from tests.support.pipeline import AT_ONCE, PEOPLE, PLACES, Clock, Pipeline, RecordingQueue, people

#: people1.csv, claimed before its disk failed.
CLAIMED = "0000000001.0123456789abcdef.people.3r9999b.people1.csv"

NewPipeline = Callable[..., Pipeline]


@pytest.fixture
def new_pipeline(tmp_path: Path) -> Iterator[NewPipeline]:
    """Make pipelines on one data folder: a second one is the first one's successor after a crash."""
    with ExitStack() as closing_all:
        yield lambda config=AT_ONCE, **options: closing_all.enter_context(
            closing(Pipeline(tmp_path / "data", config=config, **options))
        )


@pytest.fixture
def pipeline(new_pipeline: NewPipeline) -> Pipeline:
    return new_pipeline()


@pytest.fixture
def clock() -> Clock:
    """The clock by which loads stand still: time passes only where a test lets it."""
    return Clock()


def load_ids(pipeline: Pipeline) -> list[int]:
    return [message.load_id for message in pipeline.queue.published]


def test_files_take_turns_so_that_a_small_one_does_not_wait_behind_a_huge_one(pipeline: Pipeline) -> None:
    pipeline.drop("people1.csv", people(270), modified_at=1)
    pipeline.drop("people2.csv", people(2, family="Lane"), modified_at=2)
    pipeline.look()
    pipeline.publish()

    assert load_ids(pipeline)[:5] == [1, 2, 1, 2, 1]
    assert load_ids(pipeline)[5:] == [1] * 88


def test_a_small_file_dropped_while_a_huge_one_is_read_overtakes_it(pipeline: Pipeline) -> None:
    pipeline.drop("people1.csv", people(300))
    pipeline.look()
    for _ in range(10):
        pipeline.watcher.publish()
    pipeline.drop("people2.csv", people(2, family="Lane"))
    while pipeline.states().get("people2.csv") != ("archived", None):
        pipeline.look()
        assert pipeline.watcher.publish()
        pipeline.deliver()

    assert pipeline.states()["people1.csv"] == ("reading", None)
    assert len(pipeline.queue.published) < 30


def test_many_files_are_read_in_turns_with_few_of_them_open(pipeline: Pipeline) -> None:
    for number in range(100):
        pipeline.drop(f"people{number:02d}.csv", people(4, family=f"Family {number}"))
    pipeline.look()
    for _ in range(64):
        pipeline.watcher.publish()

    assert sorted(load_ids(pipeline)) == list(range(1, 65))
    assert sum("/processing/" in os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()) == 64
    pipeline.finish()
    assert set(pipeline.states().values()) == {("archived", None)}


def test_a_file_holds_little_between_its_turns(tmp_path: Path) -> None:
    """G8 Memory is bounded: 64 files take turns, and a chunk as Python has it is some megabytes large."""
    path = tmp_path / "people.csv"
    path.write_text(people(20_000))
    file = file_at(path, load_catalog(None).datasets["people"], bounds=WatcherConfig().bounds)
    extractions = [Extraction(file, lambda file, _progress: cuts_of(file)) for _ in range(8)]
    tracemalloc.start()
    for extraction in extractions:
        extraction.step()
        extraction.confirm()
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    for extraction in extractions:
        extraction.close()

    assert held_bytes / len(extractions) < 1_000_000


def test_with_a_full_queue_nothing_is_published_and_the_loads_say_why(new_pipeline: NewPipeline) -> None:
    """G8 Memory is bounded, whatever the size of the queue; G10 Waiting explains itself."""
    pipeline = new_pipeline(replace(AT_ONCE, backlog_messages=4))
    pipeline.drop("people1.csv", people(30))
    pipeline.look()
    pipeline.publish()
    assert pipeline.queue.backlog(WRITER_QUEUE) == 4
    assert pipeline.states() == {"people1.csv": ("reading", "queue-full")}

    pipeline.drop("people2.csv", people(30, family="Lane"))
    pipeline.look()
    pipeline.publish()
    assert pipeline.queue.backlog(WRITER_QUEUE) == 4
    assert pipeline.states() == {"people1.csv": ("reading", "queue-full"), "people2.csv": ("claimed", "queue-full")}

    pipeline.deliver()
    pipeline.publish()
    assert pipeline.queue.backlog(WRITER_QUEUE) == 4
    pipeline.deliver_all()
    pipeline.watcher.publish()
    assert pipeline.states() == {"people1.csv": ("reading", None), "people2.csv": ("reading", None)}
    pipeline.finish()
    assert [load.inserted for load in pipeline.loads()] == [30, 30]


def test_the_service_records_in_the_ledger_that_the_broker_is_gone(pipeline: Pipeline) -> None:
    """G10 Waiting explains itself."""
    pipeline.drop("people.csv", people(30))
    pipeline.look()
    pipeline.watcher.hold_back("broker-unavailable", "connection refused")
    assert [(load.reason, load.message) for load in pipeline.loads()] == [("broker-unavailable", "connection refused")]

    pipeline.finish()
    assert pipeline.states() == {"people.csv": ("archived", None)}


def test_a_file_leaves_processing_only_when_its_load_is_complete_in_the_database(pipeline: Pipeline) -> None:
    """G5 A file leaves processing/ only when its load is complete in the database."""
    pipeline.drop("people.csv", people(7))
    pipeline.look()
    pipeline.publish()
    while pipeline.deliver():
        in_processing = os.listdir(pipeline.folder.processing)
        pipeline.look()
        assert len(in_processing) == 1
        assert os.listdir(pipeline.folder.archive) == []
        if pipeline.loads()[0].rows_done == 7:
            break

    assert pipeline.loads()[0].state == "published"
    assert pipeline.deliver()
    pipeline.look()
    assert os.listdir(pipeline.folder.processing) == []
    assert os.listdir(pipeline.folder.archive) == ["people.1.csv"]


def test_a_strangers_file_in_processing_is_left_alone(pipeline: Pipeline) -> None:
    stranger = pipeline.folder.processing / "notes.txt"
    stranger.write_text("mine")
    pipeline.drop("people.csv", people(1))
    pipeline.finish()

    assert stranger.read_text() == "mine"


def test_what_the_broker_lost_is_published_again(new_pipeline: NewPipeline) -> None:
    """G5: losing the broker's messages in the middle of a load loses nothing; the ledger drops what was done."""
    before = new_pipeline()
    before.drop("people.csv", people(7))
    before.look()
    before.publish()
    before.deliver()
    assert before.states() == {"people.csv": ("published", None)}
    after = new_pipeline()
    after.finish()

    assert [(load.state, load.rows_read, load.inserted) for load in after.loads()] == [("archived", 7, 7)]
    assert len(after.table("people")) == 7
    assert [message.load_id for message in after.queue.published] == [1, 1, 1, 1]


def test_a_load_is_published_again_only_when_it_stands_still_with_nothing_in_the_queue(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, republish_seconds=60.0), clock=clock)
    pipeline.drop("people.csv", people(7))
    look_and_publish(pipeline)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 4

    clock.let_pass(61)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 4, "its messages are in the queue"
    pipeline.deliver()
    lose_messages(pipeline)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 4, "rows were written since the last look"
    clock.let_pass(59)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 4, "it has not stood still for long"
    clock.let_pass(2)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 8


def test_a_load_does_not_stand_still_before_its_messages_left_the_queue(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    """No writer ran for long; the first one that comes back has taken the messages, and not answered yet."""
    pipeline = new_pipeline(replace(AT_ONCE, republish_seconds=60.0), clock=clock)
    pipeline.drop("people.csv", people(1))
    look_and_publish(pipeline)
    look_and_publish(pipeline)
    clock.let_pass(61)
    look_and_publish(pipeline)
    lose_messages(pipeline)

    clock.let_pass(59)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 2
    clock.let_pass(2)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == 4


def test_a_load_with_a_dead_letter_is_published_again_only_once_the_broker_has_lost_that_too(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    """What is tried again from the dead-letter queue would only be there twice."""
    pipeline = new_pipeline(replace(AT_ONCE, republish_seconds=60.0), clock=clock)
    pipeline.drop("people.csv", people(7))
    look_and_publish(pipeline)
    look_and_publish(pipeline)
    published = len(pipeline.queue.published)
    lose_messages(pipeline)
    pipeline.writer.mark_dead_lettered(1, "DatabaseRefused: no")
    pipeline.queue.dead_letters.append(b"a chunk of it")

    clock.let_pass(3600)
    look_and_publish(pipeline)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == published, "its dead letter is tried again"

    pipeline.queue.dead_letters.clear()
    clock.let_pass(59)
    look_and_publish(pipeline)
    assert len(pipeline.queue.published) == published, "it may be in a consumer's hand"
    clock.let_pass(2)
    pipeline.finish()
    assert pipeline.states() == {"people.csv": ("archived", None)}


def test_the_patience_with_a_load_doubles_each_time_it_is_published_again(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, republish_seconds=60.0), clock=clock)
    pipeline.drop("people.csv", people(1))
    look_and_publish(pipeline)
    look_and_publish(pipeline)
    minutes = []
    for minute in range(1, 16):
        lose_messages(pipeline)
        clock.let_pass(60)
        published = len(pipeline.queue.published)
        look_and_publish(pipeline)
        minutes += [minute] if len(pipeline.queue.published) > published else []

    assert minutes == [1, 3, 7, 15]


def test_a_load_that_the_database_forgot_is_entered_again(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", people(7))
    look_and_publish(pipeline)
    with pipeline.database.transaction() as connection:
        connection.execute(delete(pipeline.schema.loads))
    lose_messages(pipeline)
    pipeline.finish()

    assert [(load.state, load.inserted) for load in pipeline.loads()] == [("archived", 7)]


def test_an_unreadable_file_says_so_and_does_not_slow_down_the_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G10 Waiting explains itself."""
    (pipeline.folder.processing / CLAIMED).write_text(people(9))
    pipeline.drop("people2.csv", people(9, family="Lane"))
    with monkeypatch.context() as patch:
        refuse(patch, os, "open", CLAIMED, errno.EIO)
        pipeline.look()
        turns = 0
        while pipeline.watcher.publish() | pipeline.deliver():
            turns += 1
        pipeline.look()

        assert pipeline.states() == {"people1.csv": ("claimed", "unreadable"), "people2.csv": ("archived", None)}
        assert "Input/output error" in (pipeline.loads()[0].message or "")
        assert set(pipeline.watcher.stuck_loads) == {1}
        assert turns <= 6
    pipeline.finish()
    assert pipeline.states()["people1.csv"] == ("archived", None)
    assert not pipeline.watcher.stuck_loads


def test_a_file_that_fails_in_the_middle_is_read_again_from_its_start(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.drop("people.csv", people(9))
    pipeline.look()
    pipeline.watcher.publish()
    with monkeypatch.context() as patch:
        refuse(patch, Extraction, "step", None, errno.EIO)
        pipeline.watcher.publish()
    assert pipeline.states() == {"people.csv": ("reading", "unreadable")}
    pipeline.finish()

    assert [(load.state, load.inserted) for load in pipeline.loads()] == [("archived", 9)]


def test_an_unreadable_file_keeps_its_own_reason_with_a_full_queue(
    new_pipeline: NewPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, backlog_messages=2))
    (pipeline.folder.processing / CLAIMED).write_text(people(9))
    refuse(monkeypatch, os, "open", CLAIMED, errno.EIO)
    pipeline.drop("people2.csv", people(30))
    for _ in range(3):
        look_and_publish(pipeline)
    full = pipeline.states()
    pipeline.deliver_all()
    pipeline.watcher.publish()

    assert full == {"people1.csv": ("claimed", "unreadable"), "people2.csv": ("reading", "queue-full")}
    assert pipeline.states() == {"people1.csv": ("claimed", "unreadable"), "people2.csv": ("reading", None)}


@pytest.mark.parametrize("folder", ["archive", "rejected"])
def test_a_file_that_cannot_be_moved_out_says_so_and_blocks_no_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """G10 Waiting explains itself; a load with bad rows is not archived before they are in their file."""
    pipeline.drop("people.csv", people(2) + "Ada,Stone,1837-02-30,Weir\n", modified_at=1)
    with monkeypatch.context() as patch:
        for rename in ("rename", "replace"):
            refuse(patch, os, rename, f"/{folder}/people", errno.EXDEV)
        pipeline.finish()
        pipeline.drop("places.csv", f"{PLACES}Weir,,Land\n")
        pipeline.finish()

        state = "archived" if folder == "archive" else "complete"
        assert pipeline.states() == {"people.csv": (state, "not-moved"), "places.csv": ("archived", None)}
        assert "Invalid cross-device link" in (pipeline.loads()[0].message or "")
        assert len(os.listdir(pipeline.folder.processing)) == 1
        assert set(pipeline.watcher.stuck_loads) == {1}
    pipeline.look()
    assert pipeline.states()["people.csv"] == ("archived", None)
    assert not pipeline.watcher.stuck_loads
    assert sorted(pipeline.contents()) == ["archive/people.#.csv", "archive/places.#.csv", "rejected/people.csv.#.csv"]


def test_a_refused_file_that_cannot_be_moved_keeps_its_reason(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.drop("animals.csv", "a\n1\n")
    with monkeypatch.context() as patch:
        refuse(patch, os, "rename", "/rejected/animals", errno.EACCES)
        pipeline.finish()
        assert pipeline.states() == {"animals.csv": ("refused", "no-dataset")}
        assert set(pipeline.watcher.stuck_loads) == {1}
    pipeline.look()

    assert pipeline.states() == {"animals.csv": ("refused", "no-dataset")}
    assert os.listdir(pipeline.folder.processing) == []


def rejects(pipeline: Pipeline, name: str = "people.csv.1.csv") -> list[list[str]]:
    with (pipeline.folder.rejected / name).open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def header_of_reports(prefix: str = "") -> list[str]:
    return [f"{prefix}{name}" for name in ("load", "line", "byte_offset", "column", "code", "message")]


def test_a_bad_row_is_reported_with_all_it_had_and_holds_back_no_good_one(pipeline: Pipeline) -> None:
    """G7 A bad row never holds back a good one: it is reported with line, column, code, message and raw text."""
    bad = [
        ["Ada", "Stone", "1837-02-30", "We,ir"],
        ["", "Sto\nne", "never", 'the "Weir"'],
        ["Bo", "Stone"],
        ["Cy", "Stone", "1900-01-01", "Weir", "and more", "and, more"],
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(bad)
    pipeline.drop("people.csv", people(2) + text.getvalue() + "Di,Stone,1900-01-01,Weir\n")
    pipeline.finish()

    header, *rows = rejects(pipeline)
    assert ",".join(header) == f"{PEOPLE.strip()},load,line,byte_offset,column,code,message"
    assert [row[:4] for row in rows] == [
        bad[0],
        bad[1],
        ["Bo", "Stone", "", ""],
        ["Cy", "Stone", "1900-01-01", "Weir,and more,and, more"],
    ]
    [load] = pipeline.loads()
    assert {row[4] for row in rows} == {f"1-{load.token}"}
    assert [(row[5], *row[7:9]) for row in rows] == [
        ("4", "date_of_birth", "type-error"),
        ("5", "given_name", "constraint-error"),
        ("7", "", "missing-cell"),
        ("8", "", "extra-cell"),
    ]
    assert all(row[9] for row in rows)
    assert (load.state, load.rows_read, load.inserted, load.rejected) == ("archived", 7, 3, 4)


def test_a_load_without_bad_rows_has_no_file_of_them(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", people(2))
    pipeline.finish()

    assert os.listdir(pipeline.folder.rejected) == []


def test_a_corrected_line_dropped_again_is_healed(pipeline: Pipeline) -> None:
    """G7 A bad row never holds back a good one: mending that line and dropping it again heals it."""
    pipeline.drop("people.csv", people(2) + 'Ada,"Stone, Jr",1837-02-30,Weir\nBo,Stone,1900-13-01,Weir\n')
    pipeline.finish()
    path = pipeline.folder.rejected / "people.csv.1.csv"
    pipeline.drop(path.name, path.read_text().replace("1837-02-30", "1837-02-28"))
    pipeline.finish()

    second = pipeline.loads()[1]
    assert (second.file, second.state, second.inserted, second.rejected) == ("people.csv.1.csv", "archived", 1, 1)
    assert second.ignored_columns == tuple(header_of_reports())
    assert pipeline.table("people")[0][:2] == ("Ada", "Stone, Jr")
    header, row = rejects(pipeline, "people.csv.1.csv.2.csv")
    assert header[4:] == [*header_of_reports(), *header_of_reports("_")]
    assert row[:4] == ["Bo", "Stone", "1900-13-01", "Weir"]
    labels = [f"{load.load_id}-{load.token}" for load in pipeline.loads()]
    assert (row[4:6], row[10:12]) == ([labels[0], "5"], [labels[1], "3"])


@pytest.mark.parametrize("own", ["line", "message,_code"])
def test_our_columns_of_a_rejects_file_get_names_that_the_file_does_not_have(pipeline: Pipeline, own: str) -> None:
    pipeline.drop("people.csv", f"{own},{PEOPLE}{own},Ada,Stone,never,Weir\n")
    pipeline.finish()

    header, row = rejects(pipeline)
    assert len(header) == len(set(header)) == len(row)
    assert ",".join(header).startswith(f"{own},{PEOPLE.strip()},")
    assert [name.lstrip("_") for name in header[-6:]] == header_of_reports()
    assert (row[-5], *row[-3:-1]) == ("2", "date_of_birth", "type-error")


def test_rows_of_any_length_get_into_the_rejects_file_after_a_crash_too(new_pipeline: NewPipeline) -> None:
    """The csv module's own limit is 131,072 characters; a new process has read nothing that would have lifted it."""
    before = new_pipeline()
    before.drop("people.csv", f"{PEOPLE}{'x' * 200_000},Stone,1900-01-01,Weir\n")
    before.look()
    before.publish()
    before.deliver_all()
    assert before.states() == {"people.csv": ("complete", None)}
    csv.field_size_limit(131_072)
    after = new_pipeline()
    after.finish()

    assert len(rejects(after)[1][0]) == 200_000


def test_a_rejects_file_is_whole_or_not_there(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.look()
    pipeline.drop("people.csv", PEOPLE + "Ada,Stone,never,Weir\n" * 10)
    with monkeypatch.context() as patch:
        refuse(patch, os, "fsync", None, errno.ENOSPC)
        pipeline.finish()
        assert os.listdir(pipeline.folder.rejected) == []
        assert pipeline.states() == {"people.csv": ("complete", "not-moved")}
    pipeline.finish()

    assert len(rejects(pipeline)) == 11
    assert pipeline.states() == {"people.csv": ("archived", None)}


def look_and_publish(pipeline: Pipeline) -> None:
    pipeline.look()
    pipeline.publish()


def lose_messages(pipeline: Pipeline) -> None:
    while pipeline.queue.deliver(WRITER_QUEUE, lambda _body: None, stop=Event()):
        pass


def refuse(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, path: str | None, number: int) -> None:
    """Let a function of the system fail with an error, for all paths or for those with this in them."""
    function: Callable[..., Any] = getattr(owner, name)

    def fail_or_do(*arguments: Any, **options: Any) -> Any:
        if path is None or any(path in str(argument) for argument in arguments):
            raise OSError(number, os.strerror(number))
        return function(*arguments, **options)

    monkeypatch.setattr(owner, name, fail_or_do)


def dropped(root: Path) -> Path:
    """Make a data folder with, in this order, bad rows, a good file, one of no dataset and one with a wrong header."""
    with closing(Pipeline(root)) as pipeline:
        bad_rows = 'Ada,Stone,1837-02-30,Weir\nBo,Stone\n"Cy, Jr",Stone,1900-01-01,"We\nir"\n'
        contents = {
            "people.csv": people(5) + bad_rows + "Given 0,Stone,1900-01-01,Kelso\n",
            "places.csv": f"{PLACES}Weir,,Land\nKelso,,Land\nHawick,,Land\nAlloa,,Land\n",
            "animals.csv": "a\n1\n",
            "people-without.csv": PLACES,
        }
        for number, (name, content) in enumerate(contents.items()):
            pipeline.drop(name, content, modified_at=number)
    return root


class Result:
    """Everything that is there in the end, in a form that two runs can be compared in."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.outcomes = sorted(pipeline.outcomes(), key=lambda outcome: outcome.file)
        self.tables = {name: pipeline.table(name) for name in pipeline.catalog.datasets}
        self.contents = pipeline.contents()
        self.waiting = pipeline.waiting()
        self.dead_letters = pipeline.queue.dead_letters

    def __eq__(self, other: object) -> bool:
        return vars(self) == vars(other)

    def __hash__(self) -> int:
        raise TypeError

    def __repr__(self) -> str:
        return repr(vars(self))


def fragile(root: Path, steps: Steps, config: WatcherConfig = AT_ONCE) -> Pipeline:
    return Pipeline(root, config=config, queue=FragileQueue(steps), new_database=partial(FragileDatabase, steps=steps))


def run_to_the_end(root: Path, config: WatcherConfig = AT_ONCE, queue: RecordingQueue | None = None) -> Result:
    with closing(Pipeline(root, config=config, queue=queue)) as pipeline:
        pipeline.finish()
        numbers = [load.load_id for load in pipeline.loads()]
        assert numbers == sorted(set(numbers))
        return Result(pipeline)


@pytest.fixture
def expected(tmp_path: Path) -> Result:
    """How it ends when nothing fails."""
    return run_to_the_end(dropped(tmp_path / "nothing fails"))


def test_a_run_without_any_crash_ends_as_it_should(expected: Result) -> None:
    assert [(each.file, each.state, each.reason) for each in expected.outcomes] == [
        ("animals.csv", "refused", "no-dataset"),
        ("people-without.csv", "refused", "missing-label"),
        ("people.csv", "archived", None),
        ("places.csv", "archived", None),
    ]
    people_csv = expected.outcomes[2]
    assert (people_csv.rows_read, people_csv.inserted, people_csv.superseded, people_csv.rejected) == (9, 6, 1, 2)
    assert sorted(expected.contents) == [
        "archive/people.#.csv",
        "archive/places.#.csv",
        "rejected/animals.#.csv",
        "rejected/animals.#.csv.reason.txt",
        "rejected/people-without.#.csv",
        "rejected/people-without.#.csv.reason.txt",
        "rejected/people.csv.#.csv",
    ]


def steps_of_a_run(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run to the end and return the names of all steps on the way."""
    steps = Steps()
    with monkeypatch.context() as patch, closing(fragile(root, steps)) as pipeline:
        steps.interpose(patch)
        pipeline.finish()
    return steps.names


def test_every_step_of_the_watchers_cycle_is_one_at_which_it_can_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = steps_of_a_run(dropped(tmp_path / "data"), monkeypatch)

    assert Counter(name for name in names if not name.endswith("commit")) == {
        f"{when} {what}": times
        for when in ("before", "after")
        for what, times in {
            # Whose folder it is.
            "a rename into data/": 1,
            "a rename into processing/": 4,
            "publishing chunk 0": 2,
            "publishing chunk 3": 2,
            "publishing chunk 6": 1,
            "publishing the manifest": 2,
            "a rename into archive/": 2,
            # Two files, the reason of each, and the rejected rows of a third one.
            "a rename into rejected/": 5,
        }.items()
    }
    pairs = set(pairwise(names))
    # The numbers are given out, no file is renamed; files are renamed and not in the ledger.
    assert ("after a commit", "before a rename into processing/") in pairs
    assert ("after a rename into processing/", "before a commit") in pairs
    # The ledger is closed, the file is not moved.
    assert ("after a commit", "before a rename into archive/") in pairs
    assert ("after a commit", "before a rename into rejected/") in pairs


@pytest.mark.parametrize(
    ("messages", "rows"),
    [("lost", 3), ("lost", 2), ("kept", 2)],
    ids=["messages lost", "messages lost, other bounds", "messages kept, other bounds"],
)
def test_a_crash_at_any_step_changes_nothing_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Result, messages: str, rows: int
) -> None:
    """G5 A file leaves processing/ only when its load is complete: a crash anywhere loses and doubles nothing."""
    later = replace(AT_ONCE, bounds=ChunkBounds(rows=rows, bytes=1 << 20))
    template = dropped(tmp_path / "template")
    names = steps_of_a_run(shutil.copytree(template, tmp_path / "counted" / "data"), monkeypatch)
    for number, name in enumerate(names, start=1):
        root = shutil.copytree(template, tmp_path / str(number) / "data")
        steps = Steps()
        with monkeypatch.context() as patch, closing(fragile(root, steps)) as pipeline:
            steps.interpose(patch)
            steps.arm(number, Crash)
            with pytest.raises(Crash, match=name):
                pipeline.finish()

        queue = pipeline.queue if messages == "kept" else None
        assert run_to_the_end(root, later, queue) == expected, f"step {number}, {name}"


def test_a_fault_at_any_step_is_tried_again_and_changes_nothing_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: Result
) -> None:
    """Broker, database or folder fail once, before or after they have done what was asked; the watcher lives on."""
    template = dropped(tmp_path / "template")
    names = steps_of_a_run(shutil.copytree(template, tmp_path / "counted" / "data"), monkeypatch)
    for number, name in enumerate(names, start=1):
        root = shutil.copytree(template, tmp_path / str(number) / "data")
        steps = Steps()
        with monkeypatch.context() as patch, closing(fragile(root, steps)) as pipeline:
            steps.interpose(patch)
            steps.arm(number, fault)
            finish_patiently(pipeline)

            assert Result(pipeline) == expected, f"step {number}, {name}"


def fault(step: str) -> Exception:
    if "commit" in step:
        return DatabaseUnavailable(step)
    return BrokerUnavailable(step) if "publishing" in step else OSError(errno.EIO, step)


def finish_patiently(pipeline: Pipeline) -> None:
    """Go on to the end as the service does, which tries again what failed."""
    while True:
        try:
            pipeline.finish()
        except (TransientError, OSError):
            continue
        if not pipeline.watcher.stuck_loads and not pipeline.waiting():
            return
