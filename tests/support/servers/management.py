"""The few calls of RabbitMQ's management API that the tests need."""

import base64
import json
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from tests.support.eventually import eventually
from tests.support.servers.found import BrokerServer

#: A broker that creates and deletes virtual hosts for several processes at once may answer slowly.
TIMEOUT_SECONDS = 120


class Management:
    """Creates, lists and deletes objects on one RabbitMQ server."""

    def __init__(self, server: BrokerServer) -> None:
        self._server = server
        # The servers are on this machine or near it, and must not be reached through a proxy.
        self._opener = build_opener(ProxyHandler({}))

    def version(self) -> str:
        """Return the server's version; raises OSError while it does not answer."""
        return str(self._request("GET", "/api/overview")["rabbitmq_version"])

    def make_vhost(self, vhost: str) -> None:
        """Create a virtual host in which the server's user has all permissions."""
        eventually(lambda: self._asked_for_vhost(vhost), message="the virtual host is made")
        user = quote(self._server.user, safe="")
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._request("PUT", f"/api/permissions/{quote(vhost, safe='')}/{user}", everything)

    def _asked_for_vhost(self, vhost: str) -> bool:
        """Request a virtual host; False if a cluster fails because a node has just come back."""
        try:
            self._request("PUT", f"/api/vhosts/{quote(vhost, safe='')}", {})
        except HTTPError as error:
            if error.code != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return False
        return True

    def make_user(self, user: str, password: str, vhost: str, *, configure: str, write: str, read: str) -> None:
        """Create a user with the permissions of the patterns in one virtual host, and none elsewhere."""
        name = quote(user, safe="")
        self._request("PUT", f"/api/users/{name}", {"password": password, "tags": ""})
        permissions = {"configure": configure, "write": write, "read": read}
        self._request("PUT", f"/api/permissions/{quote(vhost, safe='')}/{name}", permissions)

    def delete_user(self, user: str) -> None:
        """Delete a user."""
        self._request("DELETE", f"/api/users/{quote(user, safe='')}")

    def delete_vhost(self, vhost: str) -> None:
        """Delete a virtual host with its content; the server closes the connections to it."""
        self._request("DELETE", f"/api/vhosts/{quote(vhost, safe='')}")

    def vhosts(self) -> list[str]:
        """Return the names of all virtual hosts."""
        return [vhost["name"] for vhost in self._request("GET", "/api/vhosts?columns=name")]

    def queue_names(self, vhost: str) -> list[str]:
        """Return the names of a virtual host's queues."""
        queues = self._request("GET", f"/api/queues/{quote(vhost, safe='')}?columns=name")
        return [queue["name"] for queue in queues]

    def _request(self, method: str, path: str, body: object = None) -> Any:
        credentials = f"{self._server.user}:{self._server.password}".encode()
        request = Request(
            self._server.management_url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
                "Content-Type": "application/json",
            },
            method=method,
        )
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            answer = response.read()
        return json.loads(answer) if answer else None
