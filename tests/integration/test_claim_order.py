"""G4 The last drop wins: files of one dataset are claimed oldest first, whatever way each of them came."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from services.extractor.settings import WatcherConfig
from services.watcher.claiming import eligibility, intake
from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.drop_order import MAX_WAIT_SECONDS
from services.watcher.claiming.inbox import list_inbox
from shared.configuration.catalog import load_catalog
from shared.extraction.regular_files import is_open_for_writing
from shared.model.datasets import Catalog
from tests.support.pipeline import AT_ONCE, PEOPLE, PLACES, Clock, Pipeline, people

SETTLE_SECONDS = 2.0
LIMIT_SECONDS = SETTLE_SECONDS + MAX_WAIT_SECONDS
PATIENT = replace(AT_ONCE, settle_seconds=SETTLE_SECONDS, watch="auto")

WAITS = ("queued", "waits-for-older")
SETTLES = ("settling", "settling")

NewPipeline = Callable[..., Pipeline]


@pytest.fixture
def clock() -> Clock:
    """The intake's clock. The file system's advances by itself."""
    return Clock()


@pytest.fixture
def new_pipeline(tmp_path: Path, clock: Clock) -> Iterator[NewPipeline]:
    with ExitStack() as closing_all:

        def new(config: WatcherConfig = PATIENT, catalog: Catalog | None = None) -> Pipeline:
            pipeline = Pipeline(tmp_path / "data", config=config, catalog=catalog, clock=clock)
            return closing_all.enter_context(closing(pipeline))

        yield new


@pytest.fixture
def pipeline(new_pipeline: NewPipeline, clock: Clock) -> Pipeline:
    """Files are complete once they have not changed for two seconds, or were renamed in."""
    return new_pipeline()


def rename_in(pipeline: Pipeline, name: str, content: str, *, modified_at: float) -> Path:
    hidden = pipeline.drop(f".{name}.part", content, modified_at=modified_at)
    return hidden.rename(hidden.with_name(name))


def settle(clock: Clock) -> None:
    """Let all files settle, which have times of the file system's clock: it advances however slow the machine is."""
    clock.let_pass(10 * SETTLE_SECONDS)


def claimed(pipeline: Pipeline) -> list[str]:
    """Look, and return the files that are in the ledger, in the order of their numbers."""
    pipeline.look()
    return [load.file for load in pipeline.loads()]


