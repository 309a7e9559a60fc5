"""Chaos: its tools, and a short selection of nemeses; `python -m verification.chaos` runs all of them."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.missing import missing
from tests.support.servers.found import Unavailable
from tests.support.servers.management import Management
from verification.chaos.campaign import Tally
from verification.chaos.log_checks import hear, too_many_deadlocks
from verification.chaos.nemeses import NEMESES
from verification.chaos.on_disk import small_disk, why_no_small_disk
from verification.chaos.plan import draw_plan
from verification.chaos.run import run
from verification.chaos.servers import ChaosServers, start_servers


def test_a_seed_always_gives_the_same_run() -> None:
    assert draw_plan(7, NEMESES) == draw_plan(7, NEMESES)
    assert draw_plan(7, NEMESES) != draw_plan(8, NEMESES)


def test_twenty_seeds_run_each_nemesis() -> None:
    struck = {blow.nemesis.name for seed in range(1, 21) for blow in draw_plan(seed, NEMESES).blows}

    assert struck == {each.name for each in NEMESES}
    assert len(struck) == len(NEMESES)


def test_a_nemesis_that_never_ran_is_reported_after_enough_runs() -> None:
    few, enough = Tally(runs=len(NEMESES) - 1), Tally(runs=len(NEMESES))

    assert few.problems(NEMESES) == []
    assert f"{NEMESES[0].name} never struck" in enough.problems(NEMESES)


@pytest.mark.parametrize(
    ("deadlocks", "chunks", "is_wrong"), [(4, 50, False), (5, 50, True), (20, 2000, False), (21, 2000, True)]
)
def test_more_than_one_deadlock_per_hundred_chunks_is_reported(deadlocks: int, chunks: int, is_wrong: bool) -> None:
    assert bool(too_many_deadlocks(deadlocks, chunks)) is is_wrong


@pytest.mark.parametrize(
    ("line", "loses_messages", "problems"),
    [
        ('{"level": "warning", "action": "dependency_failed"}', False, 0),
        ('{"level": "error", "action": "message_dead_lettered"}', False, 1),
        ('{"level": "warning", "traceback": "Traceback"}', False, 1),
        ("Traceback (most recent call last):", False, 1),
        ('{"level": "warning", "action": "load_revived"}', False, 1),
        ('{"level": "warning", "action": "load_revived"}', True, 0),
    ],
)
def test_a_log_line_that_no_fault_explains_is_reported(
    tmp_path: Path, line: str, loses_messages: bool, problems: int
) -> None:
    log = tmp_path / "service.log"
    log.write_text(f'{line}\n{{"level": "critical", "cut short')

    assert len(hear([log], loses_messages=loses_messages).problems) == problems


def test_deadlocks_are_counted(tmp_path: Path) -> None:
    lines = [
        {"level": "warning", "action": "message_retried", "reason": "(1213, 'Deadlock found')"},
        {"level": "warning", "action": "message_retried", "reason": "(2013, 'Lost connection')"},
    ]
    log = tmp_path / "service.log"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))

    assert hear([log], loses_messages=False).deadlocks == 1


def test_a_small_disk_is_small_and_is_removed(tmp_path: Path) -> None:
    if problem := why_no_small_disk():
        missing(problem)
    with small_disk(tmp_path):
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "huge").write_bytes(b"\0" * (9 << 20))
        assert list(tmp_path.iterdir())

    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def servers() -> Iterator[ChaosServers]:
    """Servers private to this module, from the programs installed on this machine."""
    with ExitStack() as closing:
        try:
            servers = start_servers(closing)
        except Unavailable as reason:
            missing(str(reason))
        yield servers


@pytest.mark.slow
def test_a_killed_database_keeps_its_data_and_a_wiped_one_has_none(servers: ChaosServers) -> None:
    def databases() -> set[str]:
        with create_engine(servers.database.server.url, poolclass=NullPool).connect() as connection:
            return set(connection.scalars(text("SHOW DATABASES")))

    with create_engine(servers.database.server.url, poolclass=NullPool).connect() as connection:
        connection.execute(text("CREATE DATABASE kept"))

    servers.database.kill()
    assert not servers.database.is_ready()
    servers.database.start()
    assert "kept" in databases()

    servers.database.stop()
    servers.database.wipe()
    servers.database.start()
    assert "kept" not in databases()


@pytest.mark.slow
def test_a_stopped_broker_keeps_its_data_and_a_wiped_one_has_none(servers: ChaosServers) -> None:
    management = Management(servers.broker.server)
    management.make_vhost("kept")

    servers.broker.stop()
    assert not servers.broker.is_ready()
    servers.broker.start()
    assert "kept" in management.vhosts()
    assert "kept" in servers.broker.ctl("list_vhosts")

    servers.broker.kill()
    servers.broker.wipe()
    servers.broker.start()
    assert management.vhosts() == ["/"]


@pytest.mark.slow
@pytest.mark.parametrize("names", [("broker-killed", "half-open", "cut"), ("broker-wiped", "database-killed", "slow")])
def test_g9_everything_converges_after_nemeses(servers: ChaosServers, names: tuple[str, ...]) -> None:
    outcome = run(servers, draw_plan(1, [each for each in NEMESES if each.name in names]))

    assert outcome.problems == [], outcome.struck
    assert outcome.chunks
