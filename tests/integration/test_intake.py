"""The intake of files from the inbox into the ledger: arrival, order, refusals, and files that can't be claimed."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Connection

from services.extractor.settings import WatcherConfig
from services.watcher.claiming import intake
from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.inbox import list_inbox
from shared.configuration.catalog import load_catalog
from shared.model.datasets import Catalog
from shared.storage.database import Database
from tests.support.missing import missing
from tests.support.pipeline import AT_ONCE, PEOPLE, PLACES, Clock, Pipeline, people

SETTLE_SECONDS = 60.0
POLLING = replace(AT_ONCE, settle_seconds=SETTLE_SECONDS)
EVENTS = replace(POLLING, watch="auto")

DEFAULT = Path(__file__).parents[2] / "inflow.toml"

NewPipeline = Callable[..., Pipeline]
Arrival = Callable[[Path, Path], object]


@pytest.fixture
def clock() -> Clock:
    """The intake's clock: it stops until a test lets time pass."""
    return Clock()


@pytest.fixture
def new_pipeline(tmp_path: Path, clock: Clock) -> Iterator[NewPipeline]:
    with ExitStack() as closing_all:

        def new(config: WatcherConfig = AT_ONCE, catalog: Catalog | None = None) -> Pipeline:
            pipeline = Pipeline(tmp_path / "data", config=config, catalog=catalog, clock=clock)
            return closing_all.enter_context(closing(pipeline))

        yield new


@pytest.fixture
def pipeline(new_pipeline: NewPipeline) -> Pipeline:
    """Files are complete at once."""
    return new_pipeline()


@pytest.fixture(params=[EVENTS, POLLING], ids=["events", "polling"])
def patient(request: pytest.FixtureRequest, new_pipeline: NewPipeline, clock: Clock) -> Pipeline:
    """Files are complete when they have not changed for a minute, or were renamed in."""
    return new_pipeline(request.param)


@pytest.fixture
def other_file_system() -> Iterator[Path]:
    folder = Path("/dev/shm")
    if not folder.is_dir() or folder.stat().st_dev == Path(tempfile.gettempdir()).stat().st_dev:
        missing("no other file system: /dev/shm is none")
    with tempfile.TemporaryDirectory(dir=folder) as path:
        yield Path(path)


def claimed(pipeline: Pipeline) -> list[str]:
    """Look, and return the files that are in the ledger, in the order of their numbers."""
    pipeline.look()
    return [load.file for load in pipeline.loads()]


def settling(*files: str) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(files, ("settling", "settling"))


@pytest.mark.parametrize("arrive", [shutil.copyfile, shutil.copy2, os.link], ids=["cp", "cp -p", "ln"])
def test_a_file_that_appears_is_claimed_once_it_has_settled(patient: Pipeline, clock: Clock, arrive: Arrival) -> None:
    source = patient.folder.root / "source.csv"
    source.write_text(people(1))
    arrive(source, patient.folder.inbox / "people.csv")
    source.unlink()

    assert claimed(patient) == []
    assert patient.waiting() == settling("people.csv")
    clock.let_pass(SETTLE_SECONDS)
    assert claimed(patient) == ["people.csv"]
    assert patient.waiting() == {}


def test_a_file_moved_from_another_file_system_is_claimed_once_it_has_settled(
    patient: Pipeline, clock: Clock, other_file_system: Path
) -> None:
    """Such a move is a copy that keeps the time of the last change: an old time proves nothing."""
    source = other_file_system / "people.csv"
    source.write_text(people(1))
    os.utime(source, (0, 0))
    shutil.move(source, patient.folder.inbox / "people.csv")

    assert claimed(patient) == []
    clock.let_pass(SETTLE_SECONDS)
    assert claimed(patient) == ["people.csv"]


def test_a_file_renamed_in_is_claimed_at_once(new_pipeline: NewPipeline, clock: Clock) -> None:
    pipeline = new_pipeline(EVENTS)
    source = pipeline.folder.root / "source.csv"
    source.write_text(people(1))
    source.rename(pipeline.folder.inbox / "people.csv")

    assert claimed(pipeline) == ["people.csv"]


