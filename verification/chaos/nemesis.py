"""The nemesis: breaks a target for a while and repairs it."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from verification.chaos.targets import World

#: Returns at the end of the fault, with a description of what was done.
Strike = Callable[[World, Random], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nemesis:
    """One kind of fault."""

    name: str
    strike: Strike
    #: Whether the broker loses confirmed messages, so that loads must be published again.
    loses_messages: bool = False
    #: Whether the data folder must be on a small file system of its own.
    fills_disk: bool = False
