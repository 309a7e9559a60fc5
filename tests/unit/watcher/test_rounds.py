import pytest

from services.watcher.rounds import RescanSchedule


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def look(of: RescanSchedule, clock: Clock, seconds: float) -> None:
    with of.look():
        clock.now += seconds


def test_the_first_look_is_due_at_once(clock: Clock) -> None:
    assert RescanSchedule(1.0, clock=clock).seconds_left == 0.0


def test_a_look_comes_round_after_the_interval(clock: Clock) -> None:
    regular = RescanSchedule(1.0, clock=clock)
    look(regular, clock, seconds=0.01)
    assert regular.seconds_left == pytest.approx(1.0)

    clock.now += 1.0
    assert regular.seconds_left == 0.0


def test_after_a_long_rest_an_event_is_looked_at_at_once(clock: Clock) -> None:
    resting = RescanSchedule(1.0, clock=clock)
    look(resting, clock, seconds=0.01)
    clock.now += 0.5

    resting.hurry()

    assert resting.seconds_left == 0.0


def test_events_without_end_leave_four_fifths_of_the_time_to_others(clock: Clock) -> None:
    busy = RescanSchedule(1.0, clock=clock)
    look(busy, clock, seconds=0.1)

    busy.hurry()

    assert busy.seconds_left == pytest.approx(0.4)


def test_a_look_longer_than_the_interval_is_not_put_off_beyond_it(clock: Clock) -> None:
    slow = RescanSchedule(1.0, clock=clock)
    look(slow, clock, seconds=5.0)

    slow.hurry()

    assert slow.seconds_left == pytest.approx(1.0)


def test_a_look_that_fails_stays_due(clock: Clock) -> None:
    failing = RescanSchedule(1.0, clock=clock)

    def fail() -> None:
        with failing.look():
            raise OSError("folder gone")

    with pytest.raises(OSError, match="folder gone"):
        fail()

    assert failing.seconds_left == 0.0
