"""Compares the contents of the members of a database cluster."""

from collections.abc import Iterator, Sequence

from tests.support.eventually import StillNot, eventually
from verification.cluster.members import DatabaseMember

#: The other members apply a committed transaction a moment later.
_APPLIED_SECONDS = 60.0

Checksums = list[tuple[str, int]]


def differences(members: Sequence[DatabaseMember], database: str) -> Iterator[str]:
    """Yield the members whose tables differ from the first one's, after replication has had time to catch up."""
    tables = [table for (table,) in members[0].query(f"SHOW TABLES FROM {database}")]
    statement = f"CHECKSUM TABLE {', '.join(f'{database}.{table}' for table in tables)}"

    def are_alike() -> bool:
        first, *others = (_checksums(member, statement) for member in members)
        return all(other == first for other in others)

    try:
        eventually(are_alike, timeout_seconds=_APPLIED_SECONDS, pause_seconds=1.0)
    except StillNot:
        first, *others = (_checksums(member, statement) for member in members)
        for member, checksums in zip(members[1:], others, strict=True):
            differing = [ours[0] for ours, theirs in zip(first, checksums, strict=True) if ours != theirs]
            yield f"members 0 and {member.number} differ in {differing}"


def _checksums(member: DatabaseMember, statement: str) -> Checksums:
    return [tuple(row) for row in member.query(statement)]
