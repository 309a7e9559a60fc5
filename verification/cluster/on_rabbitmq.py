"""Faults of a RabbitMQ cluster."""

import time

from shared.messaging.topology import WRITER_QUEUE
from tests.support.topology import TOPOLOGY
from verification.cluster.fault import Fault, Target
from verification.cluster.members import BrokerMember
from verification.cluster.rabbitmq import RabbitmqCluster

_PAUSE_SECONDS, _PARTITION_SECONDS, _STOP_SECONDS, _MAJORITY_SECONDS = 40.0, 30.0, 10.0, 85.0


def _kill_leader(target: Target[RabbitmqCluster]) -> str:
    leader = _leader(target)
    leader.kill()
    time.sleep(_STOP_SECONDS)
    return f"kill -9 of node {leader.number}, which led the writers' queue; {_STOP_SECONDS:.0f} s later it was started"


def _pause_leader(target: Target[RabbitmqCluster]) -> str:
    leader = _leader(target)
    leader.pause()
    time.sleep(_PAUSE_SECONDS)
    leader.resume()
    return f"node {leader.number}, which led the writers' queue, was paused for {_PAUSE_SECONDS:.0f} s"


def _cut_off_leader(target: Target[RabbitmqCluster]) -> str:
    leader = _leader(target)
    leader.cut_off()
    time.sleep(_PARTITION_SECONDS)
    return f"node {leader.number}, which led the writers' queue, was cut off for {_PARTITION_SECONDS:.0f} s"


def _restart_in_turn(target: Target[RabbitmqCluster]) -> str:
    for member in target.cluster.members:
        member.stop()
        target.cluster.mend()
    return "all nodes restarted in turn"


def _stop_application(target: Target[RabbitmqCluster]) -> str:
    leader = _leader(target)
    leader.ctl("stop_app")
    time.sleep(_STOP_SECONDS)
    leader.ctl("start_app")
    return f"stop_app on node {leader.number}, which led the writers' queue, for {_STOP_SECONDS:.0f} s"


def _pause_majority(target: Target[RabbitmqCluster]) -> str:
    paused = target.random.sample(target.cluster.members, 2)
    for member in paused:
        member.pause()
    time.sleep(_MAJORITY_SECONDS)
    for member in paused:
        member.resume()
    return f"nodes {paused[0].number} and {paused[1].number} were paused for {_MAJORITY_SECONDS:.0f} s"


def _leader(target: Target[RabbitmqCluster]) -> BrokerMember:
    return target.cluster.leader(target.vhost, TOPOLOGY.name(WRITER_QUEUE))


ON_RABBITMQ = (
    Fault(name="leader-killed", strike=_kill_leader, seconds=20),
    Fault(name="leader-paused", strike=_pause_leader, seconds=45),
    Fault(name="leader-cut-off", strike=_cut_off_leader, seconds=45),
    Fault(name="restarted-in-turn", strike=_restart_in_turn, seconds=30),
    Fault(name="application-stopped", strike=_stop_application, seconds=15),
    Fault(name="majority-paused", strike=_pause_majority, seconds=90),
)
