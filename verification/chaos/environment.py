"""The environment of one run: a new virtual host, database, forwarders, data folder and services."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import URL, make_url

from tests.support.forwarder import forwarder
from tests.support.servers.isolation import own_database, own_vhost
from tests.support.services import Pipeline
from verification.chaos.convergence import Installation
from verification.chaos.on_disk import small_disk
from verification.chaos.plan import Plan
from verification.chaos.servers import ChaosServers
from verification.chaos.supervisor import Crew
from verification.chaos.targets import Held, World

#: Faults are noticed sooner than with production settings, to shorten a run.
_IMPATIENT = {
    "RABBITMQ_HEARTBEAT_SECONDS": "4",
    "RABBITMQ_BLOCKED_SECONDS": "3",
}
_ANSWER_SECONDS = {
    "mysql": {"read_timeout": "10", "write_timeout": "10"},
    "postgresql": {"read_timeout": "10"},
}
#: Where no message is lost, nothing may need to be published again.
_REPUBLISH_SECONDS, _NEVER_SECONDS = "3", "600"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The targets of faults, and the harness's own direct access."""

    world: World
    pipeline: Pipeline
    installation: Installation


@contextmanager
def set_up(servers: ChaosServers, plan: Plan) -> Iterator[Stage]:
    """Yield an environment in which all services run; its folder is kept if the block fails."""
    folder = Path(mkdtemp(prefix=f"inflow-chaos-{plan.seed}-"))
    with ExitStack() as closing:
        # Everything created from here on is removed while the servers still run.
        vhost = closing.enter_context(own_vhost(servers.broker.server))
        database_url = make_url(closing.enter_context(own_database(servers.database.server)).url)
        closing.callback(servers.mend)
        broker = servers.broker.server
        to_broker = closing.enter_context(forwarder((broker.host, broker.port)))
        to_database = closing.enter_context(forwarder((database_url.host or "", database_url.port or 0)))
        settings = {
            **_IMPATIENT,
            "RABBITMQ_URL": replace(broker, port=to_broker.port).url(vhost.vhost),
            "DATABASE_URL": _impatient_url(database_url.set(port=to_database.port)),
            "INFLOW_CHUNK_ROWS": str(plan.chunk_rows),
            "INFLOW_BACKLOG_MESSAGES": str(plan.backlog_messages),
            "INFLOW_COMPARE_FROM_BYTES": "0" if plan.compares_all else str(1 << 30),
            "INFLOW_REPUBLISH_SECONDS": _REPUBLISH_SECONDS if plan.loses_messages else _NEVER_SECONDS,
        }
        pipeline = Pipeline(
            folder,
            broker_url=vhost.url,
            database_url=database_url.render_as_string(hide_password=False),
            settings=settings,
        )
        pipeline.data.mkdir()
        if plan.fills_disk:
            closing.enter_context(small_disk(pipeline.data))
            closing.callback(_keep, pipeline.data)
        closing.callback(pipeline.close)
        world = World(
            crew=Crew(pipeline, plan.services),
            broker=servers.broker,
            database=servers.database,
            vhost=vhost,
            to_broker=Held(forward=to_broker),
            to_database=Held(forward=to_database),
            data=pipeline.data,
        )
        installation = Installation(data=pipeline.data, database_url=database_url, vhost=vhost, ctl=servers.broker.ctl)
        yield Stage(world=world, pipeline=pipeline, installation=installation)


def _impatient_url(url: URL) -> str:
    return url.update_query_dict(_ANSWER_SECONDS[url.get_backend_name()]).render_as_string(hide_password=False)


def _keep(data: Path) -> None:
    """Copy the content of a file system that is about to be unmounted."""
    shutil.copytree(data, data.with_name("data-kept"))
