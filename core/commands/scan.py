"""`python -m core scan`."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from core.cluster.scanner import RayScanner
from core.commands.argument_types import (
    add_coverage,
    add_events,
    add_files,
    add_flags,
    add_labels,
    given,
    new_file,
    refuse_resume_with_overwrite,
)
from core.commands.work import DONE, SOME_FAILED, Outcome, do_work
from core.errors import ANEW, CoreError, DatasetError, OutputError, TrainingStopped
from core.films.finder import FoundFilm, Listing, find_films, state_if_there
from core.jobs.control import Control
from core.jobs.events import Noted, StageStarted
from core.jobs.reporters import Report, counter
from core.model.bundle import ModelBundle, read_bundle
from core.model.precision import REFERENCE, precision_note
from core.outputs import check_file, refuse_films, refuse_inputs
from core.paths import default_bundle_dir
from core.scan.export import write_json_lines, write_summary, write_workbook
from core.scan.html import write_scan_html
from core.scan.in_flight import InFlightJournal
from core.scan.labels import LabelOf, labels_of_films
from core.scan.parity import ParityCheck, precision_of_scan
from core.scan.results import ScanFile
from core.scan.row import ScanRow
from core.scan.scanner import FolderScanner, Scanner, with_set
from core.scan.store import read_scan
from core.scan.summary import ScanSummary, summary_text
from core.scan.watch import new_films
from core.terminal import print_lines
from core.words import films as in_films
from core.words import some

_STAGE = "scan"


def add_parser(parser: argparse.ArgumentParser) -> None:
    """Add its arguments to a parser."""
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=new_file, required=True, metavar="FILE.csv")
    parser.add_argument("--model", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--precision",
        choices=["float32", "fast", "bfloat16", "int8"],
        default="float32",
        help="fast: what this computer does quickest, timed once",
    )
    add_coverage(parser)
    add_labels(parser)
    add_flags(
        parser,
        resume="go on where it stopped",
        overwrite="replace the files",
        watch="then read films as they come",
        hidden="read files that begin with a dot too",
    )
    parser.add_argument(
        "--no-lungs", action="store_true", help="faster: without heat in lungs"
    )
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="read on a cluster: host:port, auto, or local"
    )
    add_files(
        parser,
        jsonl="and JSON lines",
        xlsx="and a workbook",
        report="and HTML",
        json="and its figures",
    )
    add_events(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the films of a folder; returns 4 if some, or folders, could not be read."""

    def work(report: Report, control: Control) -> Outcome:
        control.take_signals()
        scan = _Scan(arguments, control.stop_if_asked, report)
        summary = scan.run()
        status = SOME_FAILED if summary.total.not_read or scan.closed else DONE
        return Outcome(arguments.out, summary_text(summary), status)

    hint = "Go on with the same command and --resume."
    made = given(arguments, "jsonl xlsx report") if arguments.watch else []
    if made:  # at each end
        hint = f"{hint[:-1]}, once what {', '.join(made)} wrote was moved away."
    stopped = "The scan was stopped; what was done is kept."
    return do_work(arguments, work, stopped=stopped, hint=hint)