def test_without_events_a_file_renamed_in_is_claimed_once_it_has_settled(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    pipeline = new_pipeline(POLLING)
    source = pipeline.folder.root / "source.csv"
    source.write_text(people(1))
    source.rename(pipeline.folder.inbox / "people.csv")

    assert claimed(pipeline) == []
    clock.let_pass(SETTLE_SECONDS)
    assert claimed(pipeline) == ["people.csv"]


def test_a_slow_writer_is_not_claimed_before_it_is_done(patient: Pipeline, clock: Clock) -> None:
    with (patient.folder.inbox / "people.csv").open("w") as file:
        for phase in (PEOPLE, "Ada,Stone,1900-01-01,", "Weir\n"):
            write_through(file, phase)
            assert claimed(patient) == []
            clock.let_pass(SETTLE_SECONDS - 1)
            assert claimed(patient) == []

    clock.let_pass(2)
    assert claimed(patient) == ["people.csv"]
    patient.finish()
    assert [row[0] for row in patient.table("people")] == ["Ada"]


def test_a_file_that_is_written_closed_and_appended_to_is_loaded_whole(patient: Pipeline, clock: Clock) -> None:
    path = patient.drop("people.csv", people(1))
    claimed(patient)
    clock.let_pass(SETTLE_SECONDS - 1)
    claimed(patient)
    with path.open("a") as file:
        file.write("Ada,Lane,1900-01-01,Weir\n")

    assert claimed(patient) == []
    clock.let_pass(SETTLE_SECONDS - 1)
    assert claimed(patient) == []
    clock.let_pass(1)
    patient.finish()
    assert [row[:2] for row in patient.table("people")] == [("Ada", "Lane"), ("Given 0", "Stone")]


def test_a_file_truncated_and_rewritten_is_loaded_with_its_new_content(patient: Pipeline, clock: Clock) -> None:
    path = patient.drop("people.csv", people(2))
    claimed(patient)
    clock.let_pass(SETTLE_SECONDS - 1)
    path.write_text(people(2, family="Lane"))
    assert claimed(patient) == []
    clock.let_pass(SETTLE_SECONDS)
    patient.finish()

    assert {row[1] for row in patient.table("people")} == {"Lane"}


def test_a_time_of_last_change_in_the_future_delays_no_longer_than_any_other(patient: Pipeline, clock: Clock) -> None:
    patient.drop("people.csv", people(1), modified_at=clock.time() + 86_400)

    assert claimed(patient) == []
    clock.let_pass(SETTLE_SECONDS)
    assert claimed(patient) == ["people.csv"]


@pytest.mark.parametrize(
    "name", ["people.csv.part", "people.csv.tmp", "people.PART", "people.csv~", "~people.csv", ".people.csv"]
)
def test_a_temporary_name_is_left_alone_until_it_is_renamed(pipeline: Pipeline, name: str) -> None:
    path = pipeline.drop(name, people(1))
    assert claimed(pipeline) == []
    assert pipeline.waiting() == {}
    path.rename(pipeline.folder.inbox / "people.csv")

    assert claimed(pipeline) == ["people.csv"]


def test_a_temporary_name_taken_off_completes_the_file_at_once(new_pipeline: NewPipeline, clock: Clock) -> None:
    pipeline = new_pipeline(EVENTS)
    path = pipeline.drop("people.csv.part", people(1))
    claimed(pipeline)
    path.rename(pipeline.folder.inbox / "people.csv")

    assert claimed(pipeline) == ["people.csv"]


def test_a_hidden_folder_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.drop(".cache/people.csv", people(1))

    assert claimed(pipeline) == []


def test_a_folder_names_the_dataset_whatever_the_name_of_the_file(pipeline: Pipeline) -> None:
    pipeline.drop("people/x.csv", people(2), modified_at=1)
    pipeline.drop("people/places.csv", people(2, family="Lane"), modified_at=2)
    pipeline.finish()

    assert [(load.file, load.dataset, load.state) for load in pipeline.loads()] == [
        ("people/x.csv", "people", "archived"),
        ("people/places.csv", "people", "archived"),
    ]


def test_a_file_renamed_into_a_new_folder_is_claimed_at_once_when_it_is_followed(
    new_pipeline: NewPipeline, clock: Clock
) -> None:
    pipeline = new_pipeline(EVENTS)
    (pipeline.folder.inbox / "people").mkdir()
    pipeline.look()
    source = pipeline.folder.root / "source.csv"
    source.write_text(people(1))
    source.rename(pipeline.folder.inbox / "people" / "x.csv")

    assert claimed(pipeline) == ["people/x.csv"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"people of 2024.csv", "people of 2024.csv"),
        (b"people\nof 2024.csv", "people\\nof 2024.csv"),
        (b"people'\"`$(x);.csv", "people'\"`$(x);.csv"),
        (b"people\\n%s{}.csv", "people\\n%s{}.csv"),
        (b"people\xff\xfe.csv", "people\\xff\\xfe.csv"),
        (b"people\x1b[31m.csv", "people\\x1b[31m.csv"),
        ("people – 人々 👪.csv".encode(), "people – 人々 👪.csv"),
        (b"people..%2f..csv", "people..%2f..csv"),
        (b"people.7.csv", "people.7.csv"),
        (b"PEOPLE.CSV", "PEOPLE.CSV"),
        (b"people" + b"x" * 245 + b".csv", "people" + "x" * 245 + ".csv"),
    ],
)
def test_any_name_is_loaded_and_archived_under_it(pipeline: Pipeline, name: bytes, shown: str) -> None:
    pipeline.drop(name, people(2))
    pipeline.finish()

    assert [(load.file, load.state) for load in pipeline.loads()] == [(shown, "archived")]
    [archived] = os.listdir(os.fsencode(pipeline.folder.archive))
    stem, _, suffix = name.rpartition(b".")
    assert archived.startswith(stem[:100])
    assert archived.endswith(b".1." + suffix)


