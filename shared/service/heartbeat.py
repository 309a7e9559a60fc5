"""The heartbeat of a service: that it works, or what it waits for, in the database and in its health file."""

import os
import socket
from contextlib import suppress
from dataclasses import replace

from shared.model.errors import InflowError
from shared.runtime.clock import utc_now
from shared.runtime.health import Health
from shared.runtime.version import program_version
from shared.storage.ledger import service_processes
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.store import Store


class Heartbeat:
    """Says how one service of this process does. Several threads may use it; what was said last stands."""

    def __init__(self, store: Store, service: str, health: Health) -> None:
        self._store = store
        self._health = health
        now = utc_now()
        self._said = ServiceProcess(
            service=service,
            host=socket.gethostname(),
            process_id=os.getpid(),
            version=program_version(),
            started_at=now,
            seen_at=now,
            waits_for=None,
            waits_since=None,
        )

    def beat(self) -> None:
        """Say that the service works, right now, with all that it needs.

        Raises InstallationChanged where the database is another one by now, DatabaseUnavailable or FolderUnavailable
        where it can't be said.
        """
        self._store.require_installation()
        self._say(replace(self._said, seen_at=utc_now(), waits_for=None, waits_since=None))
        self._health.beat()

    def wait(self, what: str) -> None:
        """Say what keeps the service from working, as far as the database can be told."""
        now = utc_now()
        since = now if self._said.waits_for is None else self._said.waits_since
        with suppress(InflowError):
            self._say(replace(self._said, seen_at=now, waits_for=what, waits_since=since))

    def stand_by(self, what: str) -> None:
        """Say what the service waits for though it is healthy. FolderUnavailable where that can't be said."""
        self.wait(what)
        self._health.beat()

    def stop(self) -> None:
        """Say that the service stops, as far as the database can be told."""
        with suppress(InflowError), self._store.transaction() as connection:
            service_processes.leave(connection, self._store.schema, self._said)

    def _say(self, what: ServiceProcess) -> None:
        with self._store.transaction() as connection:
            if not service_processes.note(connection, self._store.schema, what):
                service_processes.enter(connection, self._store.schema, what)
        self._said = what
