"""Checks of the services' logs: every line is JSON, none reports a bug, and few report deadlocks."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DEADLOCK = "1213"
#: Levels that no injected fault explains.
_ALARMING = ("error", "critical")
_MAX_QUOTE = 600


#: Deadlocks per chunk. A few are by chance; more show that keys are not locked in one order.
_MAX_DEADLOCKS, _BAD_LUCK = 0.01, 4


def too_many_deadlocks(deadlocks: int, chunks: int) -> list[str]:
    """Return the problem, if there is one."""
    if deadlocks <= max(_BAD_LUCK, chunks * _MAX_DEADLOCKS):
        return []
    return [f"{deadlocks} deadlocks in {chunks} chunks: keys are not locked in one order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Testimony:
    """The findings in the logs of a run."""

    problems: list[str]
    deadlocks: int
    revived: int


def hear(logs: Iterable[Path], *, loses_messages: bool) -> Testimony:
    """Read all logs."""
    problems: list[str] = []
    deadlocks = revived = 0
    for log in logs:
        for line in _lines(log):
            revived += line.get("action") == "load_revived"
            deadlocks += line.get("action") == "message_retried" and _DEADLOCK in str(line.get("reason"))
            if line["level"] in _ALARMING or "traceback" in line:
                problems.append(f"{log.name} says: {str(line)[:_MAX_QUOTE]}")
    if revived and not loses_messages:
        problems.append(f"{revived} loads were published again, and the broker had lost nothing")
    return Testimony(problems=problems, deadlocks=deadlocks, revived=revived)


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """Yield each line, except one that a kill has cut off."""
    for line in log.read_bytes().rpartition(b"\n")[0].splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            yield {"level": "critical", "message": f"not JSON: {line.decode(errors='replace')}"}
