"""Clocks for the steps of a row's way, including those inside SQLAlchemy."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.samples import StepTime

_SQL = "SQL: "


class Step(StrEnum):
    """The timed steps; statements are also timed by their own names."""

    READ = "read and cut into chunks"
    ENCODE = "encode"
    ENCODE_AND_PUBLISH = "encode and publish"
    QUEUE = "take from the queue"
    DECODE = "decode"
    TYPE = "type"
    HANDLE = "handle"
    COMMIT = "commit"
    SUMMARISE = "summarise"


@dataclass(frozen=True, slots=True)
class Taken:
    """The wall-clock time and the processor time of steps in this process."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)

    def __sub__(self, other: "Taken") -> "Taken":
        return Taken(self.seconds - other.seconds, self.cpu_seconds - other.cpu_seconds)


class Clock:
    """Sums the times of each step."""

    def __init__(self) -> None:
        self.taken: defaultdict[str, Taken] = defaultdict(Taken)
        #: Processor time of each server while it was used.
        self.server_cpu_seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a block."""
        began = Taken(time.perf_counter(), time.process_time())
        yield
        self.taken[name] += Taken(time.perf_counter(), time.process_time()) - began


def time_statements(engine: Engine, clock: Clock, tables: Sequence[str]) -> None:
    """Time every statement of an engine by its name, and every commit."""
    running: list[AbstractContextManager[None]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def begin(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        running.append(clock.step(_SQL + label_of(statement, tables)))
        running[-1].__enter__()

    @event.listens_for(engine, "after_cursor_execute")
    def end(*_all: Any) -> None:
        running.pop().__exit__(None, None, None)

    # SQLAlchemy has no event after a commit.
    commit = engine.dialect.do_commit

    def timed_commit(connection: Any) -> None:
        with clock.step(Step.COMMIT):
            commit(connection)

    engine.dialect.do_commit = timed_commit  # type: ignore[method-assign, assignment]


def label_of(statement: str, tables: Sequence[str]) -> str:
    """Return a name for a statement: its verb and the first table that it names."""
    words = statement.translate(str.maketrans("`().,", "     ")).split()
    return " ".join([words[0].lower(), *[word for word in words if word in tables][:1]])


def steps_of(clock: Clock, rows: int) -> list[StepTime]:
    """Return the steps in the order of a row's way, each without the time counted in another one."""
    taken = clock.taken
    statements = {name: each for name, each in taken.items() if name.startswith(_SQL)}
    sql = sum(statements.values(), start=Taken())
    processors = {name: _processor_of(name, clock) for name in ("broker", "database")}
    steps = {
        Step.READ: taken[Step.READ],
        Step.ENCODE: taken[Step.ENCODE],
        "publish and wait for the confirm": taken[Step.ENCODE_AND_PUBLISH] - taken[Step.ENCODE],
        Step.QUEUE: taken[Step.QUEUE],
        **processors["broker"],
        Step.DECODE: taken[Step.DECODE],
        Step.TYPE: taken[Step.TYPE],
        "decide, and what else the writer does in Python": (
            taken[Step.HANDLE] - taken[Step.DECODE] - taken[Step.TYPE] - sql - taken[Step.COMMIT]
        ),
        "SQL": sql,
        **dict(sorted(statements.items(), key=lambda entry: -entry[1].seconds)),
        Step.COMMIT: taken[Step.COMMIT],
        **processors["database"],
        Step.SUMMARISE: taken[Step.SUMMARISE],
    }
    parts = {*statements, *processors["broker"], *processors["database"]}
    return [
        StepTime(name=str(name), rows=rows, seconds=each.seconds, cpu_seconds=each.cpu_seconds, is_part=name in parts)
        for name, each in steps.items()
    ]


def _processor_of(server: str, clock: Clock) -> dict[str, Taken]:
    """Return a server's processor time meanwhile as a step without duration, if it is known."""
    used = {name: seconds for name, seconds in clock.server_cpu_seconds.items() if name == server}
    return {f"meanwhile, in the {name}'s process": Taken(0.0, seconds) for name, seconds in used.items()}
