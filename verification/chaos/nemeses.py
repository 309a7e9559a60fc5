"""The list of all nemeses."""

from verification.chaos.on_broker import ON_BROKER
from verification.chaos.on_disk import ON_DISK
from verification.chaos.on_network import ON_NETWORK
from verification.chaos.on_servers import ON_SERVERS
from verification.chaos.on_services import ON_SERVICES

NEMESES = (*ON_SERVICES, *ON_SERVERS, *ON_NETWORK, *ON_BROKER, *ON_DISK)
