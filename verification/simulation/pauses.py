"""The stop event of a simulated process: waits on it take only simulated time, and other processes work meanwhile."""

import threading

from verification.simulation.faults import CONNECTION_LOST, PAUSE, STOPPED
from verification.simulation.world import World

_MAX_PAUSE_SECONDS = 0.5
#: During another process's step, the awaited event may never come; after this long, the process is asked to stop.
_MAX_PAUSES_INSIDE = 5


class SimulatedStop(threading.Event):
    """Set when the process is asked to stop; `is_connected` is cleared when its consumer loses its connection."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._pauses = 0
        self.has_lost_connection = False

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        """Let simulated time pass, and other processes work."""
        world = self._world
        self._pauses += 1
        world.let_pass(world.random.uniform(0, _MAX_PAUSE_SECONDS))
        fault = world.at(PAUSE)
        if fault == CONNECTION_LOST:
            self.has_lost_connection = True
        if fault == STOPPED or (len(world.acting) > 1 and self._pauses >= _MAX_PAUSES_INSIDE):
            world.tell("is asked to stop")
            self.set()
        return self.is_set()
