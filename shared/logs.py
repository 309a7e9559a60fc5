"""One-line structured logs: a sentence, and facts beside it."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

LogFormat = Literal["auto", "json", "text"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logs(*, level: str, log_format: LogFormat, service: str) -> None:
    """Send all records to standard error: JSON for machines, text on a terminal; `auto` looks which it is."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(service) if as_json else _TextLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # pika reports each lost connection several times over; our own records say it once.
    logging.getLogger("pika").setLevel(logging.CRITICAL)


def facts(action: str, **values: Any) -> dict[str, Any]:
    """Build the `extra` of a record: what happened, in a word, and the figures that belong to it."""
    return {"action": action, **values}


class _JsonLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _instant(record),
            "level": record.levelname.lower(),
            "service": self._service,
            "message": record.getMessage(),
            **_facts_of(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class _TextLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        pairs = "".join(f" {name}={value!r}" for name, value in _facts_of(record).items() if name != "action")
        # A value that holds a line end must not begin a new line of the log.
        message = record.getMessage().replace("\n", "\\n").replace("\r", "\\r")
        line = f"{_instant(record)[11:23]} {record.levelname:<7} {self._service:<10} {message}{pairs}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts_of(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
