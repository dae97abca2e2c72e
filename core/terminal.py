"""Text for a terminal, which names from elsewhere must not steer."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TextIO

#: Control characters, line ends of Unicode, turns of the writing direction, and
#: halves of characters, which stand for bytes that are no text.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, keep_lines: bool = False) -> str:
    """The text with every character that could steer a terminal as an escape.

    Args:
        keep_lines: Whether it may have several lines. A name may not: it could
            feign a line of its own.
    """

    def escaped(found: re.Match[str]) -> str:
        if keep_lines and found[0] == "\n":
            return "\n"
        return found[0].encode("unicode_escape").decode("ascii")

    return _STEERING.sub(escaped, text)


def print_lines(text: str, file: TextIO | None = None) -> None:
    """Print a text of several lines for people, on stdout unless told otherwise."""
    shown = printable(text, keep_lines=True)
    print(shown, file=file or sys.stdout, flush=True)  # noqa: T201


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines whose cells stand below each other: the first left, the others right."""
    shown = [[printable(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) + 2 for column in zip(*shown, strict=True)]
    return [
        first.ljust(widths[0]) + "".join(map(str.rjust, cells, widths[1:]))
        for first, *cells in shown
    ]
