"""The supervisor of the services: restarts each that is ended, and reports each that ends by itself."""

import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from random import Random

from tests.support.repeating import repeating
from tests.support.services import Pipeline, Service

#: Time between SIGTERM and SIGKILL, as in a container engine.
GRACE_SECONDS = 30.0
_LOOK_SECONDS = 0.1


class Post:
    """A service that must run, and its current process. The lock is held while the process is ended or stopped."""

    def __init__(self, name: str, service: Service) -> None:
        self.name = name
        self.service = service
        self.lock = threading.Lock()


class Crew:
    """All services of a run, and their problems."""

    def __init__(self, pipeline: Pipeline, names: Sequence[str]) -> None:
        self._pipeline = pipeline
        self._starting = threading.Lock()
        self._posts = [Post(name, self._start(name)) for name in names]
        self.problems: list[str] = []
        self.slowest_stop_seconds = 0.0

    def draw(self, random: Random) -> Post:
        """Choose a service at random; watcher, writer and aggregator are equally likely."""
        name = random.choice(sorted({post.name for post in self._posts}))
        return random.choice([post for post in self._posts if post.name == name])

    def kill(self, post: Post) -> None:
        """Kill a service and restart it."""
        with post.lock:
            post.service.kill()
            post.service = self._start(post.name)

    def restart(self, post: Post) -> None:
        """Stop a service, as a rolling restart does, and start it again."""
        with post.lock:
            self._request_stop(post)
            self._wait_for_end(post)
            post.service = self._start(post.name)

    def pause(self, post: Post, seconds: float) -> None:
        """Pause a service for a while."""
        with post.lock:
            post.service.pause()
            time.sleep(seconds)
            post.service.resume()

    def stop_all(self) -> None:
        """Stop all services, and wait for their ends."""
        for post in self._posts:
            self._request_stop(post)
        for post in self._posts:
            self._wait_for_end(post)

    def supervised(self) -> AbstractContextManager[None]:
        """Until the block ends, restart each service that ends by itself, and record that as a problem."""
        return repeating(self._relieve_all, pause_seconds=_LOOK_SECONDS, name="supervisor")

    def _relieve_all(self) -> None:
        for post in self._posts:
            with post.lock:
                self._relieve(post)

    def _relieve(self, post: Post) -> None:
        if post.service.has_ended:
            code = post.service.process.returncode
            self.problems.append(f"a {post.name} ended by itself, with {code}: {post.service.log_file.name}")
            post.service = self._start(post.name)

    def _request_stop(self, post: Post) -> None:
        # Before that, SIGTERM would end the interpreter, not the service.
        post.service.logged("started")
        post.service.signal(signal.SIGTERM)

    def _wait_for_end(self, post: Post) -> None:
        """Wait for the end after a SIGTERM; kill the process if it does not end in time."""
        service, asked_at = post.service, time.monotonic()
        try:
            code = service.process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            service.kill()
            self.problems.append(f"a {post.name} runs {GRACE_SECONDS} s after SIGTERM: {service.log_file.name}")
            return
        self.slowest_stop_seconds = max(self.slowest_stop_seconds, time.monotonic() - asked_at)
        if code != 0:
            self.problems.append(f"a {post.name} ended with {code} after SIGTERM: {service.log_file.name}")

    def _start(self, name: str) -> Service:
        # The pipeline numbers its processes.
        with self._starting:
            return self._pipeline.start_one(name)
