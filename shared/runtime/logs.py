"""Structured logs of one line per event: a sentence, and facts beside it."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

LogFormat = Literal["auto", "json", "text"]

#: A dataclass is logged as its repr, so that fields hidden from the repr stay out of the logs.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_NON_STR_KEYS

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logs(*, level: str, log_format: LogFormat, service: str) -> None:
    """Send all records to standard error as JSON or text; `auto` writes text on a terminal and JSON elsewhere."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines(service) if as_json else _TextLines(service))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These libraries report a lost connection several times, with tracebacks; our own records report it once.
    for library in ("pika", "sqlalchemy.pool"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def facts(action: str, **values: Any) -> dict[str, Any]:
    """Build the `extra` of a record: the action, and the values that belong to it."""
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
        return _as_json(line)


class _TextLines(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        pairs = "".join(f" {name}={value!r}" for name, value in _facts_of(record).items() if name != "action")
        message = _one_line(f"{record.getMessage()}{pairs}")
        line = f"{_instant(record)[11:23]} {record.levelname:<7} {self._service:<10} {message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _as_json(line: dict[str, Any]) -> str:
    try:
        return orjson.dumps(line, default=str, option=_OPTIONS).decode()
    except TypeError:
        # A lone surrogate (from a file name that is not UTF-8) or a number above 64 bits is logged as text.
        return orjson.dumps({name: _one_line(str(value)) for name, value in line.items()}).decode()


def _one_line(text: str) -> str:
    """Escape characters that would begin a new log line or control a terminal."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facts_of(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}
