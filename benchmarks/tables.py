"""The report: the measurements as text tables. Pure."""

from collections.abc import Iterator, Sequence

from benchmarks.names import AGAIN, FIRST, INFLOW, LATENCY, SMALL
from benchmarks.results import Measurement, Results
from benchmarks.targets import Target, after_completion, ratio, targets

_UNKNOWN = "-"
_WITH_RIVALS = (FIRST, AGAIN, SMALL)
_STEPS = ("claimed", "published", "completed")


def report(results: Results, *, rows: int) -> str:
    """Write all tables that have rows."""
    sections = (
        ("Loads: from the drop to the summary; rivals: from the first row read to the last commit", _loads(results)),
        ("Against each rival, in rows/s", _ratios(results)),
        ("Latency of 100 rows in an idle system, in ms; steps are counted from the drop", _latency(results)),
        ("Processes: median processor time, highest peak of memory", _processes(results)),
        ("Where the time goes: each step by itself, in one process", _steps(results)),
        ("Targets", _targets(targets(results, rows=rows))),
        ("What was measured", _notes(results)),
        ("Warnings", [["what makes these figures less reliable"], *([warning] for warning in results.warnings)]),
        ("Not run", [["case", "subject", "reason"], *([n.case, n.subject, n.reason] for n in results.not_run)]),
    )
    return "\n\n".join(f"== {title}\n{align(lines)}" for title, lines in sections if len(lines) > 1)


def align(lines: Sequence[Sequence[str]]) -> str:
    """Align cells in columns: figures to the right, everything else to the left. The first line is the header."""
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    right = [all(_is_figure(cell) for cell in column[1:]) for column in columns]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_figure(cell: str) -> bool:
    """Whether a cell is a number, with an optional sign before it or unit after it."""
    return cell == _UNKNOWN or (len(cell.split()) <= 2 and any(map(str.isdigit, cell)))


def _loads(results: Results) -> list[list[str]]:
    header = ["case", "subject", "rows", "runs", "median s", "lowest–highest s", "rows/s", "rows/CPU s", "broker MiB"]
    return [[*header, "retries/1,000 chunks"], *(_load(each) for each in results.measurements if each.case != LATENCY)]


def _load(each: Measurement) -> list[str]:
    seconds = each.seconds
    bound = "<" if each.limit_seconds else ""
    sent = [sample.broker_bytes for sample in each.samples if sample.broker_bytes]
    return [
        each.case,
        each.subject,
        f"{each.rows:,}",
        str(len(each.samples)),
        f"{'>' if each.limit_seconds else ''}{seconds.middle:.2f}",
        f"{seconds.lowest:.2f}–{seconds.highest:.2f}",
        f"{bound}{each.rows_per_second:,.0f}",
        _figure(each.rows_per_cpu_second, ",.0f"),
        _figure(max(sent, default=0) / 2**20 or None, ",.1f"),
        _figure(each.retries_per_thousand_chunks, ".2f"),
    ]


def _ratios(results: Results) -> list[list[str]]:
    rivals = [each for each in results.measurements if each.case in _WITH_RIVALS and each.subject != INFLOW]
    return [["case", "rival", "its rows", "Inflow is"], *(_ratio(results.find(r.case, INFLOW), r) for r in rivals)]


def _ratio(ours: Measurement | None, rival: Measurement) -> list[str]:
    times = f"{'> ' if rival.limit_seconds else ''}{ratio(ours, rival):.2f}×" if ours else _UNKNOWN
    return [rival.case, rival.subject, f"{rival.rows:,}", times]


def _latency(results: Results) -> list[list[str]]:
    header = ["subject", "files", "median", "quartiles", "lowest–highest", *_STEPS, "completed to summary"]
    return [header, *(_idle(each) for each in results.measurements if each.case == LATENCY)]


def _idle(each: Measurement) -> list[str]:
    seconds = each.seconds
    return [
        each.subject,
        str(len(each.samples)),
        _milliseconds(seconds.middle),
        f"{_milliseconds(seconds.lower_quartile)}–{_milliseconds(seconds.upper_quartile)}",
        f"{_milliseconds(seconds.lowest)}–{_milliseconds(seconds.highest)}",
        *(_milliseconds(each.moment(step)) for step in _STEPS),
        _milliseconds(after_completion(each)),
    ]


def _processes(results: Results) -> list[list[str]]:
    lines = [
        [each.case, each.subject, usage.process, f"{usage.cpu_seconds:.2f}", _figure(usage.peak_mib, ".0f")]
        for each in results.measurements
        for usage in each.usages()
    ]
    return [["case", "subject", "process", "CPU s", "peak MiB"], *lines]


def _steps(results: Results) -> list[list[str]]:
    whole = sum(step.seconds for step in results.steps if not step.is_part)
    lines = [
        [
            f"{'  ' * step.is_part}{step.name}",
            f"{step.seconds:.2f}",
            f"{step.cpu_seconds:.2f}",
            f"{step.microseconds_per_row:.2f}",
            f"{100 * step.seconds / whole:.0f} %",
        ]
        for step in results.steps
    ]
    return [["step", "seconds", "CPU s", "µs/row", "share"], *lines]


def _targets(reached: Sequence[Target]) -> list[list[str]]:
    return [["figure", "value", "wanted", ""], *([each.what, *_judged(each)] for each in reached)]


def _judged(target: Target) -> Iterator[str]:
    unit = f" {target.unit}" if target.unit not in ("", "×") else target.unit
    yield f"{'> ' if target.is_lower_bound else ''}{target.value:,.2f}{unit}"
    yield f"{'≥' if target.at_least else '≤'} {target.wanted:g}{unit}"
    yield "reached" if target.is_met else "NOT reached"


def _notes(results: Results) -> list[list[str]]:
    noted = {each.subject: each.note for each in results.measurements if each.note}
    return [["subject", "what it writes"], *([subject, note] for subject, note in noted.items())]


def _figure(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None else format(value, form)


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.0f}"
