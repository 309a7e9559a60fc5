"""The round of a seed: the variant of a cluster, the fault, and when it strikes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

from verification.cluster.fault import Fault
from verification.cluster.kinds import Kind, Variant

#: The fault strikes when this part of the rows is applied, so that most are on their way.
_STRUCK_FROM, _STRUCK_TO = 0.02, 0.3
_WRITERS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round."""

    seed: int
    kind: Kind
    variant: Variant
    fault: Fault[Any]
    rows: int
    struck_after_rows: int
    services: Sequence[str]


def choices_of(kind: Kind, only: Sequence[str] = ()) -> list[tuple[Variant, Fault[Any]]]:
    """Return each variant of a kind with each fault, or with those named."""
    return list(product(kind.variants, [fault for fault in kind.faults if not only or fault.name in only]))


def draw_plan(kind: Kind, seed: int, rows: int, *, only: Sequence[str] = ()) -> Plan:
    """Draw a round. Of as many seeds in a row as there are variants and faults, each has one.

    only: names of faults to draw from; without any, all of the kind.
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
