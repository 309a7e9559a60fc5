"""The mutants: each breaks one promise of the product, as a mistake in its code would."""

from verification.mutants.mutant import Attempt, Edit, Mutant

_CONSUMER = "shared/messaging/rabbitmq/consumer.py"
_SIMULATION = Attempt("simulation", "--seeds 1000 --until-wrong")

MUTANTS = (
    Mutant(
        name="ack before commit",
        edits=(
            Edit(
                _CONSUMER,
                "    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:\n",
                "    def _on_message(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:\n"
                "        self._channel.basic_ack(method.delivery_tag)\n",
            ),
            Edit(_CONSUMER, "        self._channel.basic_ack(delivery_tag)\n", ""),
        ),
        attempts=(Attempt("crash", "--only commit --passages middle --variants once --fail-fast"),),
    ),
    Mutant(
        name="no ledger",
        edits=(Edit("services/writer/load_progress.py", "    table = schema.chunks\n", "    return True\n"),),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="deltas after the chunk's transaction",
        edits=(
            Edit(
                "services/writer/handlers.py",
                "            load_progress.record_deltas(connection, schema, chunk, plan)\n",
                "",
            ),
            Edit(
                "services/writer/handlers.py",
                '        _log.debug("a chunk is merged"',
                "        with self._store.transaction() as connection:\n"
                "            load_progress.record_deltas(connection, schema, chunk, plan)\n"
                '        _log.debug("a chunk is merged"',
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="no publisher confirms",
        edits=(Edit("shared/messaging/rabbitmq/connection.py", "    channel.confirm_delivery()\n", ""),),
        attempts=(Attempt("chaos", "--seeds 6 --nemesis broker-killed"),),
    ),
    Mutant(
        name="not mandatory",
        edits=(Edit("shared/messaging/rabbitmq/publisher.py", "mandatory=True", "mandatory=False"),),
        attempts=(Attempt("chaos", "--seeds 2 --nemesis queue-unbound"),),
    ),
    Mutant(
        name="keys not sorted",
        edits=(
            Edit("services/writer/outcomes.py", "for identity in sorted(last)", "for identity in last"),
            Edit("services/writer/references.py", "orjson.dumps(sorted(keys))", "orjson.dumps(list(keys))"),
        ),
        attempts=(Attempt("contention", ""),),
    ),
    Mutant(
        name="no roll-back after 1205",
        edits=(
            Edit(
                "shared/storage/database/database.py",
                "            with connection, connection.begin():\n                yield connection\n",
                "            with connection:\n"
                "                try:\n                    yield connection\n"
                "                finally:\n                    connection.commit()\n",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="an unknown error of the database is final",
        edits=(
            Edit(
                "shared/storage/database/classification.py",
                "    Meaning.UNKNOWN: UnknownDatabaseError,\n",
                "    Meaning.UNKNOWN: DatabaseRefused,\n",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="output written in place",
        edits=(Edit("shared/runtime/files.py", "= new_temporary(path.parent)", '= path.open("wb"), path'),),
        attempts=(_SIMULATION, Attempt("chaos", "--seeds 1 --nemesis disk-full")),
    ),
    Mutant(
        name="no rescan, only events",
        edits=(
            Edit(
                "services/watcher/claiming/discovery.py",
                "(entry.path in declared or now - sightings[entry.path].since >= settle_seconds)",
                "entry.path in declared",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="order by settling",
        edits=(
            Edit(
                "services/watcher/claiming/intake.py",
                "(older := self._order.awaited(entry, dataset)) is not None",
                "(older := None) is not None",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="keys that ignore accents and case",
        edits=(
            Edit("shared/storage/database/dialects/mysql.py", '"utf8mb4_0900_bin"', '"utf8mb4_0900_ai_ci"'),
            Edit("shared/storage/database/dialects/mariadb.py", '"utf8mb4_nopad_bin"', '"utf8mb4_general_ci"'),
        ),
        attempts=(Attempt("crash", "--only claim --passages first --variants once --fail-fast"),),
    ),
    Mutant(
        name="archived before complete",
        edits=(
            Edit(
                "services/watcher/watcher.py",
                '        states = ("complete", "archived", "refused")\n',
                '        states = ("published", "complete", "archived", "refused")\n',
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="completion by count, then decide",
        edits=(
            Edit(
                "services/writer/handlers.py",
                "            plan, refused = merge(connection, merger, chunk, typed.rows)\n",
                "            is_last = connection.exec_driver_sql(\n"
                '                f"SELECT rows_done + {chunk.row_count} = row_count FROM inflow_loads "\n'
                '                f"WHERE load_id = {chunk.load_id}"\n'
                "            ).scalar()\n"
                "            plan, refused = merge(connection, merger, chunk, typed.rows)\n",
            ),
            Edit(
                "services/writer/handlers.py",
                "            completed = load_progress.complete_if_balanced(connection, schema, chunk.load_id, ",
                "            completed = bool(is_last) and load_progress.complete_if_balanced(\n"
                "                connection, schema, chunk.load_id, ",
            ),
        ),
        attempts=(Attempt("crash", "--only ledger --variants two-writers --fail-fast"), Attempt("chaos", "--seeds 2")),
    ),
    Mutant(
        name="a repeat in a later chunk is only superseded",
        edits=(Edit("services/writer/outcomes.py", "        _count_again(plan, stored)\n", ""),),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="order guard removed",
        edits=(
            Edit(
                "services/writer/outcomes.py",
                "    if stored.asserted_load >= load_id:\n        plan.superseded += 1\n    elif",
                "    if",
            ),
            Edit(
                "services/writer/outcomes.py",
                "    if (stored.asserted_load, stored.asserted_line) < (load_id, row[0]):\n",
                "    if True:\n",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="the installation of a message is not compared",
        edits=(
            Edit(
                "services/writer/origins.py",
                '    if origin.installation_id not in ("", found.installation_id):\n',
                "    if not found.installation_id:\n",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="the token of a message is not compared",
        edits=(
            Edit(
                "services/writer/origins.py",
                '    if origin.token != (found.token or ""):\n',
                "    if not found.load_id:\n",
            ),
        ),
        attempts=(_SIMULATION,),
    ),
    Mutant(
        name="the namespace is ignored",
        edits=(
            Edit(
                "shared/messaging/topology.py",
                'return f"{self.namespace}.{queue.role}"\n',
                'return f"inflow.{queue.role}"\n',
            ),
        ),
        attempts=(Attempt("installations", "--installations 2 --rounds 1"),),
    ),
)
