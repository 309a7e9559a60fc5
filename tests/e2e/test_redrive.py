"""Dead letters: a load with one says so, and resumes once the cause is fixed, by itself or by `inflow redrive`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.births import births
from tests.support.eventually import eventually
from tests.support.servers.isolation import Broker, Database
from tests.support.services import REPOSITORY, Pipeline, Service, running_pipeline

ANIMALS = 25
DEAD_CHUNKS = 3

#: A dataset that the writer was not told of yet.
NEW_DATASET = """
[datasets.animals]
files = ["animals*.csv"]
key = ["name"]
columns.name = { type = "text" }
"""
DEFAULT_CONFIGURATION = REPOSITORY / "inflow.toml"


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    configuration = tmp_path / "new.toml"
    configuration.write_text(DEFAULT_CONFIGURATION.read_text() + NEW_DATASET)
    settings = {
        "INFLOW_CONFIG": str(configuration),
        "INFLOW_CHUNK_ROWS": "10",
        "INFLOW_REPUBLISH_SECONDS": "0.2",
    }
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=settings) as pipeline:
        yield pipeline


def dead_letter_a_load(pipeline: Pipeline, broker: Broker) -> Service:
    """Let a writer give up all chunks of a load; return it."""
    pipeline.start_one("watcher")
    old_writer = pipeline.start_one("writer", INFLOW_CONFIG=str(DEFAULT_CONFIGURATION))
    pipeline.drop("animals.csv", "name\n" + "".join(f"Animal {number}\n" for number in range(ANIMALS)))
    pipeline.wait_for_load(1, lambda load: load.state == "published" and load.row_count == ANIMALS)
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == DEAD_CHUNKS, message="dead letters")
    return old_writer


def fix_cause(pipeline: Pipeline, old_writer: Service) -> None:
    """Start a writer that knows the dataset in place of the one that does not."""
    assert old_writer.stop() == 0
    pipeline.start("writer", "aggregator")


def make_due(broker: Broker) -> None:
    """Let an hour pass for all dead letters."""
    with broker.channel() as channel:
        letters = [channel.basic_get("inflow.writer.dlq", auto_ack=True) for _ in range(DEAD_CHUNKS)]
        for _, properties, body in letters:
            properties.headers["x-inflow-tried-at"] -= 3600
            channel.basic_publish("", "inflow.writer.dlq", body, properties)


def test_a_load_with_a_dead_letter_says_so_and_is_not_published_again(pipeline: Pipeline, broker: Broker) -> None:
    writer = dead_letter_a_load(pipeline, broker)
    pipeline.drop("places.csv", births("Aird", people=1).places_csv)
    pipeline.wait_for_load(2, lambda load: load.state == "archived")

    animals = pipeline.report("status")["loads"][0]
    dry_run = pipeline.command("redrive", "--dry-run")

    assert (animals["state"], animals["reason"]) == ("published", "dead-lettered")
    assert animals["message"] == "ContradictoryMessage: load 1: the configuration has no dataset 'animals'"
    assert dry_run.stdout.splitlines() == [
        f"load 1 (animals.csv) is held back: {animals['message']}",
        *(
            f"inflow.writer.dlq: rows.extracted of load 1 rows {rows}; {animals['message']}"
            for rows in ("0+10", "10+10", "20+5")
        ),
    ]
    # The broker takes a moment to have back what a dry run looked at.
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == DEAD_CHUNKS, message="all are where they were")
    assert not writer.has_ended
    # The other one may have been: with so little patience, a slow writer is taken for a broker that lost messages.
    assert 1 not in {line["load_id"] for line in pipeline.services[0].logs("load_revived")}


def test_a_load_resumes_by_itself_once_its_cause_is_fixed(pipeline: Pipeline, broker: Broker) -> None:
    """Too early a try of its dead letters changes nothing; the next one comes by itself, too."""
    old_writer = dead_letter_a_load(pipeline, broker)
    make_due(broker)
    old_writer.logged("dead_letters_retried")
    eventually(
        lambda: len(old_writer.logs("message_dead_lettered")) == 2 * DEAD_CHUNKS, message="they are given up again"
    )
    assert pipeline.loads()[1].reason == "dead-lettered"
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == DEAD_CHUNKS, message="all are where they were")

    make_due(broker)
    fix_cause(pipeline, old_writer)

    pipeline.wait_until_archived(1)
    assert (pipeline.loads()[1].inserted, pipeline.loads()[1].reason) == (ANIMALS, None)
    eventually(lambda: set(broker.queue_depths().values()) == {0}, message="the queues are empty")


def test_redrive_heals_a_load_once_its_cause_is_fixed(pipeline: Pipeline, broker: Broker) -> None:
    fix_cause(pipeline, dead_letter_a_load(pipeline, broker))

    done = pipeline.command("redrive")

    assert (done.returncode, done.stderr) == (0, "")
    assert "load 1 (animals.csv) goes on" in done.stdout
    assert "inflow.writer.dlq: 3 messages back in inflow.writer" in done.stdout
    pipeline.wait_until_archived(1)
    eventually(lambda: set(broker.queue_depths().values()) == {0}, message="the queues are empty")
    assert pipeline.loads()[1].inserted == ANIMALS


def test_a_load_whose_dead_letters_are_lost_is_published_again(pipeline: Pipeline, broker: Broker) -> None:
    """By a purge, or with all data of the broker."""
    old_writer = dead_letter_a_load(pipeline, broker)
    broker.purge("inflow.writer.dlq")

    fix_cause(pipeline, old_writer)

    pipeline.wait_until_archived(1)
    assert pipeline.services[0].logs("load_revived")


def test_a_dead_letter_that_is_redriven_too_early_is_one_again(pipeline: Pipeline, broker: Broker) -> None:
    fix_cause(pipeline, dead_letter_a_load(pipeline, broker))
    broker.publish("inflow.writer", b"no message")
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == DEAD_CHUNKS + 1, message="dead letters")

    assert pipeline.command("redrive").returncode == 0

    pipeline.wait_until_archived(1)
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == 1, message="the one that can't be used")
    dry_run = pipeline.command("redrive", "--dry-run").stdout
    assert dry_run.startswith("inflow.writer.dlq: 10 bytes that are not a message; MalformedMessage: ")
