"""The JSON document: all measurements, each run with all its figures."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from benchmarks.results import Measurement, Results
from benchmarks.targets import targets


def document(results: Results, *, rows: int, arguments: Sequence[str], circumstances: Mapping[str, object]) -> bytes:
    """Write all results, with the command and the conditions of the measurement."""
    content = {
        "command": shlex.join(["python", "-m", "benchmarks", *arguments]),
        **circumstances,
        "warnings": results.warnings,
        "measurements": list(map(_measurement, results.measurements)),
        "steps": results.steps,
        "targets": [{**dataclasses.asdict(each), "is_met": each.is_met} for each in targets(results, rows=rows)],
        "not_run": results.not_run,
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def _measurement(each: Measurement) -> dict[str, Any]:
    return {
        **dataclasses.asdict(each),
        "seconds": each.seconds,
        "rows_per_second": each.rows_per_second,
        "rows_per_cpu_second": each.rows_per_cpu_second,
        "retries_per_thousand_chunks": each.retries_per_thousand_chunks,
        "usages": each.usages(),
    }
