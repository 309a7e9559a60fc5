"""Settles deliveries: the one place that turns an error into an acknowledgement or a dead letter."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from threading import Event

from tenacity import RetryCallState
from tenacity.stop import stop_base

from shared.messaging.envelope import decode
from shared.model.errors import (
    ConcurrentInsert,
    ForeignMessage,
    InflowError,
    MalformedMessage,
    PossiblyTerminal,
    TablesUnusable,
    TransientError,
    UnknownLoad,
)
from shared.runtime.lifecycle import retry
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

#: Conflicts end after one or two tries; this many mean that the message contradicts itself.
_MAX_CONFLICTS = 50

Handler = Callable[[bytes], None]
#: Called with a load's number and the reason, before one of its messages is dead-lettered.
OnDeadLetter = Callable[[int, str], None]
#: Called with a load's number after one of its dead letters was handled successfully.
OnRecovery = Callable[[int], None]


class Answer(Enum):
    """The consumer's answer to the broker."""

    ACK = "ack"
    DEAD_LETTER = "dead-letter"
    #: The message belongs to another installation: it is set aside. Its load is unknown here and is not marked.
    FOREIGN = "foreign"
    #: The process is stopping: no answer, so the broker redelivers the message.
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """An answer, and the reason that travels in the headers of a message that is set aside."""

    outcome: Answer
    reason: str = ""
    #: For a dead letter: only another version of the program may be able to handle it.
    needs_other_program: bool = False


@dataclass(slots=True)
class _Trouble:
    """The times at which an error of one kind was first and last seen."""

    first: float
    last: float


class Patience:
    """Limits how long errors that may be final are retried: each error class states its time.

    The time runs per load and kind of error, not per message: a load missing from the ledger may have many messages,
    and they would delay the others for hours. It starts over once a message of the load succeeds, or once the load has
    not failed for that long.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._troubles: dict[tuple[int | None, type[PossiblyTerminal]], _Trouble] = {}

    def seconds_left(self, load_id: int | None, error: PossiblyTerminal) -> float:
        """Record an error of a load; return how long errors of its kind are still retried, 0 if no longer."""
        now = self._clock()
        self._troubles = {
            key: each for key, each in self._troubles.items() if now - each.last < key[1].patience_seconds
        }
        trouble = self._troubles.setdefault((load_id, type(error)), _Trouble(now, now))
        trouble.last = now
        return max(0.0, trouble.first + error.patience_seconds - now)

    def forget(self, load_id: int | None) -> None:
        """Start a load's time over: one of its messages succeeded."""
        self._troubles = {key: each for key, each in self._troubles.items() if key[0] != load_id}


