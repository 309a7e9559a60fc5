"""One of many installations on one broker and one database server, with its own namespace, database and data folder."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from pika.exceptions import AMQPError
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from tests.support.eventually import eventually
from tests.support.services import Pipeline, Service, summary_of
from verification.crash import events

_PEOPLE_OF_A_FILE = 120
#: Enough rows for some to stay in the queue for a while.
_PEOPLE_OF_A_LARGE_FILE = 4000
_HEADER = "given_name,family_name,date_of_birth,place_of_birth\n"


@dataclass(slots=True)
class Neighbour:
    """An installation, and the files dropped since its database was last emptied. Its rows contain its name."""

    name: str
    pipeline: Pipeline
    database_url: URL
    random: Random
    process: Service | None = None
    files: int = 0
    #: Given names that must be in the table, and those that may be.
    expected: set[str] = field(default_factory=set)
    possible: set[str] = field(default_factory=set)
    ended: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, name: str, folder: Path, *, broker_url: str, server_url: URL, random: Random) -> "Neighbour":
        """Create an installation, without starting it."""
        url = server_url.set(database=f"inflow_{name}")
        settings = {"INFLOW_NAMESPACE": name, "INFLOW_CHUNK_ROWS": "20", "INFLOW_REPUBLISH_SECONDS": "3"}
        root = folder / name
        root.mkdir()
        pipeline = Pipeline(
            root, broker_url=broker_url, database_url=url.render_as_string(hide_password=False), settings=settings
        )
        neighbour = cls(name=name, pipeline=pipeline, database_url=url, random=random)
        neighbour.make_database()
        return neighbour

    def start(self) -> None:
        """Start all its services, in one process."""
        self.process = self.pipeline.start_command("run")

    def stop(self, *, kill: bool) -> None:
        """End its process; report it if it had ended by itself."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.has_ended:
            self.ended.append(f"{self.name} ended by itself with {process.process.returncode}: {process.log_file.name}")
        elif kill:
            process.kill()
        elif (code := process.stop()) != 0:
            self.ended.append(f"{self.name} ended with {code} after SIGTERM: {process.log_file.name}")

    def drop_files(self, people: int = _PEOPLE_OF_A_FILE) -> None:
        """Drop a file of people that no other installation has, and their birthplace."""
        self.files += 1
        names = [f"{self.name} {self.files} {number}" for number in range(people)]
        rows = "".join(f"{name},{self.name},1900-01-01,Weir\n" for name in names)
        self.pipeline.drop(f"people{self.files}.csv", _HEADER + rows)
        self.pipeline.drop("places.csv", f"city,county,country\nWeir,,{self.name}\n")
        self.expected.update(names)
        self.possible.update(names)

    def make_database(self) -> None:
        """Create its database, and drop an existing one."""
        self._administrate(f"DROP DATABASE IF EXISTS inflow_{self.name}", f"CREATE DATABASE inflow_{self.name}")

    def lose_database(self) -> None:
        """Empty the database while the services run, as removing a volume does. Earlier drops may be lost."""
        self.make_database()
        self.expected.clear()
        self.drop_files()

    def lose_all_but_queues(self) -> None:
        """Start over with an empty database and folder, while the queues still have messages of a load."""
        self.drop_files(_PEOPLE_OF_A_LARGE_FILE)
        eventually(self._has_messages, message=f"a load of {self.name} is on its way")
        self.stop(kill=True)
        shutil.rmtree(self.pipeline.data, ignore_errors=True)
        self.possible.clear()
        self.lose_database()
        self.start()

    def left(self) -> list[str]:
        """Return what is left to do; if it can't be found out, that counts as something left."""
        try:
            return [*self._files_left(), *self._rows_left(), *self._messages_left()]
        except (AMQPError, SQLAlchemyError, OSError) as error:
            return [f"{self.name}: {error}"]

    def problems(self) -> list[str]:
        """Return permanent problems: foreign rows, dead letters, a process that ended."""
        found = list(self.ended)
        if self.process is not None and self.process.has_ended:
            found.append(f"{self.name} ended by itself with {self.process.process.returncode}")
        foreign = self._rows() - self.possible
        if foreign:
            found.append(f"{self.name} has {len(foreign)} rows that are not its own, such as {min(foreign)!r}")
        try:
            dead = events.dead_letters(self.pipeline.settings["RABBITMQ_URL"], namespace=self.name)
        except AMQPError as error:
            return [*found, f"{self.name} has no dead-letter queues: {error}"]
        return [*found, *(f"{self.name} has a dead letter: {reason}" for reason in dead)]

    def _files_left(self) -> list[str]:
        places = (self.pipeline.data / "inbox", self.pipeline.data / "processing")
        files = (path for place in places if place.exists() for path in place.rglob("*") if path.is_file())
        return [f"{self.name}: {path.parent.name}/{path.name}" for path in files]

    def _rows_left(self) -> list[str]:
        rows = self._rows()
        missing = self.expected - rows
        left = [f"{self.name}: {len(missing)} rows are missing, such as {min(missing)!r}"] if missing else []
        undone = "SELECT load_id, file, state, reason FROM inflow_loads WHERE state NOT IN ('archived', 'refused')"
        left += [f"{self.name}: load {tuple(load)}" for load in self.pipeline.query(undone)]
        wanted = summary_of({self.name: len(rows)} if rows else {})
        if not self.pipeline.summary.exists() or self.pipeline.summary.read_bytes() != wanted:
            left.append(f"{self.name}: the summary is not {wanted.decode()}")
        return left

    def _rows(self) -> set[str]:
        return {name for (name,) in self.pipeline.query("SELECT given_name FROM people")}

    def _has_messages(self) -> bool:
        """Whether the writer's queue has messages; False if the virtual host or the queue does not exist."""
        try:
            return any("writer" in each for each in self._messages_left())
        except (AMQPError, OSError):
            return False

    def _messages_left(self) -> list[str]:
        depths = events.depths(self.pipeline.settings["RABBITMQ_URL"], namespace=self.name)
        waiting = {queue: depth for queue, depth in depths.items() if depth and not queue.endswith(".dlq")}
        return [f"{self.name}: {waiting}"] if waiting else []

    def _administrate(self, *statements: str) -> None:
        engine = create_engine(self.database_url.set(database=""), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
