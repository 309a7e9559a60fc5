"""Single figures as plain data: a run, a process, a step; and statistics of numbers. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The resources used by one process during one run."""

    process: str
    cpu_seconds: float
    #: Peak resident memory; None if its counter could not be reset before the run.
    peak_mib: float | None

    @property
    def is_ours(self) -> bool:
        """Whether it is a process of Inflow."""
        return self.process not in ("database", "broker", "client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one subject."""

    seconds: float
    usages: tuple[Usage, ...] = ()
    #: Seconds from the drop until each step in the ledger.
    moments: Mapping[str, float] = field(default_factory=dict)
    #: Bytes that the broker received and sent, including all frames; None if it could not be asked.
    broker_bytes: int | None = None
    chunks: int | None = None
    #: Messages that a writer retried, after a deadlock or another conflict.
    retries: int | None = None

    @property
    def cpu_seconds(self) -> float:
        """The processor time of all processes together."""
        return sum(usage.cpu_seconds for usage in self.usages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some numbers, and their range."""

    middle: float
    lowest: float
    highest: float
    lower_quartile: float
    upper_quartile: float


def spread(numbers: list[float]) -> Spread:
    """Describe at least one number."""
    lower, _, upper = quantiles(numbers, n=4, method="inclusive") if len(numbers) > 1 else numbers * 3
    return Spread(
        middle=median(numbers),
        lowest=min(numbers),
        highest=max(numbers),
        lower_quartile=lower,
        upper_quartile=upper,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step of a row's way, by itself in one process."""

    name: str
    rows: int
    seconds: float
    #: Processor time of the process that makes the step, or of the server that the step names.
    cpu_seconds: float
    #: Whether it is part of the steps above it, and not added to the sum.
    is_part: bool = False

    @property
    def microseconds_per_row(self) -> float:
        """Its share of one row."""
        return 1e6 * self.seconds / self.rows
