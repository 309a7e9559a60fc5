"""A fault of a cluster: something that breaks for a while under load."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Generic[C]):
    """What a fault strikes: a cluster, and the virtual host of the services that use it."""

    cluster: C
    vhost: str
    random: Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Generic[C]):
    """One way of breaking a cluster. What it leaves broken, such as an ended member, the cluster's `mend` repairs."""

    name: str
    #: Lasts for as long as the fault does; returns what was done, in words.
    strike: Callable[[Target[C]], str]
    #: About how long it takes, the repair included: for so long files are dropped.
    seconds: float
    #: Whether the address that follows the cluster ends the connections to the member before.
    cuts: bool = True
