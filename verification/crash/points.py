"""The definition of crash points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from verification.crash.calls import Call, Condition, always, nothing

#: Entered: the block of a context manager is about to start.
Moment = Literal["before", "after", "entered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A step of a service before, in or after which it can be killed."""

    service: str
    name: str
    #: The function that is wrapped: module, colon, attribute.
    target: str
    moment: Moment
    #: The calls that count as passages.
    when: Condition = always
    #: The action before the process is killed.
    last_act: Callable[[Call], None] = nothing

    @property
    def full_name(self) -> str:
        """The name with its service, unique among all points."""
        return f"{self.service}: {self.name}"
