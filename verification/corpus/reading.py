"""Reads a file as `inflow read` does, and tells whether the watcher would load it."""

from io import BytesIO

from shared.model.datasets import NOTHING_FIXED, ReadSettings
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.table_rows import rows_of
from verification.corpus.accounts import faults_of
from verification.corpus.cases import Answer, Case, refused


def read(content: bytes, settings: ReadSettings = NOTHING_FIXED, expected: tuple[str, ...] = ()) -> Answer:
    """The result of Inflow's reader for a file."""
    file = BytesIO(content)
    try:
        plan = make_plan(file, settings, expected=expected)
        plan.check()
        table = plan.open(file)
        found = list(rows_of(table))
    except FileRefused as error:
        return refused(error.code)
    return Answer(
        header=table.header,
        rows=[row[1] for row in found if not isinstance(row, UnreadableRow)],
        rejects=frozenset((row.line, row.code) for row in found if isinstance(row, UnreadableRow)),
    )


def faults_in(case: Case) -> list[str]:
    """Return errors of lines that are neither in one row or reject nor reported; empty if the file is refused."""
    file = BytesIO(case.content)
    try:
        plan = make_plan(file, case.settings, expected=case.expected)
        table = plan.open(file)
        found = list(rows_of(table))
    except FileRefused:
        return []
    rejects = sum(isinstance(each, UnreadableRow) for each in found)
    account = LineAccount.of(table, rows=len(found) - rejects, rejects=rejects)
    return faults_of(case.content, plan, found, account)