class _Tries(stop_base):
    """The tries of one message: stops after too many conflicts, or when its time for retries is used up."""

    def __init__(self, body: bytes, patience: Patience, *, is_retry: bool) -> None:
        self.body = body
        self._patience = patience
        self._is_retry = is_retry
        self._conflicts = 0
        self._has_failed = False
        self._seconds_left = 0.0

    def __call__(self, retry_state: RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        self._has_failed = True
        if isinstance(error, PossiblyTerminal):
            if self._is_retry:
                return True
            self._seconds_left = self._patience.seconds_left(self.load_id, error)
            return self._seconds_left == 0
        self._conflicts += isinstance(error, ConcurrentInsert)
        return self._conflicts >= _MAX_CONFLICTS

    @cached_property
    def load_id(self) -> int | None:
        """The message's load, decoded only when needed because a large message takes long to decode."""
        try:
            return decode(self.body).payload.load_id
        except MalformedMessage:
            return None

    def succeeded(self) -> None:
        """Record the success: if the message failed before, its load's time starts over."""
        if self._has_failed:
            self._patience.forget(self.load_id)

    def report_retry(self, error: BaseException, pause_seconds: float) -> None:
        """Log a failure that will be retried, and for one that may be final, how long it still is."""
        may_be_final = isinstance(error, PossiblyTerminal)
        time_left = {"given_up_in_seconds": round(self._seconds_left)} if may_be_final else {}
        _log.warning(
            "message failed; trying again",
            extra=facts(
                "message_retried",
                error=type(error).__name__,
                reason=str(error),
                pause_seconds=round(pause_seconds, 2),
                **time_left,
                **self._load(),
            ),
        )

    def give_up(self, error: Exception) -> Settlement:
        """Dead-letter the message and log it, with the traceback if the error is a bug."""
        is_bug = not isinstance(error, InflowError)
        reason = f"{type(error).__name__}: {error}"
        _log.error(
            "message can't be processed; dead-lettered",
            exc_info=error if is_bug else None,
            extra=facts("message_dead_lettered", reason=reason, **self._load()),
        )
        needs_other_program = is_bug or isinstance(error, MalformedMessage)
        return Settlement(outcome=Answer.DEAD_LETTER, reason=reason, needs_other_program=needs_other_program)

    def set_aside(self, error: ForeignMessage | UnknownLoad) -> Settlement:
        """Set aside a message that is not of this database.

        A load still unknown after all retries belongs to an earlier state of the database.
        """
        _log.warning(
            "message of another installation set aside",
            extra=facts("message_foreign", reason=str(error), **self._load()),
        )
        return Settlement(outcome=Answer.FOREIGN, reason=f"{type(error).__name__}: {error}")

    def _load(self) -> dict[str, int]:
        return {} if self.load_id is None else {"load_id": self.load_id}


def ignore_dead_letter(_load_id: int, _reason: str) -> None:
    """Do nothing: a dead letter does not affect the load."""


def ignore_recovery(_load_id: int) -> None:
    """Do nothing: the dead letter did not affect the load."""


def settle(
    handle: Handler,
    body: bytes,
    *,
    stop: Event,
    patience: Patience,
    is_retry: bool = False,
    on_dead_letter: OnDeadLetter = ignore_dead_letter,
    on_recovery: OnRecovery = ignore_recovery,
) -> Settlement:
    """Handle a delivery to its end, retrying transient errors in place.

    An outage is retried for as long as it lasts. An error that may be final is retried until `patience` runs out, and
    not at all if the delivery is itself the retry of a dead letter, which is scheduled again anyway.
    Raises TablesUnusable: the message is not at fault and stays with the broker.
    """
    tries = _Tries(body, patience, is_retry=is_retry)
    settlement = _handled(handle, tries, stop=stop)
    if settlement.outcome is Answer.DEAD_LETTER:
        is_told = _tell(lambda load_id: on_dead_letter(load_id, settlement.reason), tries, stop=stop)
    elif settlement.outcome is Answer.ACK and is_retry:
        is_told = _tell(on_recovery, tries, stop=stop)
    else:
        is_told = True
    return settlement if is_told else Settlement(outcome=Answer.NONE)


def _handled(handle: Handler, tries: _Tries, *, stop: Event) -> Settlement:
    try:
        retry(lambda: handle(tries.body), stop=stop, on_failure=tries.report_retry, until=tries)
        tries.succeeded()
        return Settlement(outcome=Answer.ACK)
    except TransientError as error:
        if stop.is_set():
            return Settlement(outcome=Answer.NONE)
        return tries.set_aside(error) if isinstance(error, UnknownLoad) else tries.give_up(error)
    except TablesUnusable:
        raise
    except ForeignMessage as error:
        return tries.set_aside(error)
    except Exception as error:
        return tries.give_up(error)


def _tell(report: Callable[[int], None], tries: _Tries, *, stop: Event) -> bool:
    """Report to the ledger; False if a stop came first. A report that fails does not keep the message open."""
    load_id = tries.load_id
    if load_id is None:
        return True
    try:
        retry(lambda: report(load_id), stop=stop, on_failure=tries.report_retry, until=tries)
    except TablesUnusable:
        raise
    except Exception as error:
        if isinstance(error, TransientError) and stop.is_set():
            return False
        _log.exception("dead letter not recorded in the ledger", extra=facts("dead_letter_unrecorded"))
    return True
