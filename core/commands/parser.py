"""The commands of the command line.

Each is a module of this package with `add_parser`, which says what its arguments
are, and `run`, which does it.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence

from core import __version__, paths
from core.commands import internal

#: Command -> its module here, and what it does.
_COMMANDS = {
    "predict": ("predict", "read films"),
    "train": ("train", "train a model on films of your own"),
    "search": ("search", "find the settings that train the best model"),
    "evaluate": ("evaluate", "measure a model on labelled films"),
    "experiment": ("experiment", "answer a question by a named comparison"),
    "audit": ("audit", "check films before training on them"),
    "assemble": ("assemble", "list the films of a published data set, copying none"),
    "scan": ("scan", "read the films of a folder into a CSV file"),
    "worklist": ("worklist", "export what a scan found, or sort its films"),
    "deidentify": ("films.deidentify", "copy films without whom they are of"),
    "export": ("export", "write a model in another format"),
    "import": ("import_file", "make a bundle of a .hilum file"),
    "compare": ("compare", "compare a new model with the one in use"),
    "calibrate": ("calibration.calibrate", "make a model that scans in int8 too"),
    "fit-gate": (
        "calibration.fit_gate",
        "make a model that refuses what is no chest film",
    ),
    "recalibrate": (
        "calibration.recalibrate",
        "fit temperature and thresholds of a model anew",
    ),
    "local-card": (
        "calibration.local_card",
        "find operating points on films of your own",
    ),
    "train-lungs": (
        "calibration.train_lungs",
        "make a model that knows where the lungs are",
    ),
    "card": ("card", "print what a model is and was measured to do"),
    "self-test": ("self_test", "check this installation"),
}


def parser(words: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser of all commands; what it gives has the command as `run`.

    Args:
        words: To be parsed. Only the command that they name is loaded, as others
            load what it has no use for; all are where no words are given. Commands
            that Hilum gives itself alone are known only where they are named.
    """
    parser = argparse.ArgumentParser(
        prog=paths.command_name(),
        description="Hilum reads chest X-rays. A research and teaching tool, "
        "not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"Hilum {__version__}")
    parser.add_argument("--verbose", action="store_true", help="say how, on stderr")
    add = parser.add_subparsers(required=True, metavar="COMMAND").add_parser
    named = next((word for word in words or () if word in _COMMANDS), None)
    for name, (module, what) in _COMMANDS.items():
        its_parser = add(name, help=what)
        if name == named or words is None:
            command = importlib.import_module(f"core.commands.{module}")
            command.add_parser(its_parser)
            its_parser.set_defaults(run=command.run)
    if words and words[0] in internal.NAMES:
        internal.add_parsers(add)
    return parser
