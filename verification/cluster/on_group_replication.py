"""Faults of MySQL Group Replication."""

import time

from verification.cluster.fault import Fault, Target
from verification.cluster.group_replication import GroupReplication

_PAUSE_SECONDS, _PARTITION_SECONDS, _STOP_SECONDS, _SETTING_SECONDS = 15.0, 30.0, 10.0, 5.0


def _kill_primary(target: Target[GroupReplication]) -> str:
    primary = target.cluster.primary()
    primary.kill()
    return f"kill -9 of the primary; member {target.cluster.other_primary(primary).number} was elected"


def _switch_primary(target: Target[GroupReplication]) -> str:
    """Appoint another primary, as before maintenance."""
    cluster = target.cluster
    primary, other = cluster.primary(), target.random.choice(cluster.secondaries())
    [(uuid,)] = other.ask("SELECT @@server_uuid") or [("",)]
    primary.execute(f"SELECT group_replication_set_as_primary('{uuid}')")
    return f"member {cluster.other_primary(primary).number} was appointed in the place of member {primary.number}"


def _stop_replication(target: Target[GroupReplication]) -> str:
    primary = target.cluster.primary()
    primary.execute("STOP GROUP_REPLICATION")
    time.sleep(_STOP_SECONDS)
    primary.execute("START GROUP_REPLICATION")
    return f"STOP GROUP_REPLICATION on the primary for {_STOP_SECONDS:.0f} s"


def _go_offline(target: Target[GroupReplication]) -> str:
    return _set_for_a_while(target.cluster, "offline_mode")


def _become_read_only(target: Target[GroupReplication]) -> str:
    return _set_for_a_while(target.cluster, "super_read_only")


def _set_for_a_while(cluster: GroupReplication, setting: str) -> str:
    primary = cluster.primary()
    primary.execute(f"SET GLOBAL {setting} = ON")
    time.sleep(_SETTING_SECONDS)
    # super_read_only also turns on read_only, but does not turn it off again.
    primary.execute(f"SET GLOBAL {setting} = OFF", "SET GLOBAL read_only = OFF")
    return f"{setting} on the primary for {_SETTING_SECONDS:.0f} s"


def _pause_primary(target: Target[GroupReplication]) -> str:
    primary = target.cluster.primary()
    primary.pause()
    time.sleep(_PAUSE_SECONDS)
    primary.resume()
    return f"the primary was paused for {_PAUSE_SECONDS:.0f} s"


def _cut_off_primary(target: Target[GroupReplication]) -> str:
    primary = target.cluster.primary()
    primary.cut_off()
    time.sleep(_PARTITION_SECONDS)
    return f"the primary was cut off from the other members for {_PARTITION_SECONDS:.0f} s; clients reached it"


def _kill_secondary(target: Target[GroupReplication]) -> str:
    secondary = target.random.choice(target.cluster.secondaries())
    secondary.kill()
    return f"kill -9 of member {secondary.number}, a secondary"


def _restart_in_turn(target: Target[GroupReplication]) -> str:
    for member in target.cluster.members:
        member.stop()
        target.cluster.mend()
    return "all members restarted in turn"


ON_GROUP_REPLICATION = (
    Fault(name="primary-killed", strike=_kill_primary, seconds=40),
    Fault(name="primary-switched", strike=_switch_primary, seconds=5),
    Fault(name="primary-switched-uncut", strike=_switch_primary, seconds=5, cuts=False),
    Fault(name="replication-stopped", strike=_stop_replication, seconds=15),
    Fault(name="replication-stopped-uncut", strike=_stop_replication, seconds=15, cuts=False),
    Fault(name="offline-mode", strike=_go_offline, seconds=5),
    Fault(name="super-read-only", strike=_become_read_only, seconds=5),
    Fault(name="primary-paused", strike=_pause_primary, seconds=30),
    Fault(name="primary-cut-off", strike=_cut_off_primary, seconds=60),
    Fault(name="primary-cut-off-uncut", strike=_cut_off_primary, seconds=60, cuts=False),
    Fault(name="secondary-killed", strike=_kill_secondary, seconds=20),
    Fault(name="restarted-in-turn", strike=_restart_in_turn, seconds=60),
)
