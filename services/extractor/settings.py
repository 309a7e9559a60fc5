"""The watcher's own settings."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from shared.extraction.chunks import ChunkBounds

if TYPE_CHECKING:
    from shared.configuration.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherConfig:
    """How the watcher looks at the inbox and feeds the queue."""

    bounds: ChunkBounds = field(default_factory=lambda: ChunkBounds(rows=10_000, bytes=1 << 20))
    #: How long a file must stay as it is, unless it was renamed into the inbox.
    settle_seconds: float = 2.0
    #: Pause between two looks at the inbox where no event comes.
    rescan_seconds: float = 1.0
    #: auto: kernel events and rescans; poll: only rescans.
    watch: Literal["auto", "poll"] = "auto"
    #: Messages that may wait in the writer's queue before the watcher slows down.
    backlog_messages: int = 50
    #: Smaller files are not compared with earlier editions: they are published faster than that.
    compare_from_bytes: int = 256 * 1024
    #: Files in processing/ at a time; what every rescan asks the database about stays small.
    max_open: int = 1000
    #: After this silence, with an empty queue, an open load is published again.
    republish_seconds: float = 60.0

    @classmethod
    def from_environment(cls, environment: "Environment") -> Self:
        """Read INFLOW_… variables; problems are collected there."""
        default = cls()
        return cls(
            bounds=ChunkBounds(
                rows=environment.integer("INFLOW_CHUNK_ROWS", default.bounds.rows, minimum=1, maximum=1_000_000),
                bytes=environment.integer("INFLOW_CHUNK_BYTES", default.bounds.bytes, minimum=1024, maximum=1 << 20),
            ),
            settle_seconds=environment.seconds("INFLOW_SETTLE_SECONDS", default.settle_seconds),
            rescan_seconds=environment.seconds("INFLOW_RESCAN_SECONDS", default.rescan_seconds),
            watch=environment.choice("INFLOW_WATCH", ("auto", "poll"), default.watch),
            backlog_messages=environment.integer(
                "INFLOW_BACKLOG_MESSAGES", default.backlog_messages, minimum=1, maximum=1_000_000
            ),
            compare_from_bytes=environment.integer(
                "INFLOW_COMPARE_FROM_BYTES", default.compare_from_bytes, minimum=0, maximum=1 << 62
            ),
            republish_seconds=environment.seconds("INFLOW_REPUBLISH_SECONDS", default.republish_seconds),
        )
