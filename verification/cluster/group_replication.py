"""A MySQL Group Replication cluster of three members with one primary."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import exc

from tests.support.eventually import eventually
from tests.support.forwarder import Address
from tests.support.servers.mysqld import SERVER_OPTIONS
from verification.chaos.convergence import Installation
from verification.cluster.contents import differences
from verification.cluster.follower import Follower
from verification.cluster.members import DATABASE_PORT, MysqlMember, all_at_once, lay_out

#: Time for detecting a lost member, for an election, and for the transactions that a member has missed.
_REPAIR_SECONDS = 300.0
_GROUP_PORT = 33061
_VIEW = "SELECT MEMBER_HOST, MEMBER_STATE, MEMBER_ROLE FROM performance_schema.replication_group_members"
_OWN_STATE = (
    "SELECT MEMBER_STATE FROM performance_schema.replication_group_members "
    "WHERE MEMBER_ID = @@server_uuid OR MEMBER_ID = ''"
)
#: States that a member leaves only with an operator's help.
_OUT = ("OFFLINE", "ERROR")


class Seen(NamedTuple):
    """A member as seen by another one."""

    address: str
    state: str
    role: str


View = list[Seen]


class GroupReplication:
    """The cluster, and an address that follows its primary."""

    def __init__(self, scripts: Path, closing: ExitStack) -> None:
        network, each = lay_out(scripts / "mysql.sh", closing, port=DATABASE_PORT)
        addresses = [network.member_address(number) for number in range(len(each))]
        seeds = ",".join(f"{address}:{_GROUP_PORT}" for address in addresses)
        group = str(uuid4())
        self.members = [
            MysqlMember(
                number,
                network,
                script,
                [
                    *SERVER_OPTIONS,
                    "--bind-address=*",
                    "--skip-name-resolve",
                    f"--server-id={number + 1}",
                    "--gtid-mode=ON",
                    "--enforce-gtid-consistency=ON",
                    f"--report-host={addresses[number]}",
                    "--plugin-load-add=group_replication.so",
                    f"--loose-group-replication-group-name={group}",
                    f"--loose-group-replication-local-address={addresses[number]}:{_GROUP_PORT}",
                    f"--loose-group-replication-group-seeds={seeds}",
                    f"--loose-group-replication-ip-allowlist={network.member_network}",
                    "--loose-group-replication-start-on-boot=OFF",
                    "--loose-group-replication-recovery-get-public-key=ON",
                ],
            )
            for number, script in enumerate(each)
        ]
        self.follower = Follower(self._choose)
        closing.callback(self.follower.close)

    def start(self) -> None:
        """Start all members, and form the group."""
        all_at_once(lambda member: member.start(), self.members)
        for member in self.members:
            member.execute(
                "RESET BINARY LOGS AND GTIDS",
                "CHANGE REPLICATION SOURCE TO SOURCE_USER = 'root' FOR CHANNEL 'group_replication_recovery'",
            )
        first, *others = self.members
        first.execute(
            "SET GLOBAL group_replication_bootstrap_group = ON",
            "START GROUP_REPLICATION",
            "SET GLOBAL group_replication_bootstrap_group = OFF",
        )
        all_at_once(_join, others)
        self.mend()
        self.follower.open()

    def mend(self) -> None:
        """Repair all damage of a fault; return once all members are in the group again."""
        eventually(self._is_mended, timeout_seconds=_REPAIR_SECONDS, pause_seconds=1.0, message="all members online")

    def problems(self, installation: Installation) -> Iterator[str]:
        """Yield the problems of the members after an installation's round."""
        yield from differences(self.members, installation.database_url.database or "")

    def primary(self) -> MysqlMember:
        """Return the primary, once one is elected."""
        return self.other_primary(None)

    def other_primary(self, than: MysqlMember | None) -> MysqlMember:
        """Wait until another member is the primary, and return it."""

        def elected() -> MysqlMember | None:
            primary = self._primary()
            return primary if primary is not than else None

        member = eventually(elected, timeout_seconds=_REPAIR_SECONDS, message="a primary is elected")
        assert member is not None
        return member

    def secondaries(self) -> list[MysqlMember]:
        """Return the members that are not the primary."""
        primary = self.primary()
        return [member for member in self.members if member is not primary]

    def _choose(self, _current: Address | None) -> Address | None:
        primary = self._primary()
        return primary.address if primary else None

    def _primary(self) -> MysqlMember | None:
        address = agreed_primary(self._views())
        return next((member for member in self.members if member.member_address == address), None)

    def _views(self) -> list[View]:
        """Return the group as seen by each member."""
        return [[Seen(*row) for row in member.ask(_VIEW) or []] for member in self.members]

    def _is_mended(self) -> bool:
        for member in self.members:
            member.heal()
            if (member.ask(_OWN_STATE) or [("",)])[0][0] in _OUT:
                _join(member)
        return all(len(_online(view)) == len(self.members) for view in self._views())


def agreed_primary(views: Sequence[View]) -> str | None:
    """Return the address of the member that most members regard as the primary.

    An isolated primary still regards itself as the primary, and for some seconds the others as online.
    """
    votes = Counter(seen.address for view in views for seen in _online(view) if seen.role == "PRIMARY")
    return next((address for address, count in votes.items() if 2 * count > len(views)), None)


def _online(view: View) -> View:
    return [seen for seen in view if seen.state == "ONLINE"]


def _join(member: MysqlMember) -> None:
    """Make a member leave what is left of its group, and join again."""
    # Another member may be in the middle of a change of primary: the next look tries again.
    with suppress(exc.DBAPIError):
        # An expelled member accepts no clients any more.
        member.execute("SET GLOBAL offline_mode = OFF", "STOP GROUP_REPLICATION", "START GROUP_REPLICATION")
