"""Commands that Hilum gives itself, in processes of their own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

NAMES = ("convert", "suspects")


def add_parsers(add: Callable[[str], argparse.ArgumentParser]) -> None:
    """Add them to a parser; no user meets them there.

    Args:
        add: Makes the parser of a command.
    """
    convert = add("convert")  # for core.training.convert
    convert.add_argument("model", type=Path)
    convert.add_argument("format")
    convert.add_argument("out", type=Path)
    convert.set_defaults(run=_convert)
    suspects = add("suspects")  # for core.scan.crash_probe
    suspects.add_argument("folder", type=Path)
    suspects.add_argument("bundle", type=Path)
    suspects.set_defaults(run=_suspects)


def quieten_tensorflow() -> None:
    """Keep its chatter off stderr; it reads these once, when it is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _convert(arguments: argparse.Namespace) -> int:
    quieten_tensorflow()
    from core.training import convert

    convert.convert_file(arguments.model, arguments.format, arguments.out)
    return 0


def _suspects(arguments: argparse.Namespace) -> int:
    from core.scan import crash_probe as suspects

    suspects.serve(arguments.folder, arguments.bundle)
