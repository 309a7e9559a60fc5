"""A MariaDB Galera cluster of three members; clients use one of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.forwarder import Address
from tests.support.servers.found import Unavailable
from tests.support.servers.mysqld import SERVER_OPTIONS
from tests.support.servers.processes import find_program
from verification.chaos.convergence import Installation
from verification.cluster.contents import differences
from verification.cluster.follower import Follower
from verification.cluster.members import DATABASE_PORT, MariadbMember, lay_out

_PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
#: Programs that a member needs, and their Debian packages.
_PROGRAMS = {"mariadbd": "mariadb-server", "mariadb": "mariadb-client", "rsync": "rsync"}
#: Time for detecting a lost member, and for transferring the data that a member has missed.
_REPAIR_SECONDS = 300.0
_STATUS = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN "
    "('wsrep_ready', 'wsrep_cluster_status', 'wsrep_cluster_size', 'wsrep_local_state_comment')"
)
_BINARY_LOG = ("--log-bin", "--log-slave-updates")
#: Text in the error log of a member that leaves because its rows differ.
_INCONSISTENT = "Inconsistency detected"


class Galera:
    """The cluster, and an address that forwards to one member for as long as that is part of the cluster."""

    def __init__(self, scripts: Path, closing: ExitStack, *, has_binary_log: bool) -> None:
        _check()
        network, each = lay_out(scripts / "mariadb.sh", closing, port=DATABASE_PORT)
        addresses = [network.member_address(number) for number in range(len(each))]
        self.members = [
            MariadbMember(
                number,
                network,
                script,
                [
                    *SERVER_OPTIONS,
                    "--bind-address=0.0.0.0",
                    "--skip-name-resolve",
                    f"--server-id={number + 1}",
                    "--binlog-format=ROW",
                    "--innodb-autoinc-lock-mode=2",
                    "--wsrep-on=ON",
                    f"--wsrep-provider={_PROVIDER}",
                    f"--wsrep-cluster-address=gcomm://{','.join(addresses)}",
                    f"--wsrep-node-address={addresses[number]}",
                    "--wsrep-sst-method=rsync",
                    *(_BINARY_LOG if has_binary_log else ()),
                ],
            )
            for number, script in enumerate(each)
        ]
        self.follower = Follower(self._choose)
        closing.callback(self.follower.close)

    def start(self) -> None:
        """Start all members, and form the cluster."""
        first, *others = self.members
        first.bootstrap()
        # One after the other: each may need all data from a member that is itself not receiving any.
        for member in others:
            member.start()
        self.mend()
        self.follower.open()

    def mend(self) -> None:
        """Repair all damage of a fault; return once all members are in the cluster again."""
        eventually(self._is_mended, timeout_seconds=_REPAIR_SECONDS, pause_seconds=1.0, message="all members synced")

    def problems(self, installation: Installation) -> Iterator[str]:
        """Yield the problems of the members after an installation's round."""
        yield from differences(self.members, installation.database_url.database or "")
        for member in self.members:
            left = member.new_log("error.log").count(_INCONSISTENT)
            if left:
                yield f"member {member.number} had other rows than the others and left, {left} times"

    def writer(self) -> MariadbMember:
        """Return the member that clients use."""
        return next(member for member in self.members if member.address == self.follower.target)

    def other_writer(self, than: MariadbMember) -> MariadbMember:
        """Wait until clients use another member, and return it."""
        eventually(lambda: self.writer() is not than, timeout_seconds=_REPAIR_SECONDS, message="another member is used")
        return self.writer()

    def others(self) -> list[MariadbMember]:
        """Return the members that clients do not use."""
        return [member for member in self.members if member is not self.writer()]

    def _choose(self, current: Address | None) -> Address | None:
        usable = [member.address for member in self.members if _is_usable(member)]
        return current if current in usable else next(iter(usable), None)

    def _is_mended(self) -> bool:
        for member in self.members:
            member.heal()
            if _status(member).get("wsrep_cluster_status") == "Disconnected":
                # It left by itself, and does not rejoin while it runs.
                member.kill()
        size = str(len(self.members))
        return all(_is_usable(member) and _status(member).get("wsrep_cluster_size") == size for member in self.members)


def _check() -> None:
    """Raise Unavailable with the missing packages, if there are any."""
    missing = [package for program, package in _PROGRAMS.items() if find_program(program) is None]
    if not _PROVIDER.exists():
        missing.append("galera-4")
    if missing:
        raise Unavailable(f"Galera needs Debian's packages {', '.join(missing)}, which are not installed")


def _is_usable(member: MariadbMember) -> bool:
    """Whether a member belongs to the majority, and is synchronised or a donor."""
    status = _status(member)
    is_part = (status.get("wsrep_ready"), status.get("wsrep_cluster_status")) == ("ON", "Primary")
    return is_part and status.get("wsrep_local_state_comment") in ("Synced", "Donor/Desynced")


def _status(member: MariadbMember) -> dict[str, str]:
    return dict(tuple(row) for row in member.ask(_STATUS) or [])
