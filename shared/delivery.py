"""What becomes of a delivery: the one place where errors turn into ack or dead-letter."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from threading import Event

from tenacity import RetryCallState
from tenacity.stop import stop_base

from shared.errors import (
    ConcurrentInsert,
    ForeignMessage,
    MalformedMessage,
    PossiblyTerminal,
    TablesUnusable,
    TerminalError,
    TransientError,
)
from shared.lifecycle import retry
from shared.logs import facts
from shared.messages.envelope import decode

_log = logging.getLogger(__name__)

#: Conflicts end after one or two tries; that many mean a message that contradicts itself.
_MOST_CONFLICTS = 50

Handler = Callable[[bytes], None]
#: Hears the number of a load and the reason before a message of it is dead-lettered.
OnDeadLetter = Callable[[int, str], None]


class Outcome(Enum):
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

    outcome: Outcome
    reason: str = ""


@dataclass(slots=True)
class _Trouble:
    """When an error of one kind was seen first and last."""

    first: float
    last: float


class Patience:
    """How long errors that may be final are retried: the time that they state, for each load and kind of error.

    Not for each message: a load that the books do not know may have many, and they would hold up the others for hours.
    A load whose messages succeed again, or did not fail for as long, has the whole time again.
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

    def __init__(self, body: bytes, patience: Patience) -> None:
        self._body = body
        self._patience = patience
        self._conflicts = 0
        self._has_failed = False
        self._seconds_left = 0.0

    def __call__(self, retry_state: RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        self._has_failed = True
        if isinstance(error, PossiblyTerminal):
            self._seconds_left = self._patience.seconds_left(self.load_id, error)
            return self._seconds_left == 0
        self._conflicts += isinstance(error, ConcurrentInsert)
        return self._conflicts >= _MOST_CONFLICTS

    @cached_property
    def load_id(self) -> int | None:
        """The load of the message, looked up where it is needed only: a large message takes long to read."""
        try:
            return decode(self._body).payload.load_id
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

    def report_end(self, error: Exception, *, bug: Exception | None = None) -> str:
        """Log the end of the message, of a bug with its traceback; return the reason."""
        reason = f"{type(error).__name__}: {error}"
        _log.error(
            "a message can't be used, it is dead-lettered",
            exc_info=bug,
            extra=facts("message_dead_lettered", reason=reason, **self._load()),
        )
        return reason

    def report_foreign(self, error: ForeignMessage) -> str:
        """Log that the message is none of ours; return the reason."""
        _log.warning(
            "a foreign message is set aside", extra=facts("message_foreign", reason=str(error), **self._load())
        )
        return f"{type(error).__name__}: {error}"

    def _load(self) -> dict[str, int]:
        return {} if self.load_id is None else {"load_id": self.load_id}


def ignore_dead_letter(_load_id: int, _reason: str) -> None:
    """Do nothing: the load is none the worse for it."""


def settle(
    handle: Handler,
    body: bytes,
    *,
    stop: Event,
    patience: Patience,
    on_dead_letter: OnDeadLetter = ignore_dead_letter,
) -> Settlement:
    """Handle a delivery to its end: transient errors are tried again in place.

    An outage for as long as it takes, what may be final for as long as the patience lasts.
    Raises TablesUnusable: the message is as good as any, and stays the broker's.
    """
    tries = _Tries(body, patience)
    try:
        retry(lambda: handle(body), stop=stop, on_failure=tries.report_retry, until=tries)
        tries.succeeded()
        return Settlement(outcome=Outcome.ACK)
    except TransientError as error:
        if stop.is_set():
            return Settlement(outcome=Outcome.NONE)
        reason = tries.report_end(error)
    except TablesUnusable:
        raise
    except ForeignMessage as error:
        return Settlement(outcome=Outcome.FOREIGN, reason=tries.report_foreign(error))
    except TerminalError as error:
        reason = tries.report_end(error)
    except Exception as error:
        reason = tries.report_end(error, bug=error)
    if tries.load_id is not None and not _tell(partial(on_dead_letter, tries.load_id, reason), tries, stop=stop):
        return Settlement(outcome=Outcome.NONE)
    return Settlement(outcome=Outcome.DEAD_LETTER, reason=reason)


def _tell(on_dead_letter: Callable[[], None], tries: _Tries, *, stop: Event) -> bool:
    """Tell the books; False where a stop came first. What they refuse must not keep the message from its end."""
    try:
        retry(on_dead_letter, stop=stop, on_failure=tries.report_retry, until=tries)
    except TablesUnusable:
        raise
    except Exception as error:
        if isinstance(error, TransientError) and stop.is_set():
            return False
        _log.exception("the books can't take a dead letter", extra=facts("dead_letter_unrecorded"))
    return True
