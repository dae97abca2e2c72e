"""Commands that Hilum gives itself, in processes of their own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

NAMES = ("convert", "crash-probe")


def add_parsers(add: Callable[[str], argparse.ArgumentParser]) -> None:
    """Add them to a parser, which `add` gives; no user meets them there."""
    convert = add("convert")  # for core.training.convert
    convert.add_argument("model", type=Path)
    convert.add_argument("format")
    convert.add_argument("out", type=Path)
    convert.set_defaults(run=_convert)
    probe = add("crash-probe")  # for core.scan.crash_probe
    probe.add_argument("folder", type=Path)
    probe.add_argument("bundle", type=Path)
    probe.set_defaults(run=_crash_probe)


def quieten_tensorflow() -> None:
    """Keep its chatter off stderr; it reads these once, when it is loaded."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def _convert(arguments: argparse.Namespace) -> int:
    quieten_tensorflow()
    from core.training import convert

    convert.convert_file(arguments.model, arguments.format, arguments.out)
    return 0


def _crash_probe(arguments: argparse.Namespace) -> int:
    from core.scan import crash_probe

    crash_probe.serve(arguments.folder, arguments.bundle)
