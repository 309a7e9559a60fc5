"""A proposed dataset as a section of inflow.toml, with what its author should know as comments."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from shared.model.datasets import Column, Dataset
from shared.profiling.printable import visible
from shared.profiling.profile import Profile
from shared.profiling.proposal import Proposal
from shared.profiling.wording import count, key_text, reference_text

_WIDTH = 118


def as_toml(proposal: Proposal) -> str:
    """Write the section; to be appended to the inflow.toml that it was proposed for."""
    dataset, profile = proposal.dataset, proposal.profile
    lines = [*_comment(_origin(profile))]
    if proposal.belongs_to:
        lines += _comment(
            f"{visible(profile.file)} is a file of {' and '.join(proposal.belongs_to)} already, and a file of several"
            " datasets is refused: use that dataset, or make the patterns of both differ."
        )
    if not dataset.columns:
        lines += _comment("No column can be one of a dataset, so there is none to propose:")
        return "\n".join([*lines, *_left_out(proposal), ""])
    lines += [f"[datasets.{dataset.name}]", f"files = {_texts(dataset.files)}", *_read(dataset), *_key(proposal)]
    lines += ["", f"[datasets.{dataset.name}.columns]", *_columns(proposal), *_left_out(proposal)]
    if dataset.references:
        lines += ["", f"[datasets.{dataset.name}.references]", *_references(dataset)]
    lines += [line for found in proposal.perhaps for line in _comment(f"A reference? {reference_text(found)}")]
    return "\n".join([*lines, ""])


def _origin(profile: Profile) -> str:
    rejected = f"; {count(profile.rejected, 'rejected row')} left out" if profile.rejected else ""
    return f"Proposed from {count(profile.rows, 'row')} of {visible(profile.file)}{rejected}. Read it, then try it."


def _read(dataset: Dataset) -> Iterator[str]:
    """Yield the settings that options fixed, to fix them for future files."""
    fixed = {name: value for name, value in asdict(dataset.read).items() if value is not None}
    if fixed:
        settings = (f"{name} = {_text(value) if isinstance(value, str) else value}" for name, value in fixed.items())
        yield f"read = {{ {', '.join(settings)} }}"


def _key(proposal: Proposal) -> Iterator[str]:
    dataset, rows = proposal.dataset, count(proposal.profile.rows, "row")
    if not dataset.key:
        yield from _comment("NO KEY: every column is empty in some row. Name columns here that identify a row:")
        yield '# key = ["…"]'
        return
    if proposal.is_key_found:
        labels = {dataset.column(name).expected_label for name in dataset.key}
        others = [key_text(key) for key in proposal.profile.keys.found if set(key) != labels]
        also = f" So is: {'; '.join(others)}." if others else ""
        yield from _comment(f"In {rows} never empty, and never the same twice.{also}")
    else:
        keys = "; ".join(map(key_text, proposal.profile.keys.found))
        yield from _comment(f"What tells rows apart can't be the key here: {keys}." if keys else "")
        yield from _comment(
            f"NO KEY WAS FOUND that tells the {rows} apart. Of rows that agree in these columns the last one would win:"
            " choose what identifies a row, and take the # away."
        )
    yield f"{'' if proposal.is_key_found else '# '}key = {_texts(dataset.key)}"


def _columns(proposal: Proposal) -> Iterator[str]:
    dataset = proposal.dataset
    findings = {column.name: column.findings for column in proposal.profile.columns}
    for column in dataset.columns:
        for finding in findings[column.expected_label]:
            lines = f" (line {', '.join(map(str, finding.lines))})" if finding.lines else ""
            yield from _comment(visible(finding.message, most=400) + lines)
        yield f"{column.name} = {{ {', '.join(_settings(column, in_key=column.name in dataset.key))} }}"


def _settings(column: Column, *, in_key: bool) -> Iterator[str]:
    yield f'type = "{column.type}"'
    if column.type == "text":
        yield f"length = {column.length}"
    if column.type == "decimal":
        yield f"precision = {column.precision}"
        yield f"scale = {column.scale}"
    if column.required and not in_key:
        yield "required = true"
    if column.label is not None:
        yield f"label = {_text(column.label)}"
    if column.null:
        yield f"null = {_texts(column.null)}"
    yield from (f"{name} = {_text(sign)}" for name, sign in column.notation.items())


def _left_out(proposal: Proposal) -> Iterator[str]:
    for name, reason in proposal.left_out.items():
        yield from _comment(f"left out: {visible(name)}: {reason}")


def _references(dataset: Dataset) -> Iterator[str]:
    for reference in dataset.references:
        yield f'{reference.name} = {{ columns = {_texts(reference.columns)}, dataset = "{reference.dataset}" }}'


def _texts(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(_text, texts))}]"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in escaped) + '"'


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
