"""Single figures, as plain data: one run, one process, one step; and what some numbers have in common. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median, quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one process used during one run."""

    process: str
    cpu_seconds: float
    #: The most memory that it had resident; None where its counter could not be set back before the run.
    peak_mib: float | None

    @property
    def is_ours(self) -> bool:
        """Whether it is one of Inflow's own."""
        return self.process not in ("database", "broker", "client")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of one way to load something."""

    seconds: float
    usages: tuple[Usage, ...] = ()
    #: Seconds from the drop until the ledger has each step.
    moments: Mapping[str, float] = field(default_factory=dict)
    #: What the broker received and sent, every byte of every frame; None where it could not be asked.
    broker_bytes: int | None = None
    chunks: int | None = None
    #: Messages that a writer tried again, after a deadlock or another conflict.
    retries: int | None = None

    @property
    def cpu_seconds(self) -> float:
        """What all processes used together."""
        return sum(usage.cpu_seconds for usage in self.usages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle of some numbers, and how far they lie apart."""

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
    """One step of a row's way, alone in one process."""

    name: str
    rows: int
    seconds: float
    #: Of the process that makes the step; where the step names a server, of that.
    cpu_seconds: float
    #: Part of the steps above it, and not to be added to the sum.
    is_part: bool = False

    @property
    def microseconds_per_row(self) -> float:
        """Its share of one row."""
        return 1e6 * self.seconds / self.rows
