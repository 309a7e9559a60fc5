"""The heartbeat of a service: reports that it works, or what it waits for, in the database and its health file."""

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
    """Reports the state of one service of this process. Several threads may use it; the last report wins."""

    def __init__(self, store: Store, service: str, health: Health) -> None:
        self._store = store
        self._health = health
        now = utc_now()
        self._reported = ServiceProcess(
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
        """Report that the service works and can reach all that it needs.

        Raises InstallationChanged if the database is now another one, DatabaseUnavailable or FolderUnavailable if the
        report fails.
        """
        self._store.require_installation()
        self._report(replace(self._reported, seen_at=utc_now(), waits_for=None, waits_since=None))
        self._health.beat()

    def wait(self, what: str) -> None:
        """Report what prevents the service from working, if the database can be reached."""
        now = utc_now()
        since = now if self._reported.waits_for is None else self._reported.waits_since
        with suppress(InflowError):
            self._report(replace(self._reported, seen_at=now, waits_for=what, waits_since=since))

    def stand_by(self, what: str) -> None:
        """Report what a healthy service waits for. Raises FolderUnavailable if the health file can't be touched."""
        self.wait(what)
        self._health.beat()

    def stop(self) -> None:
        """Report that the service stops, if the database can be reached."""
        with suppress(InflowError), self._store.transaction() as connection:
            service_processes.leave(connection, self._store.schema, self._reported)

    def _report(self, what: ServiceProcess) -> None:
        with self._store.transaction() as connection:
            if not service_processes.note(connection, self._store.schema, what):
                service_processes.enter(connection, self._store.schema, what)
        self._reported = what
