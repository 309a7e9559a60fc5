"""The context of every case."""

from dataclasses import dataclass

from benchmarks.files import Files
from benchmarks.options import Options
from benchmarks.processes import wait_until_calm
from benchmarks.results import Results
from benchmarks.servers import BenchServers


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The servers, the files to drop, and the results."""

    options: Options
    servers: BenchServers
    files: Files
    results: Results

    def calm_down(self) -> None:
        """Wait until the servers have finished the work of the last run."""
        if not wait_until_calm(self.servers.pids.values(), at_most_seconds=self.options.calm_seconds):
            self.results.warn("the servers had other work to do when a run began")
