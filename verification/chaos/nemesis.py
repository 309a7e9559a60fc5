"""What a nemesis is: something that breaks a part of the world for a while, and mends it again."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from verification.chaos.targets import World

#: Lasts for as long as the fault does; returns what was done, in words.
Strike = Callable[[World, Random], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nemesis:
    """One way of breaking something."""

    name: str
    strike: Strike
    #: The broker forgets messages that it had confirmed: only publishing them again can help.
    loses_messages: bool = False
    #: The data folder has to be on a small file system of its own.
    fills_disk: bool = False
