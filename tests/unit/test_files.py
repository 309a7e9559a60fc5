import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shared.files import DataFolder, FileLock, replacing, write_atomically

REPOSITORY = Path(__file__).parents[2]
#: Takes the lock, or says that it can't, and keeps it until its input ends.
LOCKER = """
import sys
from pathlib import Path
from shared.files import DataFolder
lock = DataFolder(Path(sys.argv[1])).lock("watcher")
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


#: Makes the lock of that name on the test's data folder.
Locks = Callable[[str], FileLock]


class WriteFailed(Exception):
    """What goes wrong in the middle of a write."""


def write_half(path: Path, error: type[BaseException]) -> None:
    with replacing(path) as file:
        file.write(b"half of the ne")
        raise error


@pytest.fixture
def locks(tmp_path: Path) -> Iterator[Locks]:
    with ExitStack() as made:

        def make(name: str) -> FileLock:
            lock = DataFolder(tmp_path).lock(name)
            made.callback(lock.release)
            return lock

        yield make


@contextmanager
def other_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], bool]]:
    """Run another process that tries to take the watcher's lock; yield it, and whether it has the lock."""
    command = [sys.executable, "-c", LOCKER, os.fspath(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline() == "True\n"
        finally:
            process.kill()


def test_the_folders_of_a_data_folder_are_made_once_and_for_all(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "deep" / "data")

    folder.create()
    (folder.inbox / "people.csv").touch()
    folder.create()

    assert sorted(path.name for path in folder.root.iterdir()) == [
        "archive",
        "inbox",
        "processing",
        "rejected",
    ]
    assert (folder.inbox / "people.csv").exists()


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"

    write_atomically(path, b"old")
    write_atomically(path, b"new and longer")

    assert path.read_bytes() == b"new and longer"
    assert os.listdir(tmp_path) == ["summary.json"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_bytes(b"old")

    with replacing(path) as file:
        file.write(b"ne")
        file.flush()
        assert path.read_bytes() == b"old"
        file.write(b"w")

    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("before", [None, b"old"], ids=["no file before", "a file before"])
@pytest.mark.parametrize("error", [WriteFailed, KeyboardInterrupt])
def test_a_write_that_fails_leaves_nothing_behind(
    tmp_path: Path, before: bytes | None, error: type[BaseException]
) -> None:
    path = tmp_path / "summary.json"
    if before is not None:
        path.write_bytes(before)

    with pytest.raises(error):
        write_half(path, error)

    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == ({"summary.json": before} if before else {})


def test_a_disk_that_is_full_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary.json"
    path.write_bytes(b"old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")

    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["summary.json"]


def test_what_a_killed_process_left_behind_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / ".summary.json.tmp").write_bytes(b"half of something longer than the new one")

    write_atomically(tmp_path / "summary.json", b"new")

    assert (tmp_path / "summary.json").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["summary.json"]


def test_content_and_folder_are_synced_before_and_after_the_rename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "summary.json"
    synced: list[tuple[str, bool]] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append((os.fspath(Path(f"/proc/self/fd/{descriptor}").readlink()), path.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    write_atomically(path, b"new")

    assert synced == [(os.fspath(tmp_path / ".summary.json.tmp"), False), (os.fspath(tmp_path), True)]


def test_a_lock_excludes_a_second_holder(locks: Locks) -> None:
    first, second = locks("watcher"), locks("watcher")

    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()


def test_a_lock_that_is_ours_may_be_taken_again(locks: Locks) -> None:
    lock = locks("watcher")

    assert lock.acquire()
    assert lock.acquire()


def test_to_release_what_is_not_ours_changes_nothing(locks: Locks) -> None:
    ours, theirs = locks("watcher"), locks("watcher")
    theirs.acquire()
    ours.acquire()

    ours.release()

    assert not ours.acquire()


def test_locks_of_other_names_do_not_exclude_each_other(locks: Locks) -> None:
    assert locks("watcher").acquire()
    assert locks("aggregator").acquire()


def test_a_lock_excludes_another_process(locks: Locks, tmp_path: Path) -> None:
    assert locks("watcher").acquire()

    with other_process(tmp_path) as (_, is_theirs):
        assert not is_theirs


def test_a_lock_is_gone_with_the_process_that_holds_it(locks: Locks, tmp_path: Path) -> None:
    lock = locks("watcher")

    with other_process(tmp_path) as (process, is_theirs):
        assert is_theirs
        assert not lock.acquire()
        process.kill()
        process.wait()

        assert lock.acquire()
