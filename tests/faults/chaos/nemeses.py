"""All nemeses."""

from tests.faults.chaos.on_broker import ON_BROKER
from tests.faults.chaos.on_disk import ON_DISK
from tests.faults.chaos.on_network import ON_NETWORK
from tests.faults.chaos.on_servers import ON_SERVERS
from tests.faults.chaos.on_services import ON_SERVICES

NEMESES = (*ON_SERVICES, *ON_SERVERS, *ON_NETWORK, *ON_BROKER, *ON_DISK)
