"""A running system, in which drops are timed from the rename into the inbox to the renamed summary."""

import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.files import DataFile
from benchmarks.ledger import Entry, LedgerReader, Outcomes, moments, timestamp
from benchmarks.processes import Meter
from benchmarks.samples import Sample
from benchmarks.traffic import Traffic
from tests.support.eventually import eventually
from tests.support.services import Service, summary_of

#: Minimum speed of a load, and the time limit for everything else.
_MIN_ROWS_PER_SECOND = 500
_PATIENCE_SECONDS = 120
_LOG_TAIL_CHARACTERS = 3000


class WrongResult(Exception):
    """The result of a load is wrong, so that its figures mean nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drop:
    names: Sequence[str]
    at: float
    octets: int | None
    retries: int
    meter: Meter


class System:
    """A data folder, the services on it, and their ledger."""

    def __init__(
        self,
        *,
        data: Path,
        ledger: LedgerReader,
        services: Mapping[str, Service],
        server_pids: Mapping[str, int],
        traffic: Traffic | None,
    ) -> None:
        self._data = data
        self._ledger = ledger
        self._services = services
        self._server_pids = server_pids
        self._traffic = traffic
        self._drops = 0
        eventually((data / "inbox").exists, timeout_seconds=_PATIENCE_SECONDS, message="there is an inbox")

    def load(
        self, *files: DataFile, births: Mapping[str, int], becoming: Outcomes, counts_bytes: bool = False
    ) -> Sample:
        """Drop files together, and return the figures of the run once the summary shows `births`.

        Raises WrongResult if the ledger or the summary is wrong.
        """
        drop = self._drop(files, counts_bytes=counts_bytes)
        entries = self._wait(drop.names, becoming.rows)
        usages = drop.meter.usages()
        self._check(entries, births, becoming)
        return Sample(
            seconds=self._summarised_at(drop.at, entries) - drop.at,
            usages=usages,
            moments=moments(entries, since=drop.at),
            broker_bytes=self._bytes_since(drop.octets),
            chunks=self._ledger.count_chunks(entries),
            retries=self._count_retries() - drop.retries,
        )

    def _drop(self, files: Sequence[DataFile], *, counts_bytes: bool) -> _Drop:
        """Put copies into the inbox under hidden names, then drop them by renaming."""
        inbox = self._data / "inbox"
        self._drops += 1
        names = [f"{file.dataset}_{self._drops:04d}_{number:04d}.csv" for number, file in enumerate(files)]
        for file, name in zip(files, names, strict=True):
            _copy(file.path, inbox / f".{name}")
        octets = self._traffic.octets() if self._traffic and counts_bytes else None
        retries = self._count_retries()
        meter = Meter({**{name: each.process.pid for name, each in self._services.items()}, **self._server_pids})
        at = time.time()
        for name in names:
            (inbox / f".{name}").rename(inbox / name)
        return _Drop(names=names, at=at, octets=octets, retries=retries, meter=meter)

    def _wait(self, names: Sequence[str], rows: int) -> list[Entry]:
        """Wait for the archive first, because querying the database repeatedly would slow down the load."""
        seconds = _PATIENCE_SECONDS + rows / _MIN_ROWS_PER_SECOND
        eventually(lambda: self._are_archived(names), timeout_seconds=seconds, message=f"{names[-1]} is archived")
        return eventually(lambda: self._ledger.summarised(names), timeout_seconds=seconds, message="summarised")

    def _are_archived(self, names: Sequence[str]) -> bool:
        for name, service in self._services.items():
            if service.has_ended:
                raise WrongResult(f"{name} has ended:\n{service.output()[-_LOG_TAIL_CHARACTERS:]}")
        archived = {name.partition(".")[0] for name in os.listdir(self._data / "archive")}
        return archived >= {Path(name).stem for name in names}

    def _summarised_at(self, dropped_at: float, entries: Sequence[Entry]) -> float:
        """Return when the summary's file was renamed, or if it stayed the same, when it was found to be right."""
        renamed_at = self._summary.stat().st_ctime
        return renamed_at if renamed_at > dropped_at else max(timestamp(entry["summarised_at"]) for entry in entries)

    def _check(self, entries: Sequence[Entry], births: Mapping[str, int], becoming: Outcomes) -> None:
        became = Outcomes.of(entries)
        if became != becoming:
            raise WrongResult(f"the ledger says {became}, expected {becoming}")
        if self._summary.read_bytes() != summary_of(births):
            raise WrongResult(f"the summary is {self._summary.read_text()}, expected {summary_of(births).decode()}")

    @property
    def _summary(self) -> Path:
        return self._data / "summary_output.json"

    def _count_retries(self) -> int:
        return sum(len(service.logs("message_retried")) for service in self._services.values())

    def _bytes_since(self, octets: int | None) -> int | None:
        return None if octets is None or self._traffic is None else self._traffic.octets() - octets


def _copy(source: Path, target: Path) -> None:
    """Copy a file and wait until it is on the disk, because writing it out is not part of the load."""
    with source.open("rb") as original, target.open("wb") as file:
        shutil.copyfileobj(original, file)
        file.flush()
        os.fsync(file.fileno())
