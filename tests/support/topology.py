"""The names of exchanges and queues where no namespace is configured."""

from shared.messages.topology import Topology

TOPOLOGY = Topology()
