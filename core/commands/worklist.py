"""`python -m core worklist`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from core.commands.argument_types import (
    add_events,
    add_files,
    add_flags,
    add_labels,
    new_folder,
)
from core.commands.work import DONE, SOME_FAILED, Outcome, do_work
from core.errors import BundleError, OutputError
from core.filing.filer import Filer, FilingResult, failures_in_words, inside_error
from core.jobs.control import Control
from core.jobs.events import Noted, StageStarted
from core.jobs.reporters import Report, counter
from core.model.bundle import ModelBundle, peek_bundle, read_bundle
from core.outputs import check_files, check_folder, lies_in, refuse_films, refuse_inputs
from core.paths import default_bundle_dir
from core.scan.export import write_csv, write_json_lines, write_summary, write_workbook
from core.scan.html import write_scan_html
from core.scan.labels import labels_of_films
from core.scan.row import ScanRow
from core.scan.summary import ScanSummary, summary_text
from core.scan.worklist import WorkList, read_list
from core.words import films as in_films

_EXPORTS = {
    "csv": "rows as the scan wrote them",
    "jsonl": "an object per film, one a line",
    "xlsx": "a workbook",
    "report": "HTML with pictures",
    "json": "the figures",
}
_WRITING, _FILING = "writing", "filing"


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("results", type=Path, metavar="FILE.csv", help="of a scan")
    parser.add_argument("--folder", type=Path, help="that was scanned")
    parser.add_argument(
        "--only", type=Path, metavar="LIST.txt", help="these films, in this order"
    )
    parser.add_argument("--model", type=Path, metavar="BUNDLE", help="of the scan")
    add_labels(parser)
    add_files(parser, **_EXPORTS)
    add_flags(parser, overwrite="replace the files")
    filing = parser.add_mutually_exclusive_group()
    for verb in ("copy", "move"):
        what = f"{verb} films, a folder per finding"
        filing.add_argument(f"--{verb}-to", type=new_folder, metavar="DIR", help=what)
    add_events(parser)


def run(arguments: argparse.Namespace) -> int:
    """Export what a scan found, and sort its films.

    Returns:
        0, or 4 if some of the films were not filed or are not in the scan.
    """

    def work(report: Report, control: Control) -> Outcome:
        control.take_signals()
        job = _Job(arguments, control.stop_if_asked, report)
        said = job.run()
        return Outcome(job.made, said, SOME_FAILED if job.has_failures else DONE)

    stopped = "It was stopped; what was done is kept."
    return do_work(arguments, work, stopped=stopped, hint="Run it again to go on.")


class _Job:
    def __init__(
        self, arguments: argparse.Namespace, check: Callable[[], None], report: Report
    ) -> None:
        self.has_failures = False
        self._arguments = arguments
        self._check = check
        self._report = report
        self._target: Path | None = arguments.copy_to or arguments.move_to
        exports = {name: getattr(arguments, name) for name in _EXPORTS}
        self._exports: dict[str, Path] = {k: v for k, v in exports.items() if v}
        #: Path of what was made.
        self.made: Path = self._target or next(
            iter(self._exports.values()), arguments.results
        )

    def run(self) -> str:
        """Do what was asked for, the filing last; what came of it, in words."""
        arguments = self._arguments
        self._refuse()
        self._report(StageStarted("reading", f"Reading {arguments.results.name}."))
        only = read_list(arguments.only) if arguments.only else None
        films = WorkList(arguments.results, only, self._check)
        if arguments.folder is not None:
            sizes = ((row.file, row.size) for row in films.as_scanned())
            refuse_films(self._exports.values(), arguments.folder, sizes)
        if missing := films.missing_in_words():
            self.has_failures = True
            self._report(Noted(missing))
        bundle = self._bundle(films)
        summary = self._summary(films, bundle) if bundle is not None else None
        self._write(films, bundle, summary)
        said = [summary_text(summary)] if summary is not None else []
        if self._target is not None:
            said.append(self._file(films, self._target))
        return "\n\n".join(said)

    def _refuse(self) -> None:
        arguments = self._arguments
        model = arguments.model or default_bundle_dir()
        check_files(
            self._exports.values(),
            overwrite=arguments.overwrite,
            inputs=[arguments.results, arguments.only, arguments.labels, model],
        )
        if self._target is not None:
            if arguments.folder is not None and lies_in(self._target, arguments.folder):
                raise inside_error(self._target, arguments.folder)
            refuse_inputs([self._target], [arguments.folder])
            # It is only added to.
            check_folder(self._target, overwrite=True, is_own=lambda folder: True)
        needs_folder = self._target or arguments.report or arguments.labels
        if needs_folder and arguments.folder is None:
            raise OutputError(
                "The films cannot be found without their folder.",
                hint="Name the folder that was scanned with --folder.",
            )

    def _bundle(self, films: WorkList) -> ModelBundle | None:
        """The model that the scan was made with; None if nothing needs it."""
        arguments = self._arguments
        place = arguments.model or default_bundle_dir()
        is_needed = arguments.model or arguments.labels or arguments.labels_from_folders
        if not (is_needed or arguments.report or arguments.json):
            with contextlib.suppress(BundleError):
                bundle = peek_bundle(place)
                return bundle if set(films.models) <= {bundle.sha256} else None
            return None
        bundle = read_bundle(place)
        for sha256, name in films.models.items():
            if sha256 != bundle.sha256:
                raise OutputError(
                    f"{films.path.name} was made with another model, {name}.",
                    hint="Name the folder of that one with --model.",
                )
        return bundle

    def _summary(self, films: WorkList, bundle: ModelBundle) -> ScanSummary:
        arguments = self._arguments
        label_of = labels_of_films(
            bundle.card,
            arguments.folder,
            (),
            manifest=arguments.labels,
            from_folders=arguments.labels_from_folders,
        )
        summary = ScanSummary(bundle.card, label_of)
        for row in films.as_scanned():
            self._check()
            summary.add(row)
        return summary

    def _write(
        self, films: WorkList, bundle: ModelBundle | None, summary: ScanSummary | None
    ) -> None:
        for name, path in self._exports.items():
            self._report(StageStarted(_WRITING, f"Writing {path.name}."))
            rows, names = self._counted(films), self._names(films)
            if name == "csv":
                write_csv(path, rows, names)
            elif name == "jsonl":
                write_json_lines(path, rows, names)
            elif name == "xlsx":
                write_workbook(path, rows, names)
            elif bundle is not None and summary is not None and name == "json":
                write_summary(path, summary, bundle)
            elif bundle is not None and summary is not None:
                of = films.total if self._arguments.only else None
                folder = Path(self._arguments.folder).absolute()
                write_scan_html(path, rows, summary, bundle, folder, of=of)

    def _counted(self, films: WorkList) -> Iterator[ScanRow]:
        count = counter(_WRITING, len(films), self._report)
        for number, row in enumerate(films, start=1):
            self._check()
            yield row
            count(number)

    def _file(self, films: WorkList, target: Path) -> str:
        move = self._arguments.move_to is not None
        filer = Filer(self._arguments.folder, target, self._names(films), move=move)
        verb = "Moving" if move else "Copying"
        detail = f"{verb} {in_films(len(films))} to {target}."
        self._report(StageStarted(_FILING, detail))
        count = counter(_FILING, len(films), self._report)
        result = filer.file(films, self._check, count)
        for sentence in failures_in_words(result, move=move):
            self._report(Noted(sentence))
        self.has_failures |= bool(result.failed)
        said = _in_words(result, move=move)
        if self._arguments.events:
            self._report(Noted(said))
        return said

    def _names(self, films: WorkList) -> dict[str, str]:
        """Label -> as people read it, where a model of these labels is at hand."""
        place = self._arguments.model or default_bundle_dir()
        with contextlib.suppress(BundleError):
            card = peek_bundle(place).card
            if card.label_names == films.labels:
                return {label.name: label.display_name for label in card.labels}
        return {name: name for name in films.labels}


def _in_words(result: FilingResult, *, move: bool) -> str:
    """What came of a filing, in a sentence."""
    verb = "moved" if move else "copied"
    parts = [f"{folder}: {count:,}" for folder, count in sorted(result.filed.items())]
    text = f"Films {verb}: {result.filed.total():,}"
    text += f" ({', '.join(parts)})." if parts else "."
    if result.there:
        text += f" There already: {result.there:,}."
    left = sum(map(len, result.failed.values()))
    return text + (f" Left where they are: {left:,}." if left else "")
