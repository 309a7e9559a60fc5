"""Checks the origin of a message: it is merged only into the database and the load that it was made for."""

from sqlalchemy import Connection, select

from shared.messaging.envelope import Origin
from shared.model.errors import ForeignMessage, InstallationChanged, UnknownLoad
from shared.storage.schema.schema import Schema


def require_own_load(connection: Connection, schema: Schema, load_id: int, origin: Origin) -> None:
    """Return if a message's load is one of this database.

    Asked of the database each time: it may have been emptied, replaced or restored since the last message.
    Raises ForeignMessage where the load is another installation's, or another one of the same number;
    UnknownLoad where the database does not have it; InstallationChanged where it has lost its installation.
    """
    loads, installation = schema.loads, schema.installation
    query = select(installation.c.installation_id, loads.c.load_id, loads.c.token).select_from(
        installation.outerjoin(loads, loads.c.load_id == load_id)
    )
    found = connection.execute(query).one_or_none()
    if found is None:
        raise InstallationChanged("the database has no installation any more")
    if origin.installation_id not in ("", found.installation_id):
        raise ForeignMessage(
            f"load {load_id} is one of the installation {origin.installation_id}, this one is {found.installation_id}"
        )
    if found.load_id is None:
        raise UnknownLoad(f"load {load_id} is not in the database")
    if origin.token != (found.token or ""):
        raise ForeignMessage(
            f"load {load_id} has another token than the message ({origin.token or 'none'}), which is of an earlier life"
            " of this installation"
        )
