"""The account of a file's lines, in words for a person and as plain data."""

from collections.abc import Iterator

from shared.reading.line_account import LineAccount, NamedLine

_MAX_SHOWN = 5


def as_lines(account: LineAccount) -> Iterator[str]:
    """Say what became of the lines, and show the first ones of each kind that are not rows."""
    parts = [f"{account.rows} rows", f"{account.rejects} rejected"]
    parts += [f"{account.continued} inside quoted values"] if account.continued else []
    parts += [f"{count} {reason}" for reason, count in account.named.items()]
    yield f"{account.lines} ({', '.join(parts)})"
    for reason, count in account.named.items():
        if reason == "blank":
            continue
        lines = [each for each in account.named_lines if each.reason == reason]
        yield from (f"line {_range(each)}: {reason}: {each.text}" for each in lines[:_MAX_SHOWN])
        if count > (shown := sum(each.line_count for each in lines[:_MAX_SHOWN])):
            yield f"and {count - shown} more: {reason}"


def as_data(account: LineAccount) -> dict[str, object]:
    """Return the same as JSON has it."""
    return {"rows": account.rows, "rejected": account.rejects, **account.beside_rows}


def _range(named: NamedLine) -> str:
    return str(named.line) if named.line_count == 1 else f"{named.line}-{named.line + named.line_count - 1}"
