"""The state of an installation, as text and as JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from inflow.presentation import load_report, queue_report, service_report
from inflow.presentation.text_table import age
from shared.operations.loads import LoadReport
from shared.operations.status import Queues, Status
from shared.operations.unresolved_references import Waiting
from shared.storage.ledger.loads import Load
from shared.storage.ledger.waiting_files import WaitingFile


def as_json(status: Status, files: Sequence[WaitingFile], loads: Sequence[LoadReport], queues: Queues = None) -> str:
    """Write everything, with all files that wait and all loads."""
    total = sum(status.waiting.values(), Waiting())
    return load_report.json_text(
        {
            "services": service_report.as_list(status.services, status.taken_at),
            "held": dict(status.held),
            "inbox": [
                {
                    "file": file.file,
                    "state": file.state,
                    "reason": file.reason,
                    "message": file.message,
                    "since": file.since,
                }
                for file in files
            ],
            "loads": [load_report.as_mapping(report) for report in loads],
            "waiting_rows": total.rows,
            "broker": queue_report.as_mapping(queues),
        }
    )


def as_text(status: Status, queues: Queues = None) -> str:
    """Write the services, what waits, the open and the last loads, the references that wait, and the queues."""
    lines = list(service_report.as_text(status.services, status.taken_at))
    lines += [f"dataset {name} is held: {why}" for name, why in status.held.items()]
    lines += _inbox(status)
    lines += _loads(status)
    lines += [
        f"load {load_id}: {waiting.rows} references wait for {waiting.members} rows that no file has stated yet"
        for load_id, waiting in sorted(status.waiting.items())
    ]
    lines += queue_report.as_text(queues)
    return "\n".join(lines)


def _inbox(status: Status) -> Iterator[str]:
    yield f"inbox: {status.file_count} waiting"
    yield from (f"  {_waiting_file(file, status.taken_at)}" for file in status.files)
    if status.file_count > len(status.files):
        yield f"  … and {status.file_count - len(status.files)} more"


def _loads(status: Status) -> Iterator[str]:
    shown = [report.load for report in status.loads]
    yield f"loads: {status.load_count}{', these are open or recent' if len(shown) < status.load_count else ''}"
    yield from (f"  {line}" for line in load_report.load_table(status.loads, status.taken_at))
    yield from (f"  load {load.load_id}: {load.message}" for load in shown if load.message)
    yield from (f"  load {load.load_id}: {named}" for load in shown if (named := _named_lines(load)))


def _waiting_file(file: WaitingFile, now: datetime) -> str:
    waited = "" if file.since is None else f" for {age(file.since, now)}"
    return f"{file.file}: {file.state}{waited} ({file.reason}): {file.message}"


def _named_lines(load: Load) -> str:
    """The lines that are neither rows nor a plain header nor blank."""
    if load.lines is None or load.lines["named"].keys() <= {"header", "blank"}:
        return ""
    named = load.lines["named"]
    return f"of {load.lines['lines']} lines, {', '.join(f'{count} {reason}' for reason, count in named.items())}"
