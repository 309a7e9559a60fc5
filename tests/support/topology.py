"""The names of exchanges and queues without a configured namespace."""

from shared.configuration.servers import DEFAULT_NAMESPACE
from shared.messaging.topology import Topology

TOPOLOGY = Topology(DEFAULT_NAMESPACE)