def test_a_name_that_begins_with_a_dash_is_a_name(pipeline: Pipeline) -> None:
    pipeline.drop("people/-rf.csv", people(1))
    pipeline.finish()

    assert os.listdir(pipeline.folder.archive) == ["-rf.1.csv"]


def test_names_that_look_the_same_are_told_apart_only_by_their_numbers(new_pipeline: NewPipeline, clock: Clock) -> None:
    """One of them has a byte that is not UTF-8, the other one a backslash: waiting, they share an entry."""
    pipeline = new_pipeline(POLLING)
    pipeline.drop(b"people\xff.csv", people(1))
    pipeline.drop(rb"people\xff.csv", people(1, family="Lane"))
    pipeline.look()
    assert pipeline.waiting() == settling(r"people\xff.csv")

    clock.let_pass(SETTLE_SECONDS)
    pipeline.finish()
    assert [load.file for load in pipeline.loads()] == [r"people\xff.csv"] * 2
    assert len(pipeline.table("people")) == 2


def test_a_file_that_left_the_inbox_by_itself_is_forgotten(new_pipeline: NewPipeline, clock: Clock) -> None:
    pipeline = new_pipeline(POLLING)
    path = pipeline.drop("people.csv", people(1))
    pipeline.look()
    path.unlink()
    pipeline.look()

    assert pipeline.waiting() == {}


