"""What a crash point is, and all of them by their names."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from verification.crash.calls import Call, Condition, always, nothing

#: Entered: a context manager's block is about to begin.
Moment = Literal["before", "after", "entered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A step of a service before, after or in which it can be made to end."""

    service: str
    name: str
    #: The function that is wrapped: module, colon, attribute.
    target: str
    moment: Moment
    #: The calls that count as passages.
    when: Condition = always
    #: What is done first where the process is about to end.
    last_act: Callable[[Call], None] = nothing

    @property
    def full_name(self) -> str:
        """The name with its service, unique among all."""
        return f"{self.service}: {self.name}"
