import math
from itertools import pairwise

import pytest

from shared.messaging.rabbitmq.retries import RetrySchedule, Tries

NOW = 1_800_000_000.0
SCHEDULE = RetrySchedule(program_version="2.0")


def test_the_pauses_double_up_to_an_hour() -> None:
    tries, pauses = Tries(), []
    for _ in range(100):
        tries = tries.failed(now=NOW, version=None)
        pauses.append(SCHEDULE.due_at(tries) - NOW)

    assert pauses[:8] == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert all(earlier <= later <= 3600 for earlier, later in pairwise(pauses))


def test_a_message_dead_lettered_by_a_bug_waits_for_another_version() -> None:
    tries = Tries().failed(now=NOW, version="2.0")

    assert SCHEDULE.due_at(tries) == math.inf
    assert RetrySchedule(program_version="2.1").due_at(tries) <= NOW


def test_a_dead_letter_without_recorded_tries_is_due() -> None:
    assert SCHEDULE.due_at(Tries.of({"x-inflow-reason": "DatabaseRefused: no"})) <= NOW


@pytest.mark.parametrize("version", [None, "2.0"])
def test_tries_survive_in_headers(version: str | None) -> None:
    tries = Tries().failed(now=NOW, version=version).failed(now=NOW + 60, version=version)

    assert tries.headers.items() >= {"x-inflow-attempts": 2, "x-inflow-tried-at": NOW + 60}.items()
    assert Tries.of(tries.headers) == tries


@pytest.mark.parametrize("headers", [None, {}, {"x-inflow-attempts": "many", "x-inflow-tried-at": -7}])
def test_headers_with_invalid_values_are_ignored(headers: dict[str, object] | None) -> None:
    assert Tries.of(headers) == Tries()
