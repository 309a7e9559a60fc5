"""Faults of MariaDB Galera."""

import time

from verification.cluster.fault import Fault, Target
from verification.cluster.galera import Galera
from verification.cluster.members import MariadbMember

_PAUSE_SECONDS, _PARTITION_SECONDS, _DESYNC_SECONDS, _REJECT_SECONDS, _LAG_SECONDS = 15.0, 30.0, 10.0, 5.0, 10.0
_CATCH_UP_SECONDS, _SEVERAL_WRITERS_SECONDS = 3.0, 30.0


def _kill_writer(target: Target[Galera]) -> str:
    writer = target.cluster.writer()
    writer.kill()
    return f"kill -9 of the writing member; member {target.cluster.other_writer(writer).number} took over"


def _pause_writer(target: Target[Galera]) -> str:
    writer = target.cluster.writer()
    writer.pause()
    time.sleep(_PAUSE_SECONDS)
    writer.resume()
    return f"the writing member was paused for {_PAUSE_SECONDS:.0f} s"


def _cut_off_writer(target: Target[Galera]) -> str:
    target.cluster.writer().cut_off()
    time.sleep(_PARTITION_SECONDS)
    return f"the writing member was cut off from the others for {_PARTITION_SECONDS:.0f} s; clients reached it"


def _switch_writer(target: Target[Galera]) -> str:
    return _switch_to(target, target.random.choice(target.cluster.others()))


def _switch_to_late_member(target: Target[Galera]) -> str:
    """Switch to a member with unapplied transactions: for a while its clients read an earlier state."""
    other = target.random.choice(target.cluster.others())
    with other.session() as execute:
        execute("SET GLOBAL wsrep_desync = ON")
        execute("FLUSH TABLES WITH READ LOCK")
        time.sleep(_LAG_SECONDS)
        said = _switch_to(target, other)
        time.sleep(_CATCH_UP_SECONDS)
        execute("UNLOCK TABLES")
        execute("SET GLOBAL wsrep_desync = OFF")
    return f"{said}, {_LAG_SECONDS:.0f} s late"


def _switch_to(target: Target[Galera], other: MariadbMember) -> str:
    writer = target.cluster.writer()
    target.cluster.follower.redirect(other.address)
    return f"switched from member {writer.number} to member {other.number}"


def _desync_writer(target: Target[Galera]) -> str:
    writer = target.cluster.writer()
    writer.execute("SET GLOBAL wsrep_desync = ON")
    time.sleep(_DESYNC_SECONDS)
    writer.execute("SET GLOBAL wsrep_desync = OFF")
    return f"wsrep_desync on the writing member for {_DESYNC_SECONDS:.0f} s"


def _reject_queries(target: Target[Galera]) -> str:
    cluster = target.cluster
    # An address that regards a member that refuses queries as lost would switch to another one.
    with cluster.follower.held():
        writer = cluster.writer()
        writer.execute("SET GLOBAL wsrep_reject_queries = ALL")
        time.sleep(_REJECT_SECONDS)
        writer.execute("SET GLOBAL wsrep_reject_queries = NONE")
    return f"the writing member rejected all queries for {_REJECT_SECONDS:.0f} s"


def _write_on_all(target: Target[Galera]) -> str:
    """Connect the services to different members. That is not supported, but must not lose anything."""
    cluster = target.cluster
    with cluster.follower.spread([member.address for member in cluster.members]):
        time.sleep(_SEVERAL_WRITERS_SECONDS)
    return f"the services wrote on {len(cluster.members)} members for {_SEVERAL_WRITERS_SECONDS:.0f} s"


ON_GALERA = (
    Fault(name="writer-killed", strike=_kill_writer, seconds=25),
    Fault(name="writer-paused", strike=_pause_writer, seconds=30),
    Fault(name="writer-cut-off", strike=_cut_off_writer, seconds=35),
    Fault(name="writer-switched", strike=_switch_writer, seconds=5),
    Fault(name="switched-to-late-member", strike=_switch_to_late_member, seconds=15),
    Fault(name="writer-desynced", strike=_desync_writer, seconds=10),
    Fault(name="queries-rejected", strike=_reject_queries, seconds=5),
    Fault(name="several-writers", strike=_write_on_all, seconds=30),
)
