"""What becomes of a delivery: the one place where errors turn into ack or dead-letter."""

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

#: Conflicts end after one or two tries; that many mean a message that contradicts itself.
_MAX_CONFLICTS = 50

Handler = Callable[[bytes], None]
#: Hears the number of a load and the reason before a message of it is dead-lettered.
OnDeadLetter = Callable[[int, str], None]
#: Hears the number of a load after a dead letter of it was handled at last.
OnRecovery = Callable[[int], None]


class Answer(Enum):
    """The consumer's answer to the broker."""

    ACK = "ack"
    DEAD_LETTER = "dead-letter"
    #: It is not ours: it is set aside, and its load, which we do not know, is not marked.
    FOREIGN = "foreign"
    #: We stop: no answer, the broker delivers again.
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """An outcome, and the reason that travels in the headers of a message that is put aside."""

    outcome: Answer
    reason: str = ""
    #: Of a dead letter: only another version of the program may come to another end with it.
    needs_other_program: bool = False


@dataclass(slots=True)
class _Trouble:
    """When an error of one kind was seen first and last."""

    first: float
    last: float


class Patience:
    """How long errors that may be final are retried: the time that they state, for each load and kind of error.

    Not for each message: a load that the ledger does not know may have many, and they would hold up the others for
    hours. A load whose messages succeed again, or did not fail for as long, has the whole time again.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._troubles: dict[tuple[int | None, type[PossiblyTerminal]], _Trouble] = {}

    def seconds_left(self, load_id: int | None, error: PossiblyTerminal) -> float:
        """Note an error of a load; return for how long its like is still retried, 0 where it is no longer."""
        now = self._clock()
        self._troubles = {
            key: each for key, each in self._troubles.items() if now - each.last < key[1].patience_seconds
        }
        trouble = self._troubles.setdefault((load_id, type(error)), _Trouble(now, now))
        trouble.last = now
        return max(0.0, trouble.first + error.patience_seconds - now)

    def forget(self, load_id: int | None) -> None:
        """A message of a load succeeded: what it failed of has passed."""
        self._troubles = {key: each for key, each in self._troubles.items() if key[0] != load_id}


class _Tries(stop_base):
    """The tries of one message: ends them after too many conflicts, or when the patience with it is over."""

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
        """The load of the message, looked up where it is needed only: a large message takes long to read."""
        try:
            return decode(self.body).payload.load_id
        except MalformedMessage:
            return None

    def succeeded(self) -> None:
        """What the message may have failed of has passed."""
        if self._has_failed:
            self._patience.forget(self.load_id)

    def report_retry(self, error: BaseException, pause_seconds: float) -> None:
        """Log a failure that is tried again, and of one that may be final, for how long."""
        may_be_final = isinstance(error, PossiblyTerminal)
        time_left = {"given_up_in_seconds": round(self._seconds_left)} if may_be_final else {}
        _log.warning(
            "a message is tried again",
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
        """End the message as a dead letter; log it, a bug with its traceback."""
        is_bug = not isinstance(error, InflowError)
        reason = f"{type(error).__name__}: {error}"
        _log.error(
            "a message can't be used, it is dead-lettered",
            exc_info=error if is_bug else None,
            extra=facts("message_dead_lettered", reason=reason, **self._load()),
        )
        needs_other_program = is_bug or isinstance(error, MalformedMessage)
        return Settlement(outcome=Answer.DEAD_LETTER, reason=reason, needs_other_program=needs_other_program)

    def set_aside(self, error: ForeignMessage | UnknownLoad) -> Settlement:
        """End a message that is not of this database: a load that it still does not know is of another life of it."""
        _log.warning(
            "a foreign message is set aside", extra=facts("message_foreign", reason=str(error), **self._load())
        )
        return Settlement(outcome=Answer.FOREIGN, reason=f"{type(error).__name__}: {error}")

    def _load(self) -> dict[str, int]:
        return {} if self.load_id is None else {"load_id": self.load_id}


def ignore_dead_letter(_load_id: int, _reason: str) -> None:
    """Do nothing: the load is none the worse for it."""


def ignore_recovery(_load_id: int) -> None:
    """Do nothing: the load was none the worse for it."""


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
    """Handle a delivery to its end: transient errors are tried again in place.

    An outage for as long as it takes, what may be final for as long as the patience lasts; not at all where it is a
    retry of a dead letter, which has its next try anyway.
    Raises TablesUnusable: the message is as good as any, and stays the broker's.
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
    """Tell the ledger; False where a stop came first. What they refuse must not keep the message from its end."""
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
        _log.exception("the ledger can't take a dead letter", extra=facts("dead_letter_unrecorded"))
    return True
