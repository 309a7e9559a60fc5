import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from threading import Event

import pytest

from shared.messaging.delivery import (
    Answer,
    OnDeadLetter,
    OnRecovery,
    Patience,
    Settlement,
    ignore_dead_letter,
    ignore_recovery,
)
from shared.messaging.delivery import settle as settle_with
from shared.messaging.envelope import Origin, encode, envelope
from shared.messaging.payloads import LoadExtracted
from shared.model.errors import (
    BrokerUnavailable,
    ConcurrentInsert,
    ContradictoryMessage,
    DatabaseRefused,
    DatabaseUnavailable,
    MalformedMessage,
    TablesUnusable,
    UnknownDatabaseError,
    UnknownLoad,
)


class NoPause(Event):
    """A stop request whose waits return at once: the pauses between tries take no time."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        return self.is_set()


class Handler:
    """Raises the given errors, one per call, then succeeds."""

    def __init__(self, errors: Iterable[Exception] = (), *, stop_at_call: tuple[Event, int] | None = None) -> None:
        self._errors = iter(errors)
        self._stop_at_call = stop_at_call
        self.bodies: list[bytes] = []

    def __call__(self, body: bytes) -> None:
        self.bodies.append(body)
        if self._stop_at_call is not None and len(self.bodies) == self._stop_at_call[1]:
            self._stop_at_call[0].set()
        for error in self._errors:
            raise error


def settle(
    handler: Handler,
    body: bytes,
    *,
    stop: Event,
    patience: Patience | None = None,
    is_retry: bool = False,
    on_dead_letter: OnDeadLetter = ignore_dead_letter,
    on_recovery: OnRecovery = ignore_recovery,
) -> Settlement:
    return settle_with(
        handler,
        body,
        stop=stop,
        patience=patience or Patience(),
        is_retry=is_retry,
        on_dead_letter=on_dead_letter,
        on_recovery=on_recovery,
    )


def actions(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [vars(record)["action"] for record in caplog.records]


def test_a_handled_message_is_acknowledged() -> None:
    handler = Handler()

    assert settle(handler, b"body", stop=NoPause()) == Settlement(outcome=Answer.ACK)
    assert handler.bodies == [b"body"]


def test_transient_errors_are_retried_until_success(caplog: pytest.LogCaptureFixture) -> None:
    errors = [DatabaseUnavailable("deadlock"), BrokerUnavailable("gone"), ConcurrentInsert("key")] * 20
    handler = Handler(errors)

    assert settle(handler, b"body", stop=NoPause()).outcome is Answer.ACK
    assert handler.bodies == [b"body"] * 61
    assert actions(caplog) == ["message_retried"] * 60
    assert {vars(record)["reason"] for record in caplog.records} == {"deadlock", "gone", "key"}


def test_a_stop_ends_the_tries_without_an_answer() -> None:
    stop = NoPause()
    handler = Handler([DatabaseUnavailable("gone")] * 9, stop_at_call=(stop, 3))

    assert settle(handler, b"body", stop=stop) == Settlement(outcome=Answer.NONE)
    assert len(handler.bodies) == 3


def test_a_stop_request_does_not_interrupt_the_message_being_handled() -> None:
    stop = NoPause()

    assert settle(Handler(stop_at_call=(stop, 1)), b"body", stop=stop).outcome is Answer.ACK


@pytest.mark.parametrize("error", [MalformedMessage("no"), ContradictoryMessage("no"), DatabaseRefused("no")])
@pytest.mark.parametrize("tries_before", [0, 2])
def test_a_terminal_error_dead_letters_the_message_with_the_reason(
    error: Exception, tries_before: int, caplog: pytest.LogCaptureFixture
) -> None:
    handler = Handler([*[DatabaseUnavailable("gone")] * tries_before, error])

    settlement = settle(handler, b"body", stop=NoPause())

    reason = f"{type(error).__name__}: no"
    assert (settlement.outcome, settlement.reason) == (Answer.DEAD_LETTER, reason)
    # A message that can't be decoded may come from a newer version.
    assert settlement.needs_other_program is isinstance(error, MalformedMessage)
    assert len(handler.bodies) == tries_before + 1
    assert actions(caplog)[-1] == "message_dead_lettered"
    assert vars(caplog.records[-1])["reason"] == reason


def test_a_bug_dead_letters_the_message_and_logs_the_traceback(caplog: pytest.LogCaptureFixture) -> None:
    settlement = settle(Handler([ZeroDivisionError("oops")]), b"body", stop=NoPause())

    assert settlement == Settlement(
        outcome=Answer.DEAD_LETTER, reason="ZeroDivisionError: oops", needs_other_program=True
    )
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError


MANIFEST = encode(
    envelope(
        LoadExtracted(load_id=7, dataset="people", row_count=1),
        origin=Origin(),
        occurred_at=datetime(2024, 5, 17, tzinfo=UTC),
    )
)


def test_a_dead_letter_is_reported_to_its_load_first() -> None:
    """The report is retried until it succeeds."""
    heard: list[tuple[int, str]] = []

    def hear(load_id: int, reason: str) -> None:
        heard.append((load_id, reason))
        if len(heard) < 3:
            raise DatabaseUnavailable("gone")

    settlement = settle(Handler([DatabaseRefused("no")]), MANIFEST, stop=NoPause(), on_dead_letter=hear)

    assert settlement == Settlement(outcome=Answer.DEAD_LETTER, reason="DatabaseRefused: no")
    assert heard == [(7, "DatabaseRefused: no")] * 3


def test_an_undecodable_message_is_reported_to_no_load() -> None:
    def hear(_load_id: int, _reason: str) -> None:
        raise AssertionError

    handler = Handler([MalformedMessage("no")])

    assert settle(handler, b"{", stop=NoPause(), on_dead_letter=hear).outcome is Answer.DEAD_LETTER


def test_a_message_is_not_dead_lettered_if_its_report_was_stopped() -> None:
    stop = NoPause()

    def hear(_load_id: int, _reason: str) -> None:
        stop.set()
        raise DatabaseUnavailable("gone")

    settlement = settle(Handler([DatabaseRefused("no")]), MANIFEST, stop=stop, on_dead_letter=hear)

    assert settlement.outcome is Answer.NONE


def test_a_report_that_is_refused_does_not_prevent_the_dead_letter(caplog: pytest.LogCaptureFixture) -> None:
    def hear(_load_id: int, _reason: str) -> None:
        raise DatabaseRefused("no such column")

    settlement = settle(Handler([DatabaseRefused("no")]), MANIFEST, stop=NoPause(), on_dead_letter=hear)

    assert settlement.outcome is Answer.DEAD_LETTER
    assert actions(caplog) == ["message_dead_lettered", "dead_letter_unrecorded"]


def test_missing_tables_never_dead_letter_a_message() -> None:
    """The process ends, and the message is redelivered to one that created the tables."""
    told: list[int] = []

    def hear(load_id: int, _reason: str) -> None:
        told.append(load_id)
        raise TablesUnusable("no such table: inflow_loads")

    with pytest.raises(TablesUnusable, match="places"):
        settle(Handler([TablesUnusable("no such table: places")]), MANIFEST, stop=NoPause(), on_dead_letter=hear)
    assert not told
    with pytest.raises(TablesUnusable, match="inflow_loads"):
        settle(Handler([DatabaseRefused("no")]), MANIFEST, stop=NoPause(), on_dead_letter=hear)
    assert told


def test_a_bug_dead_letters_the_message_even_during_a_stop() -> None:
    stop = NoPause()

    assert settle(Handler([KeyError("x")], stop_at_call=(stop, 1)), b"", stop=stop).outcome is Answer.DEAD_LETTER


def test_a_message_with_endless_conflicts_is_dead_lettered() -> None:
    handler = Handler([ConcurrentInsert("key 'a'")] * 1000)

    settlement = settle(handler, b"body", stop=NoPause())

    assert settlement == Settlement(outcome=Answer.DEAD_LETTER, reason="ConcurrentInsert: key 'a'")
    assert len(handler.bodies) == 50


class Clock:
    """Advances each time it is read."""

    def __init__(self, step_seconds: float = 10.0) -> None:
        self.seconds = 0.0
        self._step_seconds = step_seconds

    def __call__(self) -> float:
        self.seconds += self._step_seconds
        return self.seconds


@pytest.mark.parametrize(
    ("error", "seconds", "outcome", "action"),
    [
        (UnknownLoad("load 7 is not in the ledger"), 60, Answer.FOREIGN, "message_foreign"),
        (UnknownDatabaseError("(1105, '?')"), 900, Answer.DEAD_LETTER, "message_dead_lettered"),
    ],
)
def test_an_error_that_may_be_final_is_retried_for_a_limited_time(
    error: Exception, seconds: float, outcome: Answer, action: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    handler = Handler([error] * 1000)

    settlement = settle(handler, MANIFEST, stop=NoPause(), patience=Patience(clock=clock))

    assert settlement == Settlement(outcome=outcome, reason=f"{type(error).__name__}: {error}")
    assert seconds <= clock.seconds <= seconds + 30
    *retried, end = caplog.records
    assert vars(end)["action"] == action
    left = [vars(record)["given_up_in_seconds"] for record in retried]
    assert len(left) >= 3
    assert left == sorted(left, reverse=True)


def test_an_error_that_may_be_final_and_passes_has_no_consequences() -> None:
    handler = Handler([UnknownLoad("not yet")] * 5)

    assert settle(handler, MANIFEST, stop=NoPause(), patience=Patience(clock=Clock())).outcome is Answer.ACK


def test_a_message_of_a_load_that_stays_unknown_is_foreign() -> None:
    """The database was restored to a moment before the load; only the watcher can still know its file."""
    told: list[int] = []
    settlement = settle(
        Handler([UnknownLoad("load 7 is not in the database")] * 1000),
        MANIFEST,
        stop=NoPause(),
        patience=Patience(clock=Clock()),
        on_dead_letter=lambda load_id, _reason: told.append(load_id),
    )

    assert settlement.outcome is Answer.FOREIGN
    assert settlement.reason == "UnknownLoad: load 7 is not in the database"
    assert told == []


def test_an_outage_does_not_count_towards_the_limited_time() -> None:
    handler = Handler([DatabaseUnavailable("gone")] * 1000)

    assert settle(handler, MANIFEST, stop=NoPause(), patience=Patience(clock=Clock())).outcome is Answer.ACK


def test_all_messages_of_a_load_share_the_limited_time() -> None:
    """With a time for each message, fifty of them would delay the healthy messages behind them for half a day."""
    patience = Patience(clock=Clock())
    first, second = (Handler([UnknownDatabaseError("(1105, '?')")] * 1000) for _ in range(2))

    assert settle(first, MANIFEST, stop=NoPause(), patience=patience).outcome is Answer.DEAD_LETTER
    assert settle(second, MANIFEST, stop=NoPause(), patience=patience).outcome is Answer.DEAD_LETTER

    assert len(first.bodies) > 3
    assert len(second.bodies) == 1


def test_each_load_and_each_kind_of_error_has_its_own_time() -> None:
    patience = Patience(clock=Clock())
    assert patience.seconds_left(1, UnknownLoad("no")) == 60.0
    assert patience.seconds_left(1, UnknownLoad("no")) == 50.0
    assert patience.seconds_left(2, UnknownLoad("no")) == 60.0
    assert patience.seconds_left(1, UnknownDatabaseError("no")) == 900.0
    assert patience.seconds_left(1, UnknownLoad("no")) == 20.0


def test_a_success_restarts_the_time_of_a_load() -> None:
    patience = Patience(clock=Clock())
    for left in (60.0, 50.0, 40.0):
        assert patience.seconds_left(7, UnknownLoad("no")) == left

    assert settle(Handler([DatabaseUnavailable("gone")]), MANIFEST, stop=NoPause(), patience=patience).outcome is (
        Answer.ACK
    )
    assert patience.seconds_left(7, UnknownLoad("no")) == 60.0


def test_an_error_not_seen_for_its_time_is_forgotten() -> None:
    clock = Clock()
    patience = Patience(clock=clock)
    assert patience.seconds_left(7, UnknownLoad("no")) == 60.0
    clock.seconds += 1000

    assert patience.seconds_left(7, UnknownLoad("no")) == 60.0


def test_a_stop_ends_retries_of_an_error_that_may_be_final() -> None:
    stop = NoPause()
    handler = Handler([UnknownLoad("no")] * 9, stop_at_call=(stop, 3))

    assert settle(handler, MANIFEST, stop=stop) == Settlement(outcome=Answer.NONE)


def test_reports_that_fail_for_the_limited_time_do_not_hold_up_the_queue(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def hear(_load_id: int, _reason: str) -> None:
        raise UnknownDatabaseError("(1105, '?')")

    settlement = settle(
        Handler([DatabaseRefused("no")]),
        MANIFEST,
        stop=NoPause(),
        patience=Patience(clock=Clock()),
        on_dead_letter=hear,
    )

    assert settlement.outcome is Answer.DEAD_LETTER
    assert actions(caplog)[-1] == "dead_letter_unrecorded"


def test_the_retry_of_a_dead_letter_does_not_wait_for_an_error_that_may_be_final() -> None:
    """It is scheduled again anyway, and healthy messages must not wait behind it."""
    handler = Handler([UnknownDatabaseError("(1105, '?')")] * 9)

    settlement = settle(handler, MANIFEST, stop=NoPause(), is_retry=True)

    assert settlement.outcome is Answer.DEAD_LETTER
    assert len(handler.bodies) == 1


def test_the_retry_of_a_dead_letter_waits_for_an_outage() -> None:
    assert settle(Handler([DatabaseUnavailable("gone")] * 9), MANIFEST, stop=NoPause(), is_retry=True).outcome is (
        Answer.ACK
    )


@pytest.mark.parametrize("is_retry", [False, True])
def test_a_successful_retry_is_reported_to_its_load(is_retry: bool) -> None:
    """The report is retried until it succeeds; until then the message stays unacknowledged."""
    heard: list[int] = []

    def hear(load_id: int) -> None:
        heard.append(load_id)
        if len(heard) < 3:
            raise DatabaseUnavailable("gone")

    settlement = settle(Handler(), MANIFEST, stop=NoPause(), is_retry=is_retry, on_recovery=hear)

    assert settlement.outcome is Answer.ACK
    assert heard == ([7, 7, 7] if is_retry else [])


def test_a_retry_is_not_acknowledged_if_its_report_was_stopped() -> None:
    stop = NoPause()

    def hear(_load_id: int) -> None:
        stop.set()
        raise DatabaseUnavailable("gone")

    assert settle(Handler(), MANIFEST, stop=stop, is_retry=True, on_recovery=hear).outcome is Answer.NONE


def test_conflicts_are_counted_per_message() -> None:
    for _ in range(2):
        assert settle(Handler([ConcurrentInsert("key")] * 30), b"", stop=NoPause()).outcome is Answer.ACK