def overtaken(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    records = [vars(record) for record in caplog.records if vars(record).get("action") == "file_overtaken"]
    return [(record["file"], record["overtaken_by"], record["reason"]) for record in records]


def test_a_file_renamed_in_waits_for_an_older_one_that_still_settles(pipeline: Pipeline, clock: Clock) -> None:
    """G10 Waiting explains itself."""
    pipeline.drop("people-1.csv", people(1), modified_at=clock.time())
    pipeline.look()
    rename_in(pipeline, "people-2.csv", people(1).replace("Weir", "Ayrs"), modified_at=clock.time() + 0.2)

    assert claimed(pipeline) == []
    assert pipeline.waiting() == {"people-1.csv": SETTLES, "people-2.csv": WAITS}
    [message] = [file.message for file in pipeline.watcher.waiting if file.file == "people-2.csv"]
    assert "people-1.csv" in message
    settle(clock)
    assert claimed(pipeline) == ["people-1.csv", "people-2.csv"]
    pipeline.finish()
    assert [row[3] for row in pipeline.table("people")] == ["Ayrs"]


def test_two_copies_are_claimed_in_their_order_though_the_watcher_stalled(pipeline: Pipeline, clock: Clock) -> None:
    """The first one was seen half-written, the second one never before: both settle from their last change on."""
    first = pipeline.drop("people-1.csv", PEOPLE)
    pipeline.look()
    first.write_text(people(1))
    pipeline.drop("people-2.csv", people(1), modified_at=first.stat().st_mtime + 0.2)
    clock.let_pass(SETTLE_SECONDS + 1.5)

    assert claimed(pipeline) == ["people-1.csv", "people-2.csv"]


def test_files_of_the_same_time_are_claimed_by_name(pipeline: Pipeline, clock: Clock) -> None:
    pipeline.drop("people-1.csv", people(1), modified_at=clock.time())
    rename_in(pipeline, "people-0.csv", people(1), modified_at=clock.time())
    rename_in(pipeline, "people-2.csv", people(1), modified_at=clock.time())

    assert claimed(pipeline) == ["people-0.csv"]
    settle(clock)
    assert claimed(pipeline) == ["people-0.csv", "people-1.csv", "people-2.csv"]


def test_files_of_other_datasets_are_not_waited_for(pipeline: Pipeline, clock: Clock) -> None:
    """A folder names a dataset, too; what fits none holds back no other."""
    pipeline.drop("people/places.csv", people(1), modified_at=1)
    pipeline.drop("animals.csv", "a\n", modified_at=1)
    rename_in(pipeline, "places.csv", f"{PLACES}Weir,,Land\n", modified_at=2)
    rename_in(pipeline, "people.csv", people(1), modified_at=2)
    rename_in(pipeline, "cities.csv", "a\n", modified_at=2)

    assert sorted(claimed(pipeline)) == ["cities.csv", "places.csv"]
    assert pipeline.waiting()["people.csv"] == WAITS


def test_a_file_that_is_written_to_after_another_one_is_not_waited_for(pipeline: Pipeline, clock: Clock) -> None:
    path = pipeline.drop("people-1.csv", people(1), modified_at=clock.time())
    rename_in(pipeline, "people-2.csv", people(1), modified_at=clock.time() + 0.2)
    pipeline.look()
    with path.open("a") as file:
        file.write("Ada,Lane,1900-01-01,Weir\n")
    os.utime(path, (clock.time() + 0.4, clock.time() + 0.4))

    assert claimed(pipeline) == ["people-2.csv"]
    settle(clock)
    assert claimed(pipeline) == ["people-2.csv", "people-1.csv"]


def test_an_older_file_that_is_open_for_writing_is_waited_for_until_the_limit(
    pipeline: Pipeline, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    older = pipeline.drop("people-1.csv", people(1), modified_at=clock.time())
    with older.open("a"):
        pipeline.look()
        settle(clock)
        for number in (2, 3):
            rename_in(pipeline, f"people-{number}.csv", people(1), modified_at=clock.time() + number)
        assert claimed(pipeline) == []
        clock.let_pass(LIMIT_SECONDS - 10 * SETTLE_SECONDS - 1)
        assert claimed(pipeline) == []
        assert pipeline.waiting() == {
            "people-1.csv": ("settling", "open-for-writing"),
            "people-2.csv": WAITS,
            "people-3.csv": WAITS,
        }
        assert overtaken(caplog) == []

        clock.let_pass(1)
        assert claimed(pipeline) == ["people-2.csv", "people-3.csv"]
        rename_in(pipeline, "people-4.csv", people(1), modified_at=clock.time())
        assert claimed(pipeline) == ["people-2.csv", "people-3.csv", "people-4.csv"]
    assert overtaken(caplog) == [("people-1.csv", "people-2.csv", "open-for-writing")]
    pipeline.finish()
    assert pipeline.loads()[-1].file == "people-1.csv"


def test_older_files_that_come_again_and_again_hold_a_file_back_no_longer_than_the_limit(
    pipeline: Pipeline, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """As with a sender whose clock is an hour ahead: by its time, its file is later than all that others drop."""
    rename_in(pipeline, "people-late.csv", people(1), modified_at=clock.time() + 3600)
    for second in range(int(LIMIT_SECONDS) + 1):
        assert "people-late.csv" not in [load.file for load in pipeline.loads()]
        pipeline.drop(f"people-{second}.csv", people(1), modified_at=1000 + second)
        pipeline.look()
        clock.let_pass(1)

    assert "people-late.csv" in [load.file for load in pipeline.loads()]
    assert {by for _, by, _ in overtaken(caplog)} == {"people-late.csv"}


def test_a_file_that_only_the_operator_can_free_is_not_waited_for(pipeline: Pipeline, clock: Clock) -> None:
    older = pipeline.drop("people-1.csv", people(1), modified_at=1)
    other_name = pipeline.folder.root / "other-name.csv"
    other_name.hardlink_to(older)
    settle(clock)
    rename_in(pipeline, "people-2.csv", people(1), modified_at=2)

    assert claimed(pipeline) == ["people-2.csv"]
    assert pipeline.waiting() == {"people-1.csv": ("blocked", "hard-link")}


def test_an_older_file_that_lacks_its_marker_is_waited_for_until_the_limit(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    catalog = load_catalog(None)
    datasets = {name: replace(dataset, wait_for="done") for name, dataset in catalog.datasets.items()}
    pipeline = new_pipeline(catalog=replace(catalog, datasets=datasets))
    pipeline.drop("people-1.csv", people(1), modified_at=1)
    pipeline.drop("people-2.csv", people(1), modified_at=2)
    pipeline.drop("people-2.csv.done")
    settle(clock)

    assert claimed(pipeline) == []
    assert pipeline.waiting() == {"people-1.csv": ("blocked", "waits-for-marker"), "people-2.csv": WAITS}
    clock.let_pass(LIMIT_SECONDS)
    assert claimed(pipeline) == ["people-2.csv"]


def test_an_older_file_that_is_not_what_its_digest_says_is_waited_for_until_it_is(
    pipeline: Pipeline, clock: Clock
) -> None:
    content = people(3)
    older = pipeline.drop("people-1.csv", content[:-5], modified_at=1)
    pipeline.drop("people-1.csv.sha256", hashlib.sha256(content.encode()).hexdigest())
    settle(clock)
    rename_in(pipeline, "people-2.csv", people(1), modified_at=2)
    assert claimed(pipeline) == []
    assert pipeline.waiting() == {"people-1.csv": ("blocked", "checksum-mismatch"), "people-2.csv": WAITS}

    older.write_text(content)
    os.utime(older, (1, 1))
    pipeline.look()
    settle(clock)
    assert claimed(pipeline) == ["people-1.csv", "people-2.csv"]


def test_an_older_file_is_waited_for_as_long_as_it_is_being_verified(
    pipeline: Pipeline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eligibility, "_BYTES_AT_A_LOOK", 10)
    monkeypatch.setattr(eligibility, "_BLOCK_BYTES", 10)
    content = people(3)
    pipeline.drop("people-1.csv", content, modified_at=1)
    pipeline.drop("people-1.csv.sha256", hashlib.sha256(content.encode()).hexdigest())
    settle(clock)
    rename_in(pipeline, "people-2.csv", people(1), modified_at=2)
    looks = 1
    while not claimed(pipeline):
        assert pipeline.waiting() == {"people-1.csv": ("settling", "being-verified"), "people-2.csv": WAITS}
        clock.let_pass(LIMIT_SECONDS)
        looks += 1

    assert looks == -(-len(content) // 10)
    assert [load.file for load in pipeline.loads()] == ["people-1.csv", "people-2.csv"]


def test_a_file_that_can_not_be_claimed_for_once_is_waited_for(
    pipeline: Pipeline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = os.rename

    def fail_once(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "rename", rename)
        raise OSError(5, os.strerror(5))

    for number in (1, 2):
        rename_in(pipeline, f"people-{number}.csv", people(1), modified_at=number)
    clock.let_pass(2 * LIMIT_SECONDS)
    monkeypatch.setattr(os, "rename", fail_once)

    assert claimed(pipeline) == []
    assert pipeline.waiting() == {"people-1.csv": ("blocked", "unreadable"), "people-2.csv": WAITS}
    settle(clock)
    assert claimed(pipeline) == ["people-1.csv", "people-2.csv"]


def test_a_file_that_is_written_to_and_closed_just_before_its_claim_is_not_older_any_more(
    pipeline: Pipeline, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish_writing(path: Path) -> bool:
        monkeypatch.setattr(eligibility, "is_open_for_writing", is_open_for_writing)
        path.write_text(people(2))
        return is_open_for_writing(path)

    pipeline.drop("people-1.csv", people(1), modified_at=1)
    pipeline.drop("people-2.csv", people(1), modified_at=2)
    settle(clock)
    monkeypatch.setattr(eligibility, "is_open_for_writing", finish_writing)

    assert claimed(pipeline) == []
    assert pipeline.waiting() == {"people-1.csv": SETTLES, "people-2.csv": WAITS}
    assert claimed(pipeline) == ["people-2.csv"]


def test_with_room_for_few_the_older_ones_go_first(new_pipeline: NewPipeline, clock: Clock) -> None:
    pipeline = new_pipeline(replace(PATIENT, max_open=2))
    for number in range(6):
        pipeline.drop(f"people-{number}.csv", people(1), modified_at=100 - number)
    pipeline.drop("people-old.csv", people(1), modified_at=1)
    pipeline.look()
    rename_in(pipeline, "people-new.csv", people(1), modified_at=200)
    settle(clock)
    pipeline.look()
    # Not as old as those that are queued, and complete before there is room for them.
    rename_in(pipeline, "people-99.csv", people(1), modified_at=99.5)
    pipeline.finish()

    files = [load.file for load in pipeline.loads()]
    assert files == [
        "people-old.csv",
        *(f"people-{number}.csv" for number in (5, 4, 3, 2, 1)),
        "people-99.csv",
        "people-0.csv",
        "people-new.csv",
    ]


def test_a_returned_file_and_the_one_that_waits_for_it_are_both_loaded(pipeline: Pipeline, clock: Clock) -> None:
    rename_in(pipeline, "people-1.csv", people(1, family="First"), modified_at=clock.time())
    pipeline.look()
    [path] = pipeline.folder.processing.iterdir()
    path.write_text(people(2, family="Later"))
    os.utime(path, (clock.time() + 0.1, clock.time() + 0.1))
    pipeline.publish()
    pipeline.deliver_all()
    pipeline.look()
    rename_in(pipeline, "people-2.csv", people(1, family="Last"), modified_at=clock.time() + 0.2)
    pipeline.look()
    assert pipeline.waiting() == {"people/people-1.csv": SETTLES, "people-2.csv": WAITS}

    settle(clock)
    pipeline.finish()
    assert [load.file for load in pipeline.loads()] == ["people-1.csv", "people/people-1.csv", "people-2.csv"]
    assert [row[1] for row in pipeline.table("people")] == ["Last", "Later", "Later"]


@pytest.mark.parametrize("is_again", [False, True], ids=["new names", "names that were there before"])
def test_a_file_that_a_listing_missed_is_not_overtaken(
    new_pipeline: NewPipeline, monkeypatch: pytest.MonkeyPatch, is_again: bool
) -> None:
    """A listing takes its time: it may have one file, and lack another one that was dropped before that."""
    pipeline = new_pipeline(replace(PATIENT, settle_seconds=3600.0))

    def drop_both(*, modified_at: float) -> None:
        for number in (1, 2):
            pipeline.drop(f"people-{number}.csv", people(1), modified_at=modified_at + number)
            pipeline.drop(f"people-{number}.csv.done")

    def list_while_files_come(inbox: Path) -> list[Entry]:
        monkeypatch.setattr(intake, "list_inbox", list_inbox)
        drop_both(modified_at=20)
        return [entry for entry in list_inbox(inbox) if not entry.path.startswith("people-1.")]

    if is_again:
        drop_both(modified_at=10)
        pipeline.look()
    before = len(pipeline.loads())
    monkeypatch.setattr(intake, "list_inbox", list_while_files_come)
    pipeline.look()
    pipeline.look()

    assert claimed(pipeline)[before:] == ["people-1.csv", "people-2.csv"]
