import os
import secrets
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shared.model.errors import FolderUnavailable
from shared.runtime.files import DataFolder, FileLock, read_whole, remove_leftovers, replacing, write_atomically
from shared.runtime.health import Health, is_healthy
from tests.support.plants import Plant, assert_untouched, make_secret, planted

REPOSITORY = Path(__file__).parents[3]
#: Tries to take the lock, prints the result, and holds it until its input ends.
LOCKER = """
import sys
from pathlib import Path
from shared.runtime.files import DataFolder
lock = DataFolder(Path(sys.argv[1])).lock("watcher")
print(lock.acquire(), flush=True)
sys.stdin.read()
"""

#: Writes half of a replacement, waits for the end of its input, and kills itself.
WRITER = """
import os, signal, sys
from pathlib import Path
from shared.runtime.files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""

#: Creates a lock with this name on the test's data folder.
Locks = Callable[[str], FileLock]


class WriteFailed(Exception):
    """A failure in the middle of a write."""


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
    """Run another process that tries to take the watcher's lock; yield the process and whether it has the lock."""
    command = [sys.executable, "-c", LOCKER, os.fspath(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline() == "True\n"
        finally:
            process.kill()


@contextmanager
def writer_of(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process to the middle of replacing a file; it is killed there when its input ends."""
    command = [sys.executable, "-c", WRITER, os.fspath(path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield process
        finally:
            process.kill()


def test_the_folders_of_a_data_folder_are_created_if_missing(tmp_path: Path) -> None:
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


def test_only_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    others = {".summary.json.tmp", ".inflow-x.tmp", "inflow-0123456789abcdef.tmp", ".watcher.lock"}
    for name in others:
        (tmp_path / name).touch()
    with writer_of(tmp_path / "summary.json") as process:
        process.communicate("")
    assert len(os.listdir(tmp_path)) == len(others) + 1

    remove_leftovers(tmp_path)
    assert set(os.listdir(tmp_path)) == others


def test_a_file_that_another_process_is_writing_is_not_removed(tmp_path: Path) -> None:
    with writer_of(tmp_path / "page.html"):
        remove_leftovers(tmp_path)
        assert len(os.listdir(tmp_path)) == 1
    remove_leftovers(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file in another folder, which only links in the data folder point to."""
    return make_secret(tmp_path)


@planted
def test_a_link_planted_at_the_name_of_a_file_is_replaced(tmp_path: Path, secret: Path, plant: Plant) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    path = folder.rejected / "people.csv.1.csv"
    plant(path, secret)

    assert read_whole(path) is None
    write_atomically(path, b"new")

    assert not path.is_symlink()
    assert read_whole(path) == b"new"
    assert os.listdir(folder.rejected) == [path.name]
    assert_untouched(secret)


@planted
def test_nothing_can_be_planted_where_a_temporary_file_will_be(tmp_path: Path, secret: Path, plant: Plant) -> None:
    """The name used to be .NAME.tmp, and a link there was followed; now it is random."""
    plant(tmp_path / ".summary.json.tmp", secret)
    names = set()
    for _ in range(2):
        with replacing(tmp_path / "summary.json") as file:
            names.add(Path(f"/proc/self/fd/{file.fileno()}").readlink().name)
            file.write(b"new")

    assert len(names) == 2
    assert (tmp_path / "summary.json").read_bytes() == b"new"
    assert_untouched(secret)


def test_a_temporary_name_that_is_taken_is_not_written_to(
    tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda count: "0" * 2 * count)
    (tmp_path / ".inflow-0000000000000000.tmp").symlink_to(secret)

    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "summary.json", b"new")
    assert (tmp_path / ".inflow-0000000000000000.tmp").is_symlink()
    assert_untouched(secret)


def test_a_folder_in_a_files_place_is_an_error_that_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "summary.json").mkdir()

    assert read_whole(tmp_path / "summary.json") is None
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "summary.json", b"new")
    assert os.listdir(tmp_path) == ["summary.json"]


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_umask_determines_who_can_read_files(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "summary.json", b"new")
        Health(tmp_path / "healthy").beat()
    finally:
        os.umask(before)

    assert [stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()] == [mode, mode]


@planted
def test_a_lock_is_taken_only_on_a_regular_file(locks: Locks, tmp_path: Path, secret: Path, plant: Plant) -> None:
    path = tmp_path / ".watcher.lock"
    plant(path, secret)

    with pytest.raises(FolderUnavailable, match=rf"{path} is (a link|not a regular file); expected .*: remove it"):
        locks("watcher").acquire()
    assert_untouched(secret)
    path.unlink()
    assert locks("watcher").acquire()


@planted
def test_a_service_touches_only_a_regular_file(tmp_path: Path, secret: Path, plant: Plant) -> None:
    path = tmp_path / "healthy"
    plant(path, secret)
    os.utime(secret, (1, 1))

    with pytest.raises(FolderUnavailable, match=rf"{path} is (a link|not a regular file); expected .*: remove it"):
        Health(path).beat()
    assert_untouched(secret)
    assert secret.stat().st_mtime == 1
    # Nor is the service healthy because a link points to a fresh file.
    os.utime(secret)
    assert not is_healthy(path)


def test_a_service_is_healthy_until_it_has_been_silent_too_long(tmp_path: Path) -> None:
    path = tmp_path / "healthy"
    assert not is_healthy(path)
    for _ in range(2):
        Health(path).beat()
        assert is_healthy(path)
        os.utime(path, (1, 1))
        assert not is_healthy(path)


@pytest.mark.parametrize("kind", ["folder", "socket"])
def test_anything_else_in_the_place_of_a_lock_is_refused(
    locks: Locks, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        if kind == "folder":
            Path(".watcher.lock").mkdir()
        else:
            listening.bind(".watcher.lock")

        with pytest.raises(FolderUnavailable, match="is not a regular file"):
            locks("watcher").acquire()


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

    [(temporary, is_replaced), folder] = synced
    assert Path(temporary).parent == tmp_path
    assert not is_replaced
    assert folder == (os.fspath(tmp_path), True)


def test_a_lock_excludes_a_second_holder(locks: Locks) -> None:
    first, second = locks("watcher"), locks("watcher")

    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()


def test_a_lock_may_be_acquired_again_by_its_holder(locks: Locks) -> None:
    lock = locks("watcher")

    assert lock.acquire()
    assert lock.acquire()


def test_releasing_a_lock_that_is_not_held_changes_nothing(locks: Locks) -> None:
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


def test_a_lock_is_released_when_its_process_ends(locks: Locks, tmp_path: Path) -> None:
    lock = locks("watcher")

    with other_process(tmp_path) as (process, is_theirs):
        assert is_theirs
        assert not lock.acquire()
        process.kill()
        process.wait()

        assert lock.acquire()
