"""How many bytes go through the broker, as it counts them itself."""

import time
from urllib.parse import quote

from tests.support.eventually import eventually
from tests.support.servers.management import Management

#: Connections report every five seconds, and what the API answers may be five seconds old.
_LATE_SECONDS = 11


class BrokerStatistics(Management):
    """What the management API knows that the tests do not need."""

    def octets(self, vhost: str) -> int:
        """Return what a virtual host's clients have sent and received, each frame whole."""
        counts = self._request("GET", f"/api/vhosts/{quote(vhost, safe='')}")
        return int(counts.get("recv_oct") or 0) + int(counts.get("send_oct") or 0)

    def data_folder(self) -> str:
        """Return where the first node keeps its data; just started, it does not say so at once."""
        return eventually(lambda: str(self._request("GET", "/api/nodes")[0].get("db_dir", "")))


class Traffic:
    """The traffic of one virtual host."""

    def __init__(self, statistics: BrokerStatistics, vhost: str) -> None:
        self._statistics = statistics
        self._vhost = vhost

    def octets(self) -> int:
        """Return the bytes up to now; waits until the broker is sure to know."""
        time.sleep(_LATE_SECONDS)
        return self._statistics.octets(self._vhost)