class _Scan:
    def __init__(
        self, arguments: argparse.Namespace, check: Callable[[], None], report: Report
    ) -> None:
        self.closed: dict[str, str] = {}
        self._arguments = arguments
        self._folder: Path = arguments.folder
        self._check = check
        self._report = report
        self._done: set[str] = set()
        self._refuse_existing()
        self._journal = InFlightJournal(arguments.out)
        self._precision: str = REFERENCE
        self._parity: ParityCheck | None = None

    def run(self) -> ScanSummary:
        arguments, report = self._arguments, self._report
        report(StageStarted("start", "Opening the model."))
        bundle = read_bundle(arguments.model or default_bundle_dir())
        films = self._films()
        self._precision = self._choose_precision(bundle, len(films))
        scanner = self._scanner(bundle)
        label_of = labels_of_films(
            bundle.card,
            self._folder,
            [film.file for film in films],
            manifest=arguments.labels,
            from_folders=arguments.labels_from_folders,
        )
        results = ScanFile(
            arguments.out,
            bundle.card.label_names,
            resume=arguments.resume,
            overwrite=arguments.overwrite,
        )
        with results as file, self._journal:
            for row in file.read():
                self._check()
                self._refuse_other(row, bundle)
                self._done.add(row.file)
            try:
                self._read(scanner, file, films)
                if arguments.watch:
                    self._follow(scanner, file)
            except TrainingStopped:
                if arguments.watch:
                    summary = self._conclude(scanner, file, label_of)
                    if not arguments.events:
                        print_lines(summary_text(summary))
                raise
            return self._conclude(scanner, file, label_of)

    def _choose_precision(self, bundle: ModelBundle, films: int) -> str:
        arguments = self._arguments
        chosen = precision_of_scan(
            arguments.precision,
            bundle,
            begun=arguments.out if arguments.resume else None,
            films=None if arguments.watch else films,
        )
        if chosen != arguments.precision:
            self._report(Noted(f"Reading in {chosen}, as the fastest here."))
        if note := precision_note(chosen):
            self._report(Noted(note))
        return chosen

    def _scanner(self, bundle: ModelBundle) -> FolderScanner:
        folder, precision = self._folder, self._precision
        if precision != REFERENCE:
            self._parity = ParityCheck(bundle, precision)
        if self._arguments.ray is None:
            return Scanner(
                bundle,
                folder,
                precision=precision,
                reading=self._journal.reading,
                parity=self._parity,
                lungs=not self._arguments.no_lungs,
            )
        return RayScanner(
            bundle,
            folder,
            self._arguments.ray,
            precision=precision,
            report=self._report,
            check=self._check,
            lungs=not self._arguments.no_lungs,
        )

    def _refuse_existing(self) -> None:
        arguments = self._arguments
        if arguments.ray is not None and arguments.watch:
            raise CoreError(
                "A cluster reads what is there, and watches no folder.",
                hint="Leave --ray or --watch out.",
            )
        refuse_resume_with_overwrite(arguments)
        grown = [arguments.out, arguments.json]
        model = arguments.model or default_bundle_dir()
        refuse_inputs(self._outputs(), [arguments.labels, model])
        for path in self._outputs():
            overwrite = arguments.overwrite or (arguments.resume and path in grown)
            or_else = "or replace it with --overwrite"
            if arguments.resume:  # with which --overwrite cannot go
                or_else = "or move it away first"
            elif path == arguments.out:
                or_else = f"go on with --resume, {or_else}"
            check_file(path, overwrite=overwrite, or_else=or_else)

    def _outputs(self) -> list[Path]:
        arguments = self._arguments
        exports = (arguments.jsonl, arguments.xlsx, arguments.report, arguments.json)
        return [arguments.out, *filter(None, exports)]

    def _films(self) -> Sequence[FoundFilm]:
        self._report(StageStarted("listing", "Looking for films."))
        listing = find_films(self._folder, self._check, hidden=self._arguments.hidden)
        self.closed, self._left_out = listing.closed, listing.left_out
        for folder, reason in listing.closed.items():
            self._report(Noted(f"The folder {folder} cannot be listed: {reason}."))
        if not listing.films and not self._arguments.watch:
            raise DatasetError(
                f"There is no film in {self._folder}.", hint=_why_none(listing)
            )
        if said := listing.left_out.in_words():
            self._report(Noted(said))
        sizes = ((film.file, film.state and film.state.size) for film in listing.films)
        refuse_films(self._outputs(), self._folder, sizes)
        return listing.films

    def _refuse_other(self, row: ScanRow, bundle: ModelBundle) -> None:
        name, precision = self._arguments.out.name, self._precision
        coverage = round(self._arguments.coverage, 6)  # as rows keep it
        if row.model_sha256 != bundle.sha256:
            said = f"was made with another model, {row.model}"
            hint = "Go on with that one."
        elif row.precision != precision:
            said = f"was made in {row.precision}, not in {precision}"
            hint = f"Go on with --precision {row.precision}."
        elif row.coverage not in (None, coverage):
            said = f"holds sets for {row.coverage:g} of the films, not {coverage:g}"
            hint = f"Go on with --coverage {row.coverage:g}."
        elif row.heat_in_lungs is not None and self._arguments.no_lungs:
            said = "says how much of the heat lies in the lungs"
            hint = "Go on without --no-lungs."
        elif row.file in self._done:
            said = f"lists a film twice: {row.file}"
            hint = "Take one of the lines out."
        else:
            return
        raise OutputError(f"{name} {said}.", hint=hint, code=ANEW)

    def _read(
        self, scanner: FolderScanner, file: ScanFile, films: Sequence[FoundFilm]
    ) -> None:
        left = [film for film in films if film.file not in self._done]
        if self._done:
            already = len(films) - len(left)
            # A scan of the window knows its folder: all of it may have been sorted
            # away since, and new films have come.
            is_same = read_scan(file.path.parent).record.folder == self._folder
            if films and not already and not is_same:
                raise OutputError(
                    f"{file.path.name} lists no film of {self._folder}.",
                    hint="Go on with the folder it was begun with.",
                    code=ANEW,
                )
            text = f"Going on: {already:,} of {in_films(len(films))} read before."
            self._report(Noted(text))
        if left:
            self._report(StageStarted(_STAGE, f"Reading {in_films(len(left))}."))
        count = counter(_STAGE, len(left), self._report)
        elsewhere = scanner.finds_crashes  # on the machines of a cluster
        others = len(self._done) + elsewhere * len(left)
        if self._parity is not None:
            self._parity.expect(0 if elsewhere else len(left), others)
        scanned = scanner.scan_with_quarantine(
            left, self._journal, report=self._report, check=self._check
        )
        with contextlib.closing(scanned) as rows:
            for number, row in enumerate(rows, start=1):
                file.append(with_set(row, scanner.bundle, self._arguments.coverage))
                count(number)
        if self._parity is not None:
            self._parity.see_again(file.read(), others, self._folder, self._check)
            if found := self._parity.result:
                self._report(Noted(found.in_words()))

    def _follow(self, scanner: FolderScanner, file: ScanFile) -> None:
        self._done.update(row.file for row in file.read())
        file.sync()
        self._report(StageStarted("watch", f"Watching {self._folder}."))

        def check() -> None:
            self._check()
            scanner.refuse_if_gone()

        hidden = self._arguments.hidden
        for films in new_films(
            self._folder, self._done.__contains__, check, hidden=hidden
        ):
            with contextlib.closing(scanner.scan(films, self._check)) as rows:
                for row in rows:
                    file.append(with_set(row, scanner.bundle, self._arguments.coverage))
                    self._done.add(row.file)
                    said = row.verdict or f"not read: {row.error}"
                    self._report(Noted(f"{row.file}: {said}"))
            file.sync()

    def _conclude(
        self, scanner: FolderScanner, file: ScanFile, label_of: LabelOf | None
    ) -> ScanSummary:
        """Sum up, say what is not as it was, and write what was asked for."""
        arguments, bundle = self._arguments, scanner.bundle
        summary = ScanSummary(bundle.card, label_of)
        summary.parity = self._parity.result if self._parity else None
        summary.left_out = self._left_out
        gone, changed = [], []
        for row in file.read():
            summary.add(row)
            now = state_if_there(self._folder / row.file)
            if now is None:
                gone.append(row.file)
            elif row.modified and now.stamp != row.stamp:
                changed.append(row.file)
        scanner.refuse_if_gone()
        self._tell("Changed since the scan", changed)
        self._tell("No longer there", gone)
        if path := arguments.jsonl:
            write_json_lines(path, file.read(), bundle.card.names)
        if path := arguments.xlsx:
            write_workbook(path, file.read(), bundle.card.names)
        if path := arguments.report:
            write_scan_html(path, file.read(), summary, bundle, self._folder)
        if path := arguments.json:
            write_summary(path, summary, bundle)
        return summary

    def _tell(self, what: str, files: Sequence[str]) -> None:
        if files:
            self._report(Noted(f"{what}: {in_films(len(files))} ({some(files)})."))


def _why_none(listing: Listing) -> str:
    said = listing.left_out.in_words()
    if listing.left_out.hidden:
        said += " Hidden ones are read with --hidden."
    return said or "Check that this is the folder with the films."
