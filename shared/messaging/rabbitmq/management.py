"""RabbitMQ's management API, which tells what AMQP 0.9.1 does not: the nodes that hold a queue."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote
from urllib.request import HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from shared.configuration.servers import BrokerSettings, ManagementApi
from shared.model.errors import BrokerUnavailable

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The number of nodes that hold a queue, and of those online. Without a majority online it accepts no message."""

    count: int
    online: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """The number of nodes, and the members of each queue by name."""

    node_count: int
    members: Mapping[str, Members]


def look_at_cluster(settings: BrokerSettings) -> Cluster:
    """Ask the first management API that answers; raises BrokerUnavailable with each one's error if none does."""
    failures = []
    for api in settings.management_apis:
        try:
            return _look(api, settings)
        # Anything may answer at that address. Errors of HTTP and of URLs are OSErrors.
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            failures.append(f"{api.url}: {str(error) or type(error).__name__}")
    raise BrokerUnavailable("; ".join(failures) or "RABBITMQ_MANAGEMENT_URL is not set")


def _look(api: ManagementApi, settings: BrokerSettings) -> Cluster:
    # No proxy, as for the broker itself; a private CA of the broker is used here, too.
    https = HTTPSHandler(context=settings.tls.context() if settings.tls.is_on else None)
    opener = build_opener(ProxyHandler({}), https)
    nodes = _get(opener, api, "/api/nodes?columns=name")
    queues = _get(opener, api, f"/api/queues/{quote(settings.virtual_host, safe='')}?columns=name,members,online")
    return Cluster(
        node_count=len(nodes),
        members={
            queue["name"]: Members(count=len(queue["members"]), online=len(queue["online"]))
            for queue in queues
            if "members" in queue
        },
    )


def _get(opener: OpenerDirector, api: ManagementApi, path: str) -> Any:
    login = base64.b64encode(f"{api.user}:{api.password}".encode()).decode()
    request = Request(api.url + path, headers={"Authorization": f"Basic {login}"})  # noqa: S310 - http or https, checked
    with opener.open(request, timeout=_TIMEOUT_SECONDS) as response:
        return json.load(response)