def test_a_file_that_vanishes_before_its_claim_is_not_a_load(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pipeline.drop("people.csv", people(1))

    def list_and_lose(inbox: Path) -> list[Entry]:
        entries = list(list_inbox(inbox))
        path.unlink(missing_ok=True)
        return entries

    def list_first(inbox: Path) -> Iterator[Entry]:
        monkeypatch.setattr(intake, "list_inbox", list_and_lose)
        return list_inbox(inbox)

    monkeypatch.setattr(intake, "list_inbox", list_first)
    pipeline.finish()

    assert pipeline.loads() == []
    assert pipeline.waiting() == {}


def test_more_files_than_a_statement_has_parameters_are_listed(tmp_path: Path, clock: Clock) -> None:
    with closing(Pipeline(tmp_path, config=POLLING, new_database=FewParameters, clock=clock)) as pipeline:
        for number in range(FewParameters.PARAMETERS + 1):
            (pipeline.folder.inbox / f"people{number}.csv").touch()
        pipeline.look()

        assert len(pipeline.waiting()) == FewParameters.PARAMETERS + 1


def test_files_found_together_are_claimed_oldest_first_then_by_name(pipeline: Pipeline) -> None:
    """G4 The last drop wins: the order of the drops is that of the times of last change, then of the names."""
    for name, modified_at in (("people1", 300), ("people2", 100), ("people4", 200), ("people3", 200)):
        pipeline.drop(f"{name}.csv", people(1), modified_at=modified_at)

    assert claimed(pipeline) == ["people2.csv", "people3.csv", "people4.csv", "people1.csv"]
    assert [load.load_id for load in pipeline.loads()] == [1, 2, 3, 4]


def test_numbers_grow_from_drop_to_drop(pipeline: Pipeline) -> None:
    for _ in range(3):
        pipeline.drop("people.csv", people(1))
        pipeline.finish()

    assert sorted(os.listdir(pipeline.folder.archive)) == ["people.1.csv", "people.2.csv", "people.3.csv"]


@pytest.mark.parametrize("place", ["archive", "rejected", "processing"])
def test_numbers_grow_on_when_the_database_was_emptied(
    pipeline: Pipeline, place: str, new_pipeline: NewPipeline
) -> None:
    """G4 The last drop wins: a number below one that the folders hold would lose against it."""
    names = {
        "archive": "people.41.csv",
        "rejected": "people.csv.41.csv",
        "processing": "0000000041.0123456789abcdef.people.9r9999b.x",
    }
    (pipeline.folder.root / place / names[place]).write_text(people(1, family="Lane"))
    pipeline.drop("people.csv", people(1))
    pipeline.finish()

    assert [load.load_id for load in pipeline.loads() if load.file == "people.csv"] == [42]


def test_numbers_are_never_given_twice_though_nothing_was_claimed_under_them(new_pipeline: NewPipeline) -> None:
    first = new_pipeline()
    first.drop("people.csv", people(1))
    first.look()
    (first.folder.processing / os.listdir(first.folder.processing)[0]).unlink()
    second = new_pipeline()
    second.drop("people.csv", people(1))
    second.look()

    assert [load.load_id for load in second.loads()] == [1, 2]


def test_the_number_of_open_files_is_limited(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, max_open=2))
    for number in range(5):
        pipeline.drop(f"people{number}.csv", people(1))

    pipeline.look()
    assert len(os.listdir(pipeline.folder.processing)) == 2
    assert pipeline.waiting() == dict.fromkeys(
        ["people2.csv", "people3.csv", "people4.csv"], ("queued", "too-many-open")
    )
    pipeline.finish()
    assert [load.file for load in pipeline.loads()] == [f"people{number}.csv" for number in range(5)]


def test_what_a_crash_left_open_counts_as_open(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, max_open=2))
    for number in range(5):
        name = f"000000000{number + 1}.{number:016x}.people.9r9999b.old{number}.csv"
        (pipeline.folder.processing / name).write_text(people(1))
    pipeline.look()
    for number in range(9):
        pipeline.drop(f"people{number}.csv", people(1))
    pipeline.look()

    assert len(os.listdir(pipeline.folder.processing)) == 5
    assert [load.file for load in pipeline.loads()] == ["old0.csv", "old1.csv"]
    pipeline.finish()
    files = [*(f"old{number}.csv" for number in range(5)), *(f"people{number}.csv" for number in range(9))]
    assert [load.file for load in pipeline.loads()] == files


