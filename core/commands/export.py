"""`python -m core export`: write a model in another format."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from core.commands.argument_types import add_events, new_folder
from core.commands.internal import quieten_tensorflow
from core.commands.work import Outcome, do_work
from core.files import atomic_folder, refuse_missing_folder
from core.jobs.control import Control
from core.jobs.events import Noted
from core.jobs.reporters import Report
from core.model.archive import pack_bundle
from core.model.bundle import GRAPH, GRAPH_WEIGHTS, read_bundle
from core.outputs import check_file, check_folder, is_export, mark_export, refuse_inputs
from core.program import edition
from core.reports.export_card import DESCRIBED, card_name

#: What it makes a folder of; of the others, a file.
_FOLDERS = ("openvino", "savedmodel")


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--format",
        required=True,
        choices=["openvino", "onnx", "litert", "savedmodel", "keras", "hilum"],
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="PATH")
    parser.add_argument("--overwrite", action="store_true", help="replace PATH")
    add_events(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write a bundle's model in another format; returns 0."""

    def work(report: Report, control: Control) -> Outcome:
        _write(arguments, report)
        return Outcome(arguments.out, str(arguments.out))

    return do_work(arguments, work, stopped="The export was stopped.")


def _write(arguments: argparse.Namespace, report: Report) -> None:
    out: Path = arguments.out
    if arguments.format not in _FOLDERS:
        refuse_missing_folder(out)
    if arguments.format not in ("openvino", "hilum"):  # matters of files alone
        edition.check_can_train()
        quieten_tensorflow()
    bundle = read_bundle(arguments.bundle)
    if arguments.format == "hilum":
        pack_bundle(bundle, out, overwrite=arguments.overwrite)
        return
    made = [out]
    if arguments.format in DESCRIBED:
        made.append(out.with_name(card_name(out.name)))
    refuse_inputs(made, [bundle.path])
    if arguments.format in _FOLDERS:
        check_folder(out, overwrite=arguments.overwrite, is_own=is_export)
    else:
        for file in made:
            check_file(file, overwrite=arguments.overwrite)
    if arguments.format == "openvino":
        with atomic_folder(out, is_own=is_export) as folder:
            for name in (GRAPH, GRAPH_WEIGHTS):
                shutil.copyfile(bundle.path / name, folder / name)
            mark_export(folder, arguments.format)
    else:
        from core.training.export import export_other
        from core.training.network import network_of

        gap = export_other(network_of(bundle), arguments.format, out, bundle)
        differ = f"differ from the model's by at most {gap:.1e}"
        same = "are the model's"
        report(Noted(f"Checked: its outputs {differ if gap else same}."))
        for card in made[1:]:
            said = (
                "Labels, temperature, how a film is prepared, and lines of code that "
                f"use it are in {card.name}, and in the file itself."
            )
            report(Noted(said))
