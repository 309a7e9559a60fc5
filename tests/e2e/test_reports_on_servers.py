"""The command `inflow` on real servers: its reports, and all services in one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.support.births import births
from tests.support.eventually import eventually
from tests.support.forwarder import forwarder
from tests.support.servers.isolation import Broker, Database
from tests.support.services import Pipeline, running_pipeline

PEOPLE = 500
CITIES = 7


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        yield pipeline


def test_all_services_run_in_one_process_until_a_stop_is_requested(pipeline: Pipeline, tmp_path: Path) -> None:
    """And the reports, asked of the servers that the environment names, say what its log says."""
    aird = births("Aird", people=PEOPLE)
    inflow = pipeline.start_command("run", "--data", str(pipeline.data))
    pipeline.drop("people.csv", aird.people_csv)
    pipeline.wait_until_archived(1)
    pipeline.wait_for_summary({})
    pipeline.wait_for_load(1, lambda load: load.summarised_at)
    (pipeline.data / "inbox" / "people-link.csv").symlink_to(tmp_path)
    eventually(lambda: pipeline.query("SELECT file FROM inflow_inbox"))

    [load] = pipeline.report("loads")
    status = pipeline.report("status")

    accounts = ("rows_read", "inserted", "updated", "unchanged", "superseded", "rejected")
    assert [load[name] for name in accounts] == [PEOPLE, PEOPLE, 0, 0, 0, 0]
    assert (load["file"], load["dataset"], load["state"]) == ("people.csv", "people", "archived")
    assert (load["waiting_rows"], load["waiting_for"]) == (PEOPLE, CITIES)
    line = inflow.logged("load_completed", load_id=1)
    for name in (*accounts, "file", "dataset", "waiting_rows", "waiting_for", "seconds"):
        assert line[name] == load[name]
    assert status["loads"] == [load]
    assert status["waiting_rows"] == PEOPLE
    [file] = status["inbox"]
    assert (file["file"], file["state"], file["reason"]) == ("people-link.csv", "blocked", "not-a-regular-file")

    pipeline.drop("places.csv", aird.places_csv)
    pipeline.wait_for_summary(aird.by_country)
    assert pipeline.report("status")["waiting_rows"] == 0
    assert inflow.stop() == 0


def test_the_text_reports_are_readable(pipeline: Pipeline) -> None:
    inflow = pipeline.start_command("run", "--data", str(pipeline.data))
    pipeline.drop("people.csv", births("Aird", people=PEOPLE).people_csv)
    pipeline.wait_until_archived(1)
    assert inflow.stop() == 0

    status, loads = pipeline.command("status"), pipeline.command("loads")

    assert f"load 1: {PEOPLE} references wait for {CITIES} rows that no file has stated yet" in status.stdout
    for report in (status, loads):
        assert (report.returncode, report.stderr) == (0, "")
        [line] = [line for line in report.stdout.splitlines() if "people.csv" in line]
        assert line.split()[:6] == ["1", "people.csv", "people", "archived", str(PEOPLE), str(PEOPLE)]


def test_a_report_on_a_server_that_can_not_be_reached_ends_with_3(pipeline: Pipeline, database: Database) -> None:
    url = make_url(database.url).set(password="Canary")
    with forwarder((url.host or "", 0), is_open=False) as closed_port:
        nowhere = url.set(host="127.0.0.1", port=closed_port.port).render_as_string(hide_password=False)
        done = pipeline.command("status", DATABASE_URL=nowhere)

    assert done.returncode == 3
    assert "can't be reached" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Canary" not in done.stderr


def test_the_status_shows_the_queues(pipeline: Pipeline, broker: Broker) -> None:
    pipeline.start("writer")
    eventually(lambda: "inflow.watcher" in broker.queue_depths(), message="the queues are declared")
    api = {"RABBITMQ_MANAGEMENT_URL": broker.server.management_url}

    text = pipeline.command("status", **api).stdout.splitlines()
    [head, columns, *queues] = text[text.index("loads: 0") + 1 :]
    assert head == f"queues: seen from {broker.server.host}:{broker.server.port}"
    assert columns.split() == ["queue", "messages", "consumers", "dead", "letters", "members"]
    assert [line.split()[0] for line in queues] == ["inflow.writer", "inflow.aggregator", "inflow.watcher"]
    assert {tuple(line.split()[-3:]) for line in queues} == {("1", "of", "1")}
    assert pipeline.report("status")["broker"]["notes"] == ["members: not known: RABBITMQ_MANAGEMENT_URL is not set"]


def test_the_status_without_the_broker_is_that_of_the_database(pipeline: Pipeline) -> None:
    pipeline.start("writer")
    eventually(lambda: pipeline.query("SELECT * FROM inflow_installation"))

    shown = pipeline.command("status", RABBITMQ_URL="amqp://127.0.0.1:1")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-1] == (
        "queues: not known: 127.0.0.1:1: ConnectionRefusedError: [Errno 111] Connection refused"
    )
