"""Tables of a page in HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any


def words_table(caption: str, values: Mapping[str, Any]) -> str:
    """A table of names and values, which may be records and lists."""
    rows = [
        [html.escape(str(name)), html.escape(_value(value))]
        for name, value in values.items()
    ]
    return table(caption, [], rows, kind=' class="words"')


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(each) for each in value) or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "–"


def table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], kind: str = ""
) -> str:
    """A table. The cells of `rows` are HTML, those of `head` are not."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows
    )
    header = f"<thead><tr>{top}</tr></thead>" if head else ""
    return (
        f'<div class="wide"><table{kind}><caption>{html.escape(caption)}</caption>'
        f"{header}<tbody>{body}</tbody></table></div>"
    )
