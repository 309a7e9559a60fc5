"""The plan of a seed's round: the variant of a cluster, the fault, and its time. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from verification.cluster.fault import Fault
from verification.cluster.kinds import Kind, Variant

#: The fault starts when this share of the rows is applied, so that most are in flight.
_STRUCK_FROM, _STRUCK_TO = 0.02, 0.3
_WRITERS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one round."""

    seed: int
    kind: Kind
    variant: Variant
    fault: Fault[Any]
    rows: int
    struck_after_rows: int
    services: Sequence[str]


def choices_of(kind: Kind, only: Sequence[str] = ()) -> list[tuple[Variant, Fault[Any]]]:
    """Return each variant of a kind with each fault, or with the named ones."""
    return list(product(kind.variants, [fault for fault in kind.faults if not only or fault.name in only]))


def draw_plan(kind: Kind, seed: int, rows: int, *, only: Sequence[str] = ()) -> Plan:
    """Generate a round. Any series of as many seeds as there are pairs of variant and fault covers all of them.

    only: names of faults to choose from; if empty, all faults of the kind.
    """
    random = Random(f"{kind.name} {seed}")
    choices = choices_of(kind, only)
    variant, fault = choices[seed % len(choices)]
    return Plan(
        seed=seed,
        kind=kind,
        variant=variant,
        fault=fault,
        rows=rows,
        struck_after_rows=round(rows * random.uniform(_STRUCK_FROM, _STRUCK_TO)),
        services=("watcher", *["writer"] * random.choice(_WRITERS), "aggregator"),
    )
