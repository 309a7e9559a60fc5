"""Reason codes for rejected rows and refused files, named as in frictionless if it has the same error.

docs/rejects.md says what each means and what to do; a test compares the two lists.
"""

from typing import Literal, get_args

Reason = Literal[
    "ambiguous-dataset",
    "blank-header",
    "blank-label",
    "blank-row",
    "changed-while-read",
    "compression-bomb",
    "compression-error",
    "constraint-error",
    "dialect-error",
    "duplicate-label",
    "encoding-error",
    "extra-cell",
    "file-gone",
    "format-changed",
    "format-error",
    "given-up",
    "missing-cell",
    "missing-label",
    "no-dataset",
    "not-a-regular-file",
    "reading-changed",
    "row-too-large",
    "source-error",
    "too-many-labels",
    "too-many-rejects",
    "truncated-file",
    "type-error",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
