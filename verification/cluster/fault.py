"""A fault of a cluster: something that breaks for a while under load."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Generic[C]):
    """The target of a fault: a cluster, and the virtual host of the services that use it."""

    cluster: C
    vhost: str
    random: Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Generic[C]):
    """One kind of fault. The cluster's `mend` repairs the damage that it leaves, such as an ended member."""

    name: str
    #: Returns at the end of the fault, with a description of what was done.
    strike: Callable[[Target[C]], str]
    #: Approximate duration including the repair, during which files are dropped.
    seconds: float
    #: Whether the address that follows the cluster cuts the connections to the previous member.
    cuts: bool = True
