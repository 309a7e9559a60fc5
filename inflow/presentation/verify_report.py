"""The differences between kept counts and their tables, as text and as JSON."""

from collections.abc import Iterator, Sequence

import orjson

from shared.operations.verify import MAX_DIFFERENCES, Verdict


def as_text(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each count, and one for each difference."""
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
    if found == MAX_DIFFERENCES:
        return f"wrong, the first {found} differences are"
    return f"wrong, {found} {'difference' if found == 1 else 'differences'}" if found else "agrees with its table"


def as_json(verdicts: Sequence[Verdict]) -> str:
    """Say everything, as JSON."""
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
