"""The traffic through the broker in bytes, as counted by the broker."""

import time
from urllib.parse import quote

from tests.support.eventually import eventually
from tests.support.servers.management import Management

#: Connections report every five seconds, and the API's answers may be five seconds old.
_LATE_SECONDS = 11


class BrokerStatistics(Management):
    """Additional calls of the management API."""

    def octets(self, vhost: str) -> int:
        """Return the bytes that a virtual host's clients have sent and received, including all frames."""
        counts = self._request("GET", f"/api/vhosts/{quote(vhost, safe='')}")
        return int(counts.get("recv_oct") or 0) + int(counts.get("send_oct") or 0)

    def data_folder(self) -> str:
        """Return the data folder of the first node, which a node reports only some time after its start."""
        return eventually(lambda: str(self._request("GET", "/api/nodes")[0].get("db_dir", "")))


class Traffic:
    """The traffic of one virtual host."""

    def __init__(self, statistics: BrokerStatistics, vhost: str) -> None:
        self._statistics = statistics
        self._vhost = vhost

    def octets(self) -> int:
        """Return the bytes up to now, after waiting until the broker must have counted them."""
        time.sleep(_LATE_SECONDS)
        return self._statistics.octets(self._vhost)
