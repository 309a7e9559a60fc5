"""What becomes of a delivery: the one place where errors turn into ack or dead-letter."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from threading import Event

from tenacity import RetryCallState
from tenacity.stop import stop_base

from shared.errors import (
    ConcurrentInsert,
    ForeignMessage,
    MalformedMessage,
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


class _TooManyConflicts(stop_base):
    def __init__(self) -> None:
        self._conflicts = 0

    def __call__(self, retry_state: RetryCallState) -> bool:
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        self._conflicts += isinstance(error, ConcurrentInsert)
        return self._conflicts >= _MOST_CONFLICTS


def ignore_dead_letter(_load_id: int, _reason: str) -> None:
    """Do nothing: the load is none the worse for it."""


def settle(
    handle: Handler, body: bytes, *, stop: Event, on_dead_letter: OnDeadLetter = ignore_dead_letter
) -> Settlement:
    """Handle a delivery to its end: transient errors are tried again in place, for as long as it takes.

    Raises TablesUnusable: the message is as good as any, and stays the broker's.
    """
    on_failure = partial(_report_retry, body)
    try:
        retry(lambda: handle(body), stop=stop, on_failure=on_failure, until=_TooManyConflicts())
        return Settlement(outcome=Outcome.ACK)
    except TransientError as error:
        if stop.is_set():
            return Settlement(outcome=Outcome.NONE)
        reason = _report_end(body, error)
    except TablesUnusable:
        raise
    except ForeignMessage as error:
        return Settlement(outcome=Outcome.FOREIGN, reason=_report_foreign(body, error))
    except TerminalError as error:
        reason = _report_end(body, error)
    except Exception as error:
        reason = _report_end(body, error, bug=error)
    try:
        retry(lambda: _tell(on_dead_letter, body, reason), stop=stop, on_failure=on_failure)
    except TransientError:
        return Settlement(outcome=Outcome.NONE)
    return Settlement(outcome=Outcome.DEAD_LETTER, reason=reason)


def _report_end(body: bytes, error: Exception, *, bug: Exception | None = None) -> str:
    """Log the end of a message, of a bug with its traceback; return the reason."""
    reason = f"{type(error).__name__}: {error}"
    _log.error(
        "a message can't be used, it is dead-lettered",
        exc_info=bug,
        extra=facts("message_dead_lettered", reason=reason, **_load_of(body)),
    )
    return reason


def _report_foreign(body: bytes, error: ForeignMessage) -> str:
    _log.warning("a foreign message is set aside", extra=facts("message_foreign", reason=str(error), **_load_of(body)))
    return f"{type(error).__name__}: {error}"


def _tell(on_dead_letter: OnDeadLetter, body: bytes, reason: str) -> None:
    """Tell the books. What they refuse for good must not keep the message from its end."""
    try:
        for load_id in _load_of(body).values():
            on_dead_letter(load_id, reason)
    except (TransientError, TablesUnusable):
        raise
    except Exception:
        _log.exception("the books can't take a dead letter", extra=facts("dead_letter_unrecorded"))


def _load_of(body: bytes) -> dict[str, int]:
    try:
        return {"load_id": decode(body).payload.load_id}
    except MalformedMessage:
        return {}


def _report_retry(body: bytes, error: BaseException, pause_seconds: float) -> None:
    _log.warning(
        "a message is tried again",
        extra=facts(
            "message_retried",
            error=type(error).__name__,
            reason=str(error),
            pause_seconds=round(pause_seconds, 2),
            **_load_of(body),
        ),
    )
