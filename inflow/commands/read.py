"""`inflow read`: parses a file of any format and prints clean CSV."""

import argparse
import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from inflow.outputs import output_file
from inflow.presentation.line_report import as_lines
from inflow.read_options import add_read_options, open_given, settings_of
from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.sources import RecordSource
from shared.reading.table_rows import rows_of
from shared.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    import _csv

_REJECT_COLUMNS = ("file", "line", "code", "message", "raw")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_read_options(parser)
    parser.add_argument("--rejects", type=Path, metavar="FILE", help="write the rejected rows and their reasons there")


def run(options: argparse.Namespace, _: Environment) -> int:
    """Write the rows to standard output, and those that are rejected to a file. FileRefused where none can be read."""
    path: Path = options.file
    if options.rejects is not None and options.rejects.exists() and path.exists() and options.rejects.samefile(path):
        raise ConfigurationError(f"--rejects: {options.rejects} is the file to read; name another one")
    with open_given(path) as file, ExitStack() as stack:
        if not file.read(1):
            print(f"{path}: the file is empty", file=sys.stderr)
            return ExitCode.OK
        plan = make_plan(file, settings_of(options))
        print(f"{path}: {plan}; confidence {plan.confidence:.0%}", file=sys.stderr)
        if (refusal := plan.refusal) is not None:
            print(f"{path}: a load would refuse it: {refusal}", file=sys.stderr)
        rejects = _rejects_writer(stack, options.rejects)
        account = _write(plan.open(file), path, rejects)
    total, *named = as_lines(account)
    print(f"{path}: lines: {total}", *(f"  {line}" for line in named), sep="\n", file=sys.stderr)
    return ExitCode.ATTENTION if plan.truncation else ExitCode.OK


def _write(table: RecordSource, path: Path, rejects: "_csv.Writer | None") -> LineAccount:
    """Write rows and rejects; say what became of each line."""
    rows, rejected = 0, 0
    with _standard_output() as text:
        writer = csv.writer(text)
        writer.writerow(table.header)
        for row in rows_of(table):
            if not isinstance(row, UnreadableRow):
                rows += 1
                writer.writerow(row[1])
                continue
            rejected += 1
            if rejects is not None:
                rejects.writerow([str(path), row.line, row.code, row.message, row.raw])
    return LineAccount.of(table, rows=rows, rejects=rejected)


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    """UTF-8 with the writer's own line ends, whatever the terminal's settings are."""
    text = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach().flush()


def _rejects_writer(stack: ExitStack, path: Path | None) -> "_csv.Writer | None":
    if path is None:
        return None
    text = TextIOWrapper(stack.enter_context(output_file(path)), encoding="utf-8", newline="")
    stack.callback(text.detach)
    writer = csv.writer(text)
    writer.writerow(_REJECT_COLUMNS)
    return writer
