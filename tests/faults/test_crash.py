"""Services killed by SIGKILL at a named step: a few crash points; `python -m verification.crash` runs all."""

import pytest

from tests.support.servers.found import BrokerServer, DatabaseServer
from verification.crash.campaign import attempt_until_reached
from verification.crash.counting import count_passages
from verification.crash.environment import Servers
from verification.crash.table import POINTS, points_like
from verification.crash.trial import Trial, Variant
from verification.crash.workload import draw_workload

SEED = 1


@pytest.fixture
def shared_servers(broker_server: BrokerServer, database_server: DatabaseServer) -> Servers:
    return Servers(broker=broker_server, database=database_server)


def test_crash_points_have_distinct_names() -> None:
    assert len({point.full_name for point in POINTS}) == len(POINTS)


def test_every_crash_point_is_passed_in_an_undisturbed_run(shared_servers: Servers) -> None:
    passages = count_passages(shared_servers, draw_workload("writer", seed=SEED))

    assert [name for name, count in passages.items() if not count] == []


@pytest.mark.parametrize(
    ("name", "passage", "variant"),
    [
        ("watcher: after the claim's rename", 2, Variant.ONCE),
        ("watcher: after a chunk is sent, before its confirm", 3, Variant.AGAIN),
        ("watcher: before the rename into archive/", 1, Variant.ONCE),
        ("writer: in the commit of a chunk", 2, Variant.TWO_WRITERS),
        ("writer: after the commit, before the ack", 4, Variant.AGAIN),
        ("writer: after load.completed is published", 1, Variant.ONCE),
        ("aggregator: before the rename of the summary", 2, Variant.ONCE),
        ("aggregator: after an event is handled, before its ack", 1, Variant.ONCE),
    ],
)
def test_a_service_killed_at_a_crash_point_loses_and_doubles_nothing(
    shared_servers: Servers, name: str, passage: int, variant: Variant
) -> None:
    [point] = points_like(name)
    workload = draw_workload(point.service, seed=SEED)

    outcome = attempt_until_reached(
        shared_servers, Trial(point=point, passage=passage, variant=variant, workload=workload)
    )

    assert outcome.problems == [], outcome.logs
    assert outcome.kills > 0
