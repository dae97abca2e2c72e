"""The commands of the command line and their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from core import __version__, paths
from core.commands import internal as internal_commands
from core.commands import predict as commands
from core.commands.argument_types import add_job, film_count, new_file, new_folder
from core.files import refuse_missing_folder
from core.program import edition

_DONE = 0


def _train(arguments: argparse.Namespace) -> int:
    if arguments.list_settings or arguments.list_presets:  # which takes no Keras
        from core.commands import lists as job_lists

        return job_lists.run(arguments)
    edition.check_can_train()
    internal_commands.quieten_tensorflow()
    from core.commands import train as command

    return command.dry_run(arguments) if arguments.dry_run else command.train(arguments)


def _export(arguments: argparse.Namespace) -> int:
    if arguments.job is None:
        return _write_export(arguments)
    from core.jobs.control import Control
    from core.jobs.events import JobSucceeded
    from core.jobs.reporters import begin_report, end_told

    control = Control(said="The export was stopped.", hint="")
    report = begin_report(control, as_events=True, job=arguments.job)
    with end_told(report):
        status = _write_export(arguments)
    report(JobSucceeded(str(arguments.out)))
    return status


def _write_export(arguments: argparse.Namespace) -> int:
    if arguments.format not in ("openvino", "savedmodel"):  # which are folders
        refuse_missing_folder(arguments.out)
    if arguments.format == "hilum":  # a matter of files alone
        from core.commands import bundle as bundle_commands

        return bundle_commands.export_file(arguments)
    if arguments.format != "openvino":  # which the bundle holds
        edition.check_can_train()
    internal_commands.quieten_tensorflow()
    from core.commands import train as command

    return command.export(arguments)


def _compare(arguments: argparse.Namespace) -> int:
    # Imported here: it loads the statistics that `predict` has no use for.
    from core.commands import compare as compare_command

    return compare_command.run(arguments)


def _import(arguments: argparse.Namespace) -> int:
    from core.commands import bundle as bundle_commands

    return bundle_commands.import_file(arguments)


def _audit(arguments: argparse.Namespace) -> int:
    # Imported here: it needs scipy, which takes a while to load.
    from core.commands import audit as audit_command

    return audit_command.run(arguments)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all commands; what it gives has the command as `run`.

    Args:
        words: To be parsed. Commands that Hilum gives itself alone are known only
            where they are given.
    """
    parser = argparse.ArgumentParser(
        prog=paths.command_name(),
        description="Hilum reads chest X-rays. A research and teaching tool, "
        "not a medical device.",
    )
    parser.add_argument("--version", action="version", version=f"Hilum {__version__}")
    parser.add_argument("--verbose", action="store_true", help="say how, on stderr")
    add = parser.add_subparsers(required=True, metavar="COMMAND").add_parser
    _add_predict(add("predict", help="read films"))
    _add_train(add("train", help="train a model on films of your own"))
    _add_evaluate(add("evaluate", help="measure a model on labelled films"))
    _add_audit(add("audit", help="check films before training on them"))
    _add_scan(add("scan", help="read the films of a folder into a CSV file"))
    _add_worklist(add("worklist", help="export what a scan found, or sort its films"))
    _add_export(add("export", help="write a model in another format"))
    _add_import(add("import", help="make a bundle of a .hilum file"))
    _add_compare(add("compare", help="compare a new model with the one in use"))
    _add_calibrate(add("calibrate", help="make a model that scans in int8 too"))
    card = add("card", help="print what a model is and was measured to do")
    card.add_argument("bundle", nargs="?", type=Path, metavar="BUNDLE")
    card.add_argument("--json", action="store_true", help="the card itself")
    card.set_defaults(run=commands.card)
    test = add("self-test", help="check this installation")
    test.set_defaults(run=commands.self_test)
    if words and words[0] in internal_commands.NAMES:
        internal_commands.add_parsers(add)
    return parser


def _add_predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--model", type=Path, metavar="BUNDLE")
    parser.add_argument("--json", action="store_true", help="one object per line")
    parser.add_argument(
        "--heatmap", type=new_folder, metavar="DIR", help="write overlays"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace heat maps that exist"
    )
    parser.set_defaults(run=commands.predict)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder per label, or a CSV file")
    parser.add_argument("--out", type=new_folder, metavar="BUNDLE")
    parser.add_argument("--preset", metavar="NAME", help="--list-presets lists them")
    parser.add_argument("--config", type=Path, metavar="JOB.json")
    parser.add_argument(
        "--weights",
        help="default, imagenet, chexnet, none, a weights file, or a bundle's folder",
    )
    parser.add_argument("--labels", help="labels in output order, with commas")
    parser.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="one setting of the job; --list-settings lists them",
    )
    parser.add_argument("--resume", action="store_true", help="go on where it stopped")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)
    parser.add_argument(
        "--events-file", type=new_file, metavar="FILE", help="and append them to FILE"
    )
    parser.add_argument(
        "--backend",
        choices=["tensorflow", "jax", "torch"],
        help="what Keras computes with; else KERAS_BACKEND, else tensorflow",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="try one step and say what it takes"
    )
    parser.add_argument(
        "--json",
        type=new_file,
        nargs="?",
        const=True,
        metavar="FILE",
        help="write what a dry run found; without FILE, list as JSON",
    )
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument(
        "--list-settings", action="store_true", help="say what can be set, and how"
    )
    lists.add_argument(
        "--list-presets", action="store_true", help="say what each preset does"
    )
    parser.set_defaults(run=_train)


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, help="else the report that the bundle holds is written"
    )
    parser.add_argument("--split", help="else test, or all where none is named")
    parser.add_argument("--json", type=new_file, metavar="FILE")
    parser.add_argument("--report", type=new_file, metavar="FILE", help="as HTML")
    parser.add_argument(
        "--pool",
        action="append",
        default=[],
        metavar="NAME=SOURCE+SOURCE[:LABEL+LABEL]",
        help="sources whose films, of all or some labels, come from one place",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the files")
    parser.set_defaults(run=commands.evaluate_bundle)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--format",
        required=True,
        choices=["openvino", "onnx", "litert", "savedmodel", "keras", "hilum"],
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="PATH")
    parser.add_argument("--overwrite", action="store_true", help="replace PATH")
    add_job(parser)
    parser.set_defaults(run=_export)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE.hilum")
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE")
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE")
    parser.set_defaults(run=_import)


