import threading
from collections.abc import Iterator

import pytest

from shared.storage.database.waits import Waits
from tests.support.eventually import eventually

SERVER = "db.example:3306"
#: Short enough for a test, and longer than any.
SOON_SECONDS, NEVER_SECONDS = 0.05, 3600.0


@pytest.fixture
def waits() -> Iterator[Waits]:
    waits = Waits(SERVER, reported_after_seconds=SOON_SECONDS)
    yield waits
    waits.close()


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, str]]:
    records = map(vars, caplog.records)
    return [(record["action"], record["server"], record["what"]) for record in records]


def test_a_long_wait_is_reported_once_and_when_it_is_over(waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
    with waits.watched("a commit"):
        eventually(lambda: said(caplog), message="it is said")
        assert said(caplog) == [("waiting", SERVER, "a commit")]

    assert said(caplog) == [("waiting", SERVER, "a commit"), ("waited", SERVER, "a commit")]
    first, second = (vars(record)["seconds"] for record in caplog.records)
    assert SOON_SECONDS <= first <= second


def test_a_wait_that_ends_in_an_error_is_over_too(waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
    def fail_late() -> None:
        with waits.watched("a statement"):
            eventually(lambda: said(caplog), message="it is said")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail_late()
    assert [action for action, *_ in said(caplog)] == ["waiting", "waited"]


def test_short_waits_are_not_reported(caplog: pytest.LogCaptureFixture) -> None:
    waits = Waits(SERVER, reported_after_seconds=NEVER_SECONDS)
    for _ in range(1000):
        with waits.watched("a statement"):
            pass
    waits.close()

    assert said(caplog) == []


def test_a_nested_wait_belongs_to_the_outer_one(waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
    with waits.watched("a connection"):
        with waits.watched("a statement"):
            eventually(lambda: said(caplog), message="it is said")
        assert said(caplog) == [("waiting", SERVER, "a connection")]


def test_each_thread_has_waits_of_its_own(waits: Waits, caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def wait_beside() -> None:
        with waits.watched("a commit"):
            go_on.wait()

    beside = threading.Thread(target=wait_beside)
    with waits.watched("a statement"):
        eventually(lambda: said(caplog), message="the first is said")
        beside.start()
        eventually(lambda: len(said(caplog)) == 2, message="the second is said")
        go_on.set()
        beside.join()

    assert said(caplog) == [
        ("waiting", SERVER, "a statement"),
        ("waiting", SERVER, "a commit"),
        ("waited", SERVER, "a commit"),
        ("waited", SERVER, "a statement"),
    ]
