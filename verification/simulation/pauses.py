"""The stop event of a simulated process: to wait on it takes simulated time alone, and others work meanwhile."""

import threading

from verification.simulation.faults import CONNECTION_LOST, PAUSE, STOPPED
from verification.simulation.world import World

_MAX_PAUSE_SECONDS = 0.5
#: In the middle of somebody else's step, what is waited for may never come: the process is then asked to stop.
_MAX_PAUSES_INSIDE = 5


class SimulatedStop(threading.Event):
    """Set when the process is asked to stop; `is_connected` goes when its consumer's connection is lost meanwhile."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self._pauses = 0
        self.has_lost_connection = False

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        """Let simulated time pass, however long is asked for, and whoever is next work."""
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
