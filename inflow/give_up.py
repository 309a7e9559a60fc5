"""`inflow give-up`: ends a load that can't go on, because its file or its messages are gone for good."""

import argparse

from inflow.installation import open_installation
from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError
from shared.runtime.exit_codes import ExitCode
from shared.storage.ledger import completions, load_states, loads


def give_up(options: argparse.Namespace, environment: Environment) -> int:
    """End an open load as it is; its rows that are in the tables stay there, and the summaries include them."""
    with open_installation(options, environment, read_only=False) as store, store.transaction() as connection:
        load = loads.find(connection, store.schema, [options.load]).get(options.load)
        if load is None:
            raise ConfigurationError(f"there is no load {options.load}; `inflow loads` lists them")
        message = f"given up by an operator after {load.rows_done} of its rows"
        if not load_states.give_up(connection, store.schema, load.load_id, message=message):
            raise ConfigurationError(
                f"load {load.load_id} ({load.file}) is {load.state}; only an open load is given up"
            )
        completions.ask_for_summaries(connection, store.schema)
    print(
        f"load {load.load_id} ({load.file}) is given up;"
        f" {load.inserted + load.updated} rows that it inserted or updated stay in {load.dataset or 'the tables'}"
    )
    return ExitCode.OK