@pytest.mark.parametrize(
    ("name", "content", "reason", "found", "expected"),
    [
        ("animals.csv", "a,b\n1,2\n", "no-dataset", "'animals.csv'", "people: people*"),
        ("animals/people.csv", people(1), "no-dataset", "'animals'", "places, people"),
        ("people.csv", PLACES, "missing-label", "'city', 'county', 'country'", "'given_name', 'family_name'"),
        ("people.csv", "given_name,,family_name\n", "blank-label", "column 2", "'given_name', '', 'family_name'"),
        ("people.csv", PEOPLE.strip() + ",family_name\n", "duplicate-label", "'family_name' more than once", "found:"),
        ("people.csv", "", "blank-header", "empty", "a header line"),
        ("people.csv", "\n\r\n\n", "blank-header", "empty", "a header line"),
        ("people.csv", b"\xef\xbb\xbf", "blank-header", "empty", "a header line"),
        ("people.csv", "given_name,famïly_name\n".encode(), "missing-label", "'famïly_name'", "'family_name'"),
        ("people.csv", '"given_name"x,family_name\n', "dialect-error", "after a closing quote", "written twice"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_whole_with_its_reason(
    pipeline: Pipeline, name: str, content: str | bytes, reason: str, found: str, expected: str
) -> None:
    pipeline.drop(name, content, modified_at=1)
    pipeline.drop("places.csv", f"{PLACES}Weir,,Land\n", modified_at=2)
    pipeline.finish()

    [refused, good] = pipeline.loads()
    assert (refused.file, refused.state, refused.reason) == (name, "refused", reason)
    assert (good.file, good.state, good.inserted) == ("places.csv", "archived", 1)
    stem = Path(name).stem
    assert sorted(os.listdir(pipeline.folder.rejected)) == [f"{stem}.1.csv", f"{stem}.1.csv.reason.txt"]
    assert (pipeline.folder.rejected / f"{stem}.1.csv").read_bytes() == (
        content.encode() if isinstance(content, str) else content
    )
    text = (pipeline.folder.rejected / f"{stem}.1.csv.reason.txt").read_text()
    assert found in text
    assert expected in text
    assert f"reason: {reason}\nload: 1\n" in text
    assert os.listdir(pipeline.folder.processing) == []


def test_a_file_that_fits_two_datasets_is_refused(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    config = tmp_path / "inflow.toml"
    config.write_text(DEFAULT.read_text().replace('["places*"]', '["places*", "p*"]'))
    pipeline = new_pipeline(AT_ONCE, load_catalog(config))
    pipeline.drop("people.csv", people(1))
    pipeline.drop("poles.csv", f"{PLACES}Weir,,Land\n")
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("refused", "ambiguous-dataset"), "poles.csv": ("archived", None)}
    reason = (pipeline.folder.rejected / "people.1.csv.reason.txt").read_text()
    assert "places and people" in reason
    assert "places: places*, p*; people: people*" in reason


def test_a_reason_is_text_whatever_bytes_the_name_has(pipeline: Pipeline) -> None:
    pipeline.drop(b"\xffanimals\n.csv", "a\n1\n")
    pipeline.finish()

    [reason] = [path for path in pipeline.folder.rejected.iterdir() if path.name.endswith(".reason.txt")]
    assert reason.read_text().splitlines()[0].startswith(r"\xffanimals\n.csv: the name ")


def test_a_file_whose_folder_a_crash_forgot_is_refused_all_the_same(pipeline: Pipeline) -> None:
    """inbox/animals/people.csv was claimed for no dataset; only its name would match one."""
    (pipeline.folder.processing / "0000000001.0123456789abcdef.-.9r9999b.people.csv").write_text(people(1))
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("refused", "no-dataset")}
    assert (
        "matched no dataset when it was claimed" in (pipeline.folder.rejected / "people.1.csv.reason.txt").read_text()
    )


def test_a_file_of_a_dataset_removed_from_the_configuration_is_refused(pipeline: Pipeline) -> None:
    (pipeline.folder.processing / "0000000001.0123456789abcdef.animals.9r9999b.x.csv").write_text("a\n1\n")
    pipeline.finish()

    assert "no dataset 'animals' any more" in (pipeline.folder.rejected / "x.1.csv.reason.txt").read_text()


def test_columns_may_come_in_any_order(pipeline: Pipeline) -> None:
    pipeline.drop("places.csv", " country , city,county\nLand,Weir,Shire\n")
    pipeline.finish()

    assert pipeline.table("places") == [("Weir", "Shire", "Land")]


def test_extra_columns_are_ignored_and_reported(pipeline: Pipeline) -> None:
    pipeline.drop("places.csv", "mayor,city,county,size,country\nAda,Weir,Shire,9,Land\n")
    pipeline.finish()

    assert pipeline.table("places") == [("Weir", "Shire", "Land")]
    assert pipeline.loads()[0].ignored_columns == ("mayor", "size")


def test_an_optional_column_may_be_absent_and_is_null_then(new_pipeline: NewPipeline, tmp_path: Path) -> None:
    config = tmp_path / "inflow.toml"
    config.write_text(
        DEFAULT.read_text().replace("county = {", "county = { optional = true,").replace(", required = true }", " }", 1)
    )
    pipeline = new_pipeline(AT_ONCE, load_catalog(config))
    pipeline.drop("places.csv", "city,country\nWeir,Land\n")
    pipeline.finish()

    assert pipeline.table("places") == [("Weir", None, "Land")]


def test_a_file_with_only_a_header_is_a_load_of_no_rows(pipeline: Pipeline) -> None:
    pipeline.drop("people.csv", PEOPLE)
    pipeline.finish()

    assert [(load.state, load.rows_read) for load in pipeline.loads()] == [("archived", 0)]


def test_a_special_file_waits_for_the_operator_and_blocks_no_others(pipeline: Pipeline) -> None:
    """G10 Waiting explains itself."""
    secret = pipeline.folder.root / "secret.csv"
    secret.write_text(people(1, family="Secret"))
    (pipeline.folder.inbox / "people-link.csv").symlink_to(secret)
    (pipeline.folder.inbox / "people-broken.csv").symlink_to("nothing")
    (pipeline.folder.inbox / "people-folder.csv").symlink_to(pipeline.folder.root)
    os.mkfifo(pipeline.folder.inbox / "people-pipe.csv")
    pipeline.drop("people.csv", people(1))
    pipeline.finish()

    names = ("people-link.csv", "people-broken.csv", "people-folder.csv", "people-pipe.csv")
    assert pipeline.waiting() == dict.fromkeys(names, ("blocked", "not-a-regular-file"))
    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert [row[1] for row in pipeline.table("people")] == ["Stone"]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_took_a_files_place_just_before_its_claim_is_refused_unread(pipeline: Pipeline, kind: str) -> None:
    path = pipeline.folder.processing / "0000000001.0123456789abcdef.people.9r9999b.people.csv"
    if kind == "link":
        (pipeline.folder.root / "secret.csv").write_text(people(1))
        path.symlink_to(pipeline.folder.root / "secret.csv")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    pipeline.drop("places.csv", f"{PLACES}Weir,,Land\n")
    pipeline.finish()

    assert pipeline.states()["people.csv"] == ("refused", "not-a-regular-file")
    assert pipeline.states()["places.csv"] == ("archived", None)
    assert pipeline.table("people") == []


def test_many_files_that_cannot_be_claimed_block_no_others(
    new_pipeline: NewPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline(replace(AT_ONCE, max_open=2))
    refuse_renames_from(pipeline.folder.inbox / "people", monkeypatch)
    for number in range(5):
        pipeline.drop(f"people/{number}.csv", people(1), modified_at=number)
    pipeline.drop("people.csv", people(1, family="Lane"))
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert pipeline.waiting() == {f"people/{n}.csv": ("blocked", "inbox-on-another-mount") for n in range(5)}


def test_a_file_that_cannot_be_claimed_uses_up_no_numbers(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_renames_from(pipeline.folder.inbox / "people", monkeypatch)
    pipeline.drop("people/x.csv", people(1))
    for _ in range(3):
        pipeline.look()
    pipeline.drop("people.csv", people(1))
    pipeline.look()

    assert [load.load_id for load in pipeline.loads()] == [1]


def test_a_file_is_claimed_when_what_blocked_it_is_gone(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as blocked:
        refuse_renames_from(pipeline.folder.inbox / "people", blocked)
        pipeline.drop("people/x.csv", people(1))
        pipeline.finish()
        assert pipeline.waiting() == {"people/x.csv": ("blocked", "inbox-on-another-mount")}
    pipeline.finish()

    assert pipeline.waiting() == {}
    assert pipeline.states() == {"people/x.csv": ("archived", None)}


class FewParameters(Database):
    """SQLite as it may be built: 32,766 parameters of a statement are its default, 250,000 those of some systems."""

    PARAMETERS = 500

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with super().transaction() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, self.PARAMETERS)
            yield connection


def write_through(file: IO[str], text: str) -> None:
    file.write(text)
    file.flush()


def refuse_renames_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer as the kernel does where the folder is on another mount."""
    rename = os.rename

    def rename_or_refuse(source: Path, target: Path) -> None:
        if Path(source).parent == folder:
            raise OSError(18, os.strerror(18))
        rename(source, target)

    monkeypatch.setattr(os, "rename", rename_or_refuse)
