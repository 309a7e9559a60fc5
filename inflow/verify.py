"""`inflow verify`: the kept counts beside what counting the whole tables gives."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from inflow.installation import open_installation
from shared.configuration.environment import Environment
from shared.runtime.exit_codes import ExitCode
from shared.storage.counting.counts import CountDifference, Counts
from shared.storage.kept_counts import KeptCount
from shared.storage.ledger import completions
from shared.storage.store import Store

_MAX_DIFFERENCES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with one kept count, as far as it is listed."""

    count: KeptCount
    is_built: bool
    differences: Sequence[CountDifference]

    @property
    def is_right(self) -> bool:
        """Whether it can be shown."""
        return self.is_built and not self.differences


def verify(options: argparse.Namespace, environment: Environment) -> int:
    """Compare all kept counts with their tables; with --repair, rebuild those that are wrong."""
    with open_installation(options, environment, read_only=not options.repair) as store:
        counts = Counts(store)
        verdicts = judge(counts)
        wrong = [verdict.count for verdict in verdicts if not verdict.is_right]
        print(_as_json(verdicts) if options.json else "\n".join(_as_text(verdicts)))
        if not (wrong and options.repair):
            return ExitCode.ATTENTION if wrong else ExitCode.OK
        _repair(store, counts, wrong)
        return ExitCode.OK if all(verdict.is_right for verdict in judge(counts)) else ExitCode.ATTENTION


def judge(counts: Counts) -> list[Verdict]:
    """Compare each kept count with its table, both as they are at one moment."""
    missing = counts.missing()
    return [
        Verdict(
            count=count,
            is_built=count not in missing,
            differences=counts.differences(count, most=_MAX_DIFFERENCES),
        )
        for count in counts.all
    ]


def _repair(store: Store, counts: Counts, wrong: Sequence[KeptCount]) -> None:
    for count in wrong:
        counts.build(count)
    with store.transaction() as connection:
        completions.ask_for_summaries(connection, store.schema)


def _as_text(verdicts: Sequence[Verdict]) -> Iterator[str]:
    if not verdicts:
        yield "no count is kept: each summary is computed from the whole tables"
    for verdict in verdicts:
        yield f"{verdict.count}: {_in_words(verdict)}"
        for each in verdict.differences:
            values = ", ".join(map(str, each.values))
            yield f"  {values}: the table has {each.in_table}, kept are {each.kept}"


def _in_words(verdict: Verdict) -> str:
    if not verdict.is_built:
        return "not built; the aggregator builds it when it next writes the summaries"
    found = len(verdict.differences)
    if found == _MAX_DIFFERENCES:
        return f"wrong, the first {found} differences are"
    return f"wrong, {found} {'difference' if found == 1 else 'differences'}" if found else "agrees with its table"


def _as_json(verdicts: Sequence[Verdict]) -> str:
    found = [
        {
            "count": verdict.count.name,
            "dataset": verdict.count.dataset,
            "columns": verdict.count.columns,
            "is_built": verdict.is_built,
            "differences": [
                {"values": each.values, "table": each.in_table, "kept": each.kept} for each in verdict.differences
            ],
        }
        for verdict in verdicts
    ]
    return orjson.dumps({"counts": found}, option=orjson.OPT_INDENT_2, default=str).decode()
