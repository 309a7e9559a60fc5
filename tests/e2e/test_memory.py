"""G8: memory stays flat, whatever the size of the file. Minutes long, so it runs with `-m slow`."""

from pathlib import Path

import pytest

from inflow.sample_data.people_and_places import write_sample
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.services import Service, running_pipeline

LARGE_ROWS = 1_000_000
SMALL_ROWS = 100_000
#: The bound of each service, in MiB.
MAX_MIB = 150


def peak_mib(service: Service) -> float:
    status = Path(f"/proc/{service.process.pid}/status").read_text()
    [kib] = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(kib) / 1024


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_g8_a_million_rows_keep_the_memory_of_every_service_flat(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        services = dict(
            zip(("watcher", "writer", "aggregator"), pipeline.start("watcher", "writer", "aggregator"), strict=True)
        )
        peaks: dict[int, dict[str, float]] = {}

        for load_id, rows in enumerate((SMALL_ROWS, LARGE_ROWS), start=1):
            folder = tmp_path / str(rows)
            folder.mkdir()
            write_sample(folder, rows=rows)
            eventually((pipeline.data / "inbox").exists, message="the watcher has made the inbox")
            (folder / "people.csv").rename(pipeline.data / "inbox" / f"people_{rows}.csv")
            archive = pipeline.data / "archive" / f"people_{rows}.{load_id}.csv"
            eventually(archive.exists, timeout_seconds=400, message=f"{rows} rows are archived")
            pipeline.wait_for_load(load_id, lambda load: load.summarised_at)
            peaks[rows] = {name: peak_mib(service) for name, service in services.items()}

        for rows, by_service in peaks.items():
            print(f"{rows:>9} rows:", ", ".join(f"{name} {mib:.0f} MiB" for name, mib in by_service.items()))
        assert all(mib < MAX_MIB for mib in peaks[LARGE_ROWS].values())
        assert all(peaks[LARGE_ROWS][name] < 1.3 * mib for name, mib in peaks[SMALL_ROWS].items())
