"""Attacks through the inbox: each file is refused or ignored, with a reason."""

import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from services.watcher.claiming import intake
from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.inbox import list_inbox
from shared.runtime.files import DataFolder
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people

EVENTS = replace(AT_ONCE, watch="auto")
SECRET = people(1, family="Secret")


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path / "data", config=AT_ONCE)) as pipeline:
        yield pipeline


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside the inbox that the watcher may read and the user may not."""
    path = tmp_path / "secret.csv"
    path.write_text(SECRET)
    return path


def assert_left_alone(pipeline: Pipeline, path: Path, reason: str) -> None:
    """Check that a file waits with a reason, unread, and that another one is loaded."""
    pipeline.drop("people-good.csv", people(1))
    pipeline.finish()

    assert pipeline.waiting() == {str(path.relative_to(pipeline.folder.inbox)): ("blocked", reason)}
    assert os.path.lexists(path)
    assert pipeline.states() == {"people-good.csv": ("archived", None)}
    assert [row[1] for row in pipeline.table("people")] == ["Stone"]


def test_a_link_to_a_file_elsewhere_is_left_alone(pipeline: Pipeline, secret: Path) -> None:
    path = pipeline.folder.inbox / "people.csv"
    path.symlink_to(secret)

    assert_left_alone(pipeline, path, "not-a-regular-file")


def test_a_link_to_a_folder_elsewhere_is_not_followed(pipeline: Pipeline, secret: Path) -> None:
    path = pipeline.folder.inbox / "people"
    path.symlink_to(secret.parent)

    assert_left_alone(pipeline, path, "not-a-regular-file")


def test_a_hard_link_to_a_file_elsewhere_is_left_alone(pipeline: Pipeline, secret: Path) -> None:
    path = pipeline.folder.inbox / "people.csv"
    path.hardlink_to(secret)

    assert_left_alone(pipeline, path, "hard-link")
    [waiting] = pipeline.watcher.waiting
    assert waiting.message == "it has 2 names (hard links); copy it into the inbox, or remove the other names"


def test_a_hard_link_whose_other_name_is_gone_is_a_file(pipeline: Pipeline, secret: Path) -> None:
    """So programs that move a file by link and unlink are served."""
    (pipeline.folder.inbox / "people.csv").hardlink_to(secret)
    pipeline.look()
    secret.unlink()
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}


def test_a_pipe_blocks_no_others(pipeline: Pipeline) -> None:
    path = pipeline.folder.inbox / "people.csv"
    os.mkfifo(path)

    assert_left_alone(pipeline, path, "not-a-regular-file")


def test_a_socket_is_left_alone(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pipeline.folder.inbox)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("people.csv")

        assert_left_alone(pipeline, pipeline.folder.inbox / "people.csv", "not-a-regular-file")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_left_alone(pipeline: Pipeline) -> None:
    path = pipeline.folder.inbox / "people.csv"
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))

    assert_left_alone(pipeline, path, "not-a-regular-file")


def test_a_marker_that_is_a_link_is_not_read(pipeline: Pipeline, secret: Path) -> None:
    pipeline.drop("people.csv", people(1))
    (pipeline.folder.inbox / "people.csv.sha256").symlink_to(secret)
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("archived", None)}
    assert os.listdir(pipeline.folder.inbox) == ["people.csv.sha256"]


def swap_after_look(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, path: Path, swap: Callable[[], object]
) -> None:
    """Put something in a file's place between the look and its claim, once: a file that is new is listed twice."""

    def list_and_swap(inbox: Path) -> list[Entry]:
        entries = list(list_inbox(inbox))
        monkeypatch.setattr(intake, "list_inbox", list_inbox)
        path.unlink()
        swap()
        return entries

    def list_first(inbox: Path) -> Iterator[Entry]:
        monkeypatch.setattr(intake, "list_inbox", list_and_swap)
        return list_inbox(inbox)

    monkeypatch.setattr(intake, "list_inbox", list_first)
    pipeline.look()


@pytest.mark.parametrize("kind", ["link", "pipe", "hard link"])
def test_what_takes_a_files_place_before_its_claim_is_not_claimed(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, secret: Path, kind: str
) -> None:
    path = pipeline.drop("people.csv", people(1))
    swaps: dict[str, Callable[[], object]] = {
        "link": lambda: path.symlink_to(secret),
        "pipe": lambda: os.mkfifo(path),
        "hard link": lambda: path.hardlink_to(secret),
    }
    swap_after_look(pipeline, monkeypatch, path, swaps[kind])

    reason = "hard-link" if kind == "hard link" else "not-a-regular-file"
    assert_left_alone(pipeline, path, reason)


