"""The names of exchanges and queues where no namespace is configured."""

from shared.configuration.servers import DEFAULT_NAMESPACE
from shared.messaging.topology import Topology

TOPOLOGY = Topology(DEFAULT_NAMESPACE)
