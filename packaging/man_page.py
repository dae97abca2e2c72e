"""The manual page of the command line, from what it says of itself."""

from __future__ import annotations

import argparse
import re

from core import __version__
from core.commands import parser as command_line

NAME = "hilum-core"


def man_page() -> str:
    """The page, as roff."""
    parser = command_line.parser()
    lines = [
        f'.TH {NAME.upper()} 1 "" "Hilum {__version__}" "User Commands"',
        ".SH NAME",
        f"{NAME} \\- read chest X-rays from the command line",
        ".SH SYNOPSIS",
        f".B {NAME}\n.I COMMAND\n[options]",
        ".SH DESCRIPTION",
        _escaped(parser.description or ""),
        "\nThe window is opened by\n.BR hilum (1).",
        ".SH COMMANDS",
    ]
    (commands,) = [
        action
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
    ]
    for shown in commands._choices_actions:
        one = commands.choices[shown.dest]
        lines += [
            f".SS {_escaped(shown.dest)}",
            _escaped(f"{shown.help}.".capitalize()),
        ]
        for action in one._actions:
            if "-h" not in action.option_strings:
                lines += _option(action)
    lines += [
        ".SH EXIT STATUS",
        "0 done, 2 wrong use or an input that cannot serve, 3 stopped, "
        "4 done but some films could not be read.",
        ".SH ENVIRONMENT",
        ".TP\n.B HILUM_HOME",
        "Folder for models, settings and logs in place of the usual ones.",
    ]
    return "\n".join(lines) + "\n"


def _option(action: argparse.Action) -> list[str]:
    value = ""
    if action.nargs != 0:
        choices = "|".join(map(str, action.choices or ()))
        value = str(action.metavar or choices or action.dest.upper())
    names = ", ".join(action.option_strings)
    text = (action.help or "").replace("%%", "%")
    title = f"{names} {value}".strip()
    return [".TP", f".B {_escaped(title)}", _escaped(text or "\u00a0")]


def _escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"(?m)^([.'])", r"\\&\1", text)
