import pytest

from tests.support.eventually import StillNot, eventually


def test_the_first_true_answer_is_returned() -> None:
    answers = iter([None, 0, "", "ready", "late"])

    assert eventually(lambda: next(answers)) == "ready"


def test_a_fact_that_never_becomes_true_is_reported_with_the_last_answer() -> None:
    with pytest.raises(StillNot, match=r"the queue is empty after 0 s; last seen: \[\]"):
        eventually(list, timeout_seconds=0, message="the queue is empty")


def test_a_fact_that_is_already_true_needs_no_time() -> None:
    assert eventually(lambda: 1, timeout_seconds=0) == 1