def _add_compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("candidate", type=Path, metavar="CANDIDATE")
    parser.add_argument("in_use", nargs="?", type=Path, metavar="IN_USE")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", help="else test, or all where none is named")
    parser.add_argument(
        "--allow-drop",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="most by which the recall of a class may fall",
    )
    parser.add_argument("--json", type=new_file, metavar="FILE")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace FILE")
    parser.set_defaults(run=_compare)


def _add_calibrate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--data", type=Path, required=True, help="films that it was not tested on"
    )
    parser.add_argument("--out", type=new_folder, required=True, metavar="BUNDLE2")
    parser.add_argument(
        "--films", type=film_count, default=300, metavar="N", help="at most"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace BUNDLE2")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)

    def run(arguments: argparse.Namespace) -> int:
        # Imported here, as the others that not every command needs.
        from core.commands import calibrate as calibrate_command

        return calibrate_command.run(arguments)

    parser.set_defaults(run=run)


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, help="folder per label, or a CSV file")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write all of it")
    parser.add_argument(
        "--manifest", type=new_file, metavar="FILE", help="write the split with hashes"
    )
    parser.add_argument("--labels", default="", help="in output order, with commas")
    parser.add_argument(
        "--patient-pattern",
        default="",
        metavar="REGEX",
        help="its first group is the patient in a file name",
    )
    parser.add_argument("--validation", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--test", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=2020)
    parser.add_argument(
        "--group", action="store_true", help="take what leaks to the training films"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the files")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)
    parser.set_defaults(run=_audit)


def _add_scan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=new_file, required=True, metavar="FILE.csv")
    parser.add_argument("--model", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--precision", choices=["float32", "bfloat16", "int8"], default="float32"
    )
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument(
        "--labels-from-folders",
        action="store_true",
        help="measure too: folders are named as the model's labels",
    )
    labels.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="measure too: file,label"
    )
    parser.add_argument("--resume", action="store_true", help="go on where it stopped")
    parser.add_argument("--overwrite", action="store_true", help="replace the files")
    parser.add_argument(
        "--watch", action="store_true", help="then read films as they come"
    )
    parser.add_argument(
        "--hidden", action="store_true", help="read files that begin with a dot too"
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="read on a cluster: its host:port, auto, or local",
    )
    parser.add_argument("--jsonl", type=new_file, metavar="FILE", help="and JSON lines")
    parser.add_argument("--xlsx", type=new_file, metavar="FILE", help="and a workbook")
    parser.add_argument("--report", type=new_file, metavar="FILE", help="and HTML")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="and its figures")
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)

    def run(arguments: argparse.Namespace) -> int:
        # Imported here: it loads the statistics that `predict` has no use for.
        from core.commands import scan as scan_command

        return scan_command.run(arguments)

    parser.set_defaults(run=run)


def _add_worklist(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, metavar="FILE.csv", help="of a scan")
    parser.add_argument("--folder", type=Path, help="that was scanned")
    parser.add_argument(
        "--only", type=Path, metavar="LIST.txt", help="these films, in this order"
    )
    parser.add_argument("--model", type=Path, metavar="BUNDLE", help="of the scan")
    labels = parser.add_mutually_exclusive_group()
    labels.add_argument("--labels-from-folders", action="store_true", help="measure")
    labels.add_argument(
        "--labels", type=Path, metavar="FILE.csv", help="measure: file,label"
    )
    for name, what in {
        "csv": "rows as the scan wrote them",
        "jsonl": "an object per film, one a line",
        "xlsx": "a workbook",
        "report": "HTML with pictures",
        "json": "the figures",
    }.items():
        parser.add_argument(f"--{name}", type=new_file, metavar="FILE", help=what)
    parser.add_argument("--overwrite", action="store_true", help="replace the files")
    filing = parser.add_mutually_exclusive_group()
    filing.add_argument(
        "--copy-to",
        type=new_folder,
        metavar="DIR",
        help="copy films, a folder per finding",
    )
    filing.add_argument(
        "--move-to",
        type=new_folder,
        metavar="DIR",
        help="move films, a folder per finding",
    )
    parser.add_argument(
        "--events", action="store_true", help="report as JSON lines on stdout"
    )
    add_job(parser)

    def run(arguments: argparse.Namespace) -> int:
        # Imported here: it loads the statistics that `predict` has no use for.
        from core.commands import worklist as worklist_command

        return worklist_command.run(arguments)

    parser.set_defaults(run=run)