def test_another_file_in_a_files_place_is_not_claimed_before_it_has_settled(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pipeline.drop("people.csv", people(1))
    swap_after_look(pipeline, monkeypatch, path, lambda: path.write_text(people(2)))

    assert pipeline.loads() == []
    assert pipeline.waiting() == {"people.csv": ("settling", "settling")}
    pipeline.finish()
    assert pipeline.loads()[0].rows_read == 2


@pytest.mark.parametrize(
    "name",
    [
        b"people\n2024-01-01 INFO all is well.csv",
        b"people\r.csv",
        b"people\x1b]0;title\x07.csv",
        b"people\x00.csv".replace(b"\x00", b"\x7f"),
        "people\u202egnp.csv".encode(),
        b"people\xff\xfe.csv",
        b"people" + b"\x01" * 245 + b".csv",
    ],
)
def test_logs_and_reports_show_names_escaped(pipeline: Pipeline, caplog: pytest.LogCaptureFixture, name: bytes) -> None:
    caplog.set_level(logging.INFO)
    pipeline.drop(b"animals-" + name[:200], "a\n")
    pipeline.drop(name, f"{PEOPLE}Ada,Stone,never,Weir\n")
    (pipeline.folder.inbox / os.fsdecode(b"link-" + name[:200])).symlink_to("nothing")
    pipeline.finish()

    shown = [load.file for load in pipeline.loads()] + list(pipeline.waiting())
    shown += [str(value) for record in caplog.records for value in vars(record).get("facts", {}).values()]
    shown += [record.getMessage() for record in caplog.records]
    shown += [file.message for file in pipeline.watcher.waiting] + [load.message or "" for load in pipeline.loads()]
    assert all(text.isprintable() for text in shown), [text for text in shown if not text.isprintable()]


@pytest.mark.parametrize("name", ["0000000007.people.9r9999b.people.csv", "0000000007.-.9r9999b.x", "people.7.csv"])
def test_a_name_that_looks_like_one_of_ours_is_a_name(pipeline: Pipeline, name: str) -> None:
    pipeline.drop(f"people/{name}", people(1))
    pipeline.finish()

    assert [(load.load_id, load.file, load.dataset, load.state) for load in pipeline.loads()] == [
        (1, f"people/{name}", "people", "archived")
    ]


def test_a_file_deep_below_the_inbox_is_its_datasets(pipeline: Pipeline) -> None:
    folder = pipeline.folder.inbox / "people" / Path(*["deep"] * 40)
    folder.mkdir(parents=True)
    (folder / "x.csv").write_text(people(1))
    pipeline.finish()

    [load] = pipeline.loads()
    assert (load.dataset, load.state) == ("people", "archived")


@pytest.mark.parametrize("name", ["d", "d" * 250])
def test_folders_nested_without_end_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Deeper than Python's stack, and longer than any system call takes a path."""
    with closing(Pipeline(tmp_path / "data", config=EVENTS)) as pipeline:
        monkeypatch.chdir(pipeline.folder.inbox)
        for _ in range(2000):
            Path(name).mkdir()
            os.chdir(name)
        monkeypatch.undo()
        pipeline.drop("people.csv", people(1))
        pipeline.finish()

        assert list(pipeline.waiting().values()) == [("blocked", "too-deep")]
        assert pipeline.states() == {"people.csv": ("archived", None)}
    unnest(pipeline.folder.inbox / name, 2000)


def unnest(folder: Path, depth: int) -> None:
    """Remove what is too deep for pytest to remove: the inner folders are moved up one by one."""
    for _ in range(depth - 1):
        (folder / folder.name).rename(folder.with_name("next"))
        folder.rmdir()
        folder.with_name("next").rename(folder)
    folder.rmdir()


@pytest.mark.parametrize("seconds", [-(10**11), 10**12, 2**62 // 10**9])
def test_any_time_of_last_change_can_be_booked(tmp_path: Path, seconds: int) -> None:
    memory = Path("/dev/shm")
    root = memory / f"inflow-{os.getpid()}-{seconds}" if memory.is_dir() else tmp_path
    try:
        with closing(Pipeline(root, config=AT_ONCE)) as pipeline:
            path = pipeline.drop("people.csv", people(1))
            os.utime(path, (seconds, seconds))
            pipeline.finish()
            assert pipeline.states() == {"people.csv": ("archived", None)}
    finally:
        remove(DataFolder(root))


def remove(folder: DataFolder) -> None:
    for path in sorted(folder.root.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def test_thousands_of_files_of_no_dataset_block_no_others(pipeline: Pipeline) -> None:
    for number in range(1500):
        (pipeline.folder.inbox / f"animals{number}.csv").touch()
    pipeline.drop("people.csv", people(1), modified_at=1)
    pipeline.look()

    assert pipeline.loads()[0].file == "people.csv"
    pipeline.finish()
    assert len(os.listdir(pipeline.folder.rejected)) == 3000
