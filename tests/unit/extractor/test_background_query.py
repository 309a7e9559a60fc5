import threading

import pytest
from sqlalchemy import URL

from services.extractor.comparing.background_query import asked_aside
from shared.model.errors import DatabaseUnavailable
from shared.storage.database import Database

SERVER = Database(URL.create("mysql+pymysql", host="127.0.0.1", port=1))
SQLITE = Database(URL.create("sqlite"))


def test_a_server_answers_while_its_caller_works_on() -> None:
    worked_on = threading.Event()

    with asked_aside(lambda: worked_on.wait(timeout=60), SERVER) as answer:
        worked_on.set()

        assert answer() is True


def test_sqlite_is_asked_in_the_callers_thread_and_only_where_the_answer_is_wanted() -> None:
    asked_in: list[threading.Thread] = []

    with asked_aside(lambda: asked_in.append(threading.current_thread()), SQLITE) as answer:
        assert asked_in == []
        answer()

    assert asked_in == [threading.current_thread()]


@pytest.mark.parametrize("database", [SERVER, SQLITE], ids=["server", "sqlite"])
def test_what_the_question_raises_is_raised_by_the_answer(database: Database) -> None:
    def question() -> None:
        raise DatabaseUnavailable("gone away")

    with asked_aside(question, database) as answer, pytest.raises(DatabaseUnavailable, match="gone away"):
        answer()


def test_who_does_not_want_the_answer_any_more_leaves_no_thread_behind() -> None:
    with asked_aside(lambda: None, SERVER):
        assert threads_aside() == 1

    assert threads_aside() == 0


def threads_aside() -> int:
    """Count the threads of questions; others come and go as they like."""
    return sum(thread.name.startswith("aside") for thread in threading.enumerate())
