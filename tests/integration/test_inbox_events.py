"""Events and listings of the inbox. The kernel's events are a hint; the listing is authoritative."""

import errno
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.watcher.claiming import inbox as inbox_module
from services.watcher.claiming.inbox import InboxEvents, list_inbox
from tests.support.eventually import eventually

#: Longer than any test waits for what has happened already.
SECONDS = 5.0


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    return inbox


@pytest.fixture
def events(inbox: Path) -> Iterator[InboxEvents]:
    with closing(InboxEvents(inbox, use_kernel=True)) as events:
        yield events


@pytest.fixture
def polling(inbox: Path) -> Iterator[InboxEvents]:
    with closing(InboxEvents(inbox, use_kernel=False)) as events:
        yield events


def written(path: Path) -> Path:
    path.write_text("city,county,country\n")
    return path


def test_a_file_renamed_into_the_inbox_is_named(inbox: Path, events: InboxEvents) -> None:
    written(inbox.parent / "places.csv").rename(inbox / "places.csv")

    assert events.wait(SECONDS) == (True, {"places.csv"})


def test_a_file_that_loses_its_temporary_name_is_named(inbox: Path, events: InboxEvents) -> None:
    written(inbox / "places.csv.part").rename(inbox / "places.csv")

    assert events.wait(SECONDS) == (True, {"places.csv"})


def test_a_written_file_wakes_but_is_not_whole_by_that(inbox: Path, events: InboxEvents) -> None:
    written(inbox / "places.csv")

    assert events.wait(SECONDS) == (True, set())


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_link_wakes(inbox: Path, events: InboxEvents, link: object) -> None:
    """Measured: links arrive only as CREATE."""
    assert callable(link)
    link(written(inbox.parent / "places.csv"), inbox / "places.csv")

    assert events.wait(SECONDS) == (True, set())


def test_a_file_that_was_made_readable_wakes(inbox: Path, events: InboxEvents) -> None:
    file = written(inbox / "places.csv")
    events.wait(SECONDS)
    file.chmod(0o600)

    assert events.wait(SECONDS) == (True, set())


def test_a_file_renamed_into_a_folder_is_named_with_it(inbox: Path) -> None:
    (inbox / "places").mkdir()
    with closing(InboxEvents(inbox, use_kernel=True)) as events:
        written(inbox.parent / "x.csv").rename(inbox / "places" / "x.csv")

        assert events.wait(SECONDS) == (True, {"places/x.csv"})


def test_a_folder_made_later_is_followed(inbox: Path, events: InboxEvents) -> None:
    (inbox / "places").mkdir()
    assert events.wait(SECONDS) == (True, set())
    events.follow_folders()
    written(inbox.parent / "x.csv").rename(inbox / "places" / "x.csv")

    assert events.wait(SECONDS) == (True, {"places/x.csv"})


def test_a_folder_that_was_renamed_is_known_by_its_new_name(inbox: Path, events: InboxEvents) -> None:
    (inbox / "new").mkdir()
    events.follow_folders()
    (inbox / "new").rename(inbox / "places")
    events.wait(SECONDS)
    events.follow_folders()
    written(inbox.parent / "x.csv").rename(inbox / "places" / "x.csv")

    assert events.wait(SECONDS) == (True, {"places/x.csv"})


def test_a_folder_renamed_into_the_inbox_is_not_a_file(inbox: Path, events: InboxEvents) -> None:
    folder = inbox.parent / "places"
    folder.mkdir()
    folder.rename(inbox / "places")

    assert events.wait(SECONDS) == (True, set())


