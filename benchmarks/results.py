"""The results: all runs of each subject in each case. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.samples import Sample, Spread, StepTime, Usage, spread

Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Measurement:
    """All runs of one subject in one case."""

    case: str
    subject: str
    rows: int
    #: A description, if the name does not say enough.
    note: str = ""
    samples: list[Sample] = field(default_factory=list)
    #: The time limit at which it was ended; its only sample is then a lower bound.
    limit_seconds: float | None = None

    @property
    def seconds(self) -> Spread:
        """The durations of the runs."""
        return spread([sample.seconds for sample in self.samples])

    @property
    def rows_per_second(self) -> float:
        """The speed of the median run; for an unfinished run, a speed that it did not reach."""
        return self.rows / self.seconds.middle

    @property
    def rows_per_cpu_second(self) -> float | None:
        """Rows per second of processor time; None unless every server process involved was visible."""
        used = [sample.cpu_seconds for sample in self.samples]
        return self.rows / median(used) if all(used) and self._servers_were_seen() else None

    @property
    def retries_per_thousand_chunks(self) -> float | None:
        """The number of conflicts between writers."""
        chunks = sum(sample.chunks or 0 for sample in self.samples)
        return 1000 * sum(sample.retries or 0 for sample in self.samples) / chunks if chunks else None

    def usages(self) -> list[Usage]:
        """Each process with its median processor time and its highest peak of memory."""
        names = [usage.process for usage in self.samples[0].usages] if self.samples else []
        return [self._usage(name) for name in names]

    def moment(self, name: str) -> float:
        """The median of the seconds until a step."""
        return median(sample.moments[name] for sample in self.samples)

    def _servers_were_seen(self) -> bool:
        seen = {usage.process for usage in self.usages()}
        servers = {"broker", "database"} if "watcher" in seen else {"database"}
        return seen >= servers or seen == {"embedded"}

    def _usage(self, process: str) -> Usage:
        mine = [usage for sample in self.samples for usage in sample.usages if usage.process == process]
        peaks = [usage.peak_mib for usage in mine if usage.peak_mib is not None]
        cpu_seconds = median(usage.cpu_seconds for usage in mine)
        return Usage(process=process, cpu_seconds=cpu_seconds, peak_mib=max(peaks, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A measurement that was not possible here."""

    case: str
    subject: str
    reason: str


class Results:
    """Collects the measurements of the cases, and prints each as it arrives."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self.measurements: list[Measurement] = []
        self.not_run: list[NotRun] = []
        self.steps: list[StepTime] = []
        self.warnings: list[str] = []
        #: Whether anything failed because of a defect.
        self.has_failed = False

    def add(
        self,
        sample: Sample,
        *,
        case: str,
        subject: str,
        rows: int,
        note: str = "",
        limit_seconds: float | None = None,
    ) -> None:
        """Add one run to those of the same case and subject."""
        measurement = self.find(case, subject)
        if measurement is None:
            measurement = Measurement(case=case, subject=subject, rows=rows, note=note)
            self.measurements.append(measurement)
        measurement.samples.append(sample)
        measurement.limit_seconds = limit_seconds or measurement.limit_seconds
        unfinished = " (not finished)" if limit_seconds else ""
        self._say(f"{case}: {subject}, {rows:,} rows: {sample.seconds:.3f} s{unfinished}")

    def leave_out(self, *, case: str, subject: str, reason: str) -> None:
        """Print once what can't be measured, and why."""
        left_out = NotRun(case=case, subject=subject, reason=reason)
        if left_out not in self.not_run:
            self.not_run.append(left_out)
            self._say(f"{case}: {subject}: not run: {reason}")

    def fail(self, *, case: str, subject: str, reason: str) -> None:
        """Print what failed; its figures are dropped."""
        self.has_failed = True
        self.leave_out(case=case, subject=subject, reason=f"FAILED: {reason}")

    def warn(self, warning: str) -> None:
        """Print once what makes the figures less reliable."""
        if warning not in self.warnings:
            self.warnings.append(warning)
            self._say(f"WARNING: {warning}")

    def find(self, case: str, subject: str) -> Measurement | None:
        """Return the runs of one subject in one case."""
        same = (each for each in self.measurements if (each.case, each.subject) == (case, subject))
        return next(same, None)
