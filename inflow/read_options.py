"""The options of the command line that fix how a file is read."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from shared.model.datasets import FORMATS, ReadSettings
from shared.reading.containers.compression import seekable
from shared.reading.encodings.text_encodings import ENCODING_EXPECTED, text_encoding

#: What a shell makes hard to write.
_NAMED = {"tab": "\t", "\\t": "\t", "space": " ", "none": ""}


def add_read_options(parser: argparse.ArgumentParser) -> None:
    """Add the file and the options, named as in inflow.toml."""
    parser.add_argument("file", type=Path, metavar="FILE", help="- for standard input")
    parser.add_argument("--format", choices=FORMATS, help="default: found out from the content")
    parser.add_argument("--encoding", type=_encoding, metavar="NAME", help="such as utf-8, cp1252, utf-16")
    parser.add_argument("--delimiter", type=_delimiter, metavar="TEXT", help="between values; tab and space by name")
    parser.add_argument("--quote", type=_character, metavar="CHAR", help='around values; "none" where there are none')
    parser.add_argument("--escape", type=_character, metavar="CHAR", help="before a quote inside; none: it is doubled")
    parser.add_argument("--comment", type=_text, metavar="TEXT", help="lines that begin with it are skipped")
    parser.add_argument("--skip-lines", type=_count, metavar="N", help="lines before the header")
    parser.add_argument("--header-lines", type=_count, metavar="N", help="lines of the header; 0: there is none")
    parser.add_argument("--footer-lines", type=_count, metavar="N", help="records at the end that are not rows")
    parser.add_argument("--sheet", metavar="NAME", help="of an .xlsx file")


def settings_of(options: argparse.Namespace) -> ReadSettings:
    """Return what the options fix."""
    return ReadSettings(
        format=options.format,
        encoding=options.encoding,
        delimiter=options.delimiter,
        quote=options.quote,
        escape=options.escape,
        comment=options.comment,
        skip_lines=options.skip_lines,
        header_lines=options.header_lines,
        footer_lines=options.footer_lines,
        sheet=options.sheet,
    )


@contextmanager
def open_given(path: Path) -> Iterator[IO[bytes]]:
    """Open the file that the user names. A pipe is copied into a temporary file: more than its beginning is needed."""
    with ExitStack() as stack:
        file = sys.stdin.buffer if str(path) == "-" else stack.enter_context(path.open("rb"))
        yield file if file.seekable() else stack.enter_context(seekable(file))


def _encoding(name: str) -> str:
    encoding = text_encoding(name)
    if encoding is None:
        raise argparse.ArgumentTypeError(f"{name!r} is not an encoding; expected {ENCODING_EXPECTED}")
    return encoding


def _text(text: str) -> str:
    return _NAMED.get(text, text)


def _delimiter(text: str) -> str:
    if not _text(text) or not {"\n", "\r"}.isdisjoint(text):
        raise argparse.ArgumentTypeError("expected one character or several, none of them a line end")
    return _text(text)


def _character(text: str) -> str:
    if len(_text(text)) > 1:
        raise argparse.ArgumentTypeError("expected one character, or none")
    return _text(text)


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("expected 0 or more")
    return number