def test_more_events_than_the_kernel_keeps_wake_all_the_same(inbox: Path, events: InboxEvents) -> None:
    """Measured: the queue overflows and says so with an event of no folder."""
    names = [inbox / "a.csv", inbox / "b.csv"]
    written(names[0])
    for _ in range(int(Path("/proc/sys/fs/inotify/max_queued_events").read_text()) // 2 + 1):
        names[0].rename(names[1])
        names[1].rename(names[0])

    happened, renamed_in = events.wait(SECONDS)
    assert happened
    assert renamed_in == {"a.csv", "b.csv"}


def test_polling_hears_nothing_of_files(inbox: Path, polling: InboxEvents) -> None:
    written(inbox.parent / "places.csv").rename(inbox / "places.csv")

    assert polling.wait(0) == (False, set())


@pytest.mark.parametrize("use_kernel", [True, False], ids=["kernel", "polling"])
def test_another_thread_ends_the_wait(inbox: Path, use_kernel: bool) -> None:
    with closing(InboxEvents(inbox, use_kernel=use_kernel)) as events:
        thread = threading.Thread(target=events.wake)
        thread.start()

        # A wait takes a second at most; on a slow machine the thread may take longer to begin.
        eventually(lambda: events.wait(SECONDS) == (True, set()))
        thread.join()


def test_a_wake_up_ends_one_wait_however_often_it_was_asked_for(polling: InboxEvents) -> None:
    for _ in range(3):
        polling.wake()

    assert polling.wait(SECONDS) == (True, set())
    assert polling.wait(0) == (False, set())


def test_waking_a_busy_watcher_does_not_block(polling: InboxEvents) -> None:
    """A pipe holds 65,536 bytes; more wake-ups than that must not block the thread that asks for them."""
    for _ in range(70_000):
        polling.wake()

    assert polling.wait(SECONDS) == (True, set())


@pytest.mark.timeout(30)
def test_a_wait_ends_soon_enough_to_notice_a_stop_request(polling: InboxEvents) -> None:
    """A signal does not end a wait: Python begins it again."""
    assert polling.wait(3600) == (False, set())


def test_without_a_free_watch_of_the_kernel_it_polls(inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured: 128 of them for each user, containers included."""

    def none_left() -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(inbox_module, "INotify", none_left)
    with closing(InboxEvents(inbox, use_kernel=True)) as events:
        events.follow_folders()
        events.wake()

        assert events.wait(SECONDS) == (True, set())


def test_files_are_listed_with_the_folders_below_the_inbox(inbox: Path) -> None:
    (inbox / "places" / "2024").mkdir(parents=True)
    for name in ("a.csv", "places/b.csv", "places/2024/c.csv"):
        written(inbox / name)

    listed = sorted(list_inbox(inbox), key=lambda entry: entry.path)
    assert [(entry.path, entry.kind) for entry in listed] == [
        ("a.csv", "file"),
        ("places/2024/c.csv", "file"),
        ("places/b.csv", "file"),
    ]
    assert listed[0].size_bytes == len("city,county,country\n")


def test_special_files_are_listed_as_such_and_not_followed(inbox: Path) -> None:
    elsewhere = inbox.parent / "elsewhere"
    elsewhere.mkdir()
    written(elsewhere / "secret.csv")
    (inbox / "link to a folder").symlink_to(elsewhere)
    (inbox / "link to a file").symlink_to(elsewhere / "secret.csv")
    (inbox / "link to nothing").symlink_to("nothing")
    os.mkfifo(inbox / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(inbox / "socket"))

    assert {entry.path: entry.kind for entry in list_inbox(inbox)} == dict.fromkeys(
        ("link to a folder", "link to a file", "link to nothing", "pipe", "socket"), "other"
    )


def test_an_inbox_that_is_gone_is_an_empty_one(inbox: Path) -> None:
    inbox.rmdir()

    assert list(list_inbox(inbox)) == []


def test_a_file_that_vanishes_during_the_listing_is_left_out(inbox: Path) -> None:
    for number in range(3):
        written(inbox / f"{number}.csv")
    listing = list_inbox(inbox)
    first = next(listing)
    for path in inbox.iterdir():
        path.unlink()

    assert {first.path, *(entry.path for entry in listing)} == {first.path}
