"""What the report of a run shows, gathered off the GUI thread."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.dataset import listed_films
from core.errors import BundleError, CoreError
from core.evaluation.findings import cautions_about
from core.jobs.events import EpochEnded
from core.model.bundle import ModelBundle, read_bundle
from core.model.seen_films import film_sha256, path_free
from core.outputs import check_files
from core.reports.html import write_report_html
from core.reports.report_json import epochs, read_report_json, report_json
from core.reports.sentences import cautions, summary
from core.reports.tables import films_by_split, rate
from core.runs.config import config_to_json
from core.runs.progress import read_progress
from core.runs.run import Run, RunRecord
from core.runs.settings import in_words
from desktop.retrain.data.audit import SPLIT_TITLES
from desktop.retrain.runs.kind import changed_settings
from desktop.widgets.rates import rate_of


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A film that was called wrongly with confidence.

    Attributes:
        path: Of the film; None where it is not known where it lies.
        label, called: As people read them.
        probability: Of what it was called.
        source: Where the film is from; may be empty.
        file: Its name in the report.
    """

    path: Path | None
    label: str
    called: str
    probability: float
    source: str
    file: str


@dataclasses.dataclass(frozen=True)
class ReportData:
    """A finished run, read.

    Attributes:
        run: The run.
        bundle: Its model, verified.
        report: As `core.reports.report_json`; None where the bundle holds none.
        problem: Why there is no report; None if there is.
        history: Its epochs.
        mistakes: The worst first.
        notes: What the reader must know of the training.
        seconds: It ran.
    """

    run: Run
    bundle: ModelBundle
    report: Mapping[str, Any] | None
    problem: CoreError | None
    history: tuple[EpochEnded, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def names(self) -> dict[str, str]:
        """Label -> as people read it."""
        return self.bundle.card.names

    @property
    def result(self) -> Mapping[str, Any]:
        """The evaluation on test films: long, or short without a report; or {}."""
        if self.report is not None:
            result: Mapping[str, Any] = self.report["result"]
            return result
        test: Mapping[str, Any] = self.bundle.card.metrics.get("test", {})
        return test if "per_class" in test else {}


def read_report_data(run: Run) -> ReportData:
    """Verify the model of a finished run and gather its report.

    Raises:
        BundleError: The model is missing or damaged.
    """
    bundle = read_bundle(run.bundle_dir, name=run.record.name)
    progress, _ = read_progress(run)
    history, mistakes = tuple(progress.epochs), ()
    report: Mapping[str, Any] | None = None
    problem: CoreError | None = None
    try:
        report = read_report_json(bundle)
        said = cautions(report)
        history = history or epochs(report)
        mistakes = _mistakes(report["result"], run.split, bundle.card.names)
    except BundleError as error:
        problem = error
        said = cautions_about(bundle.card.data, bundle.card.names)
    notes = tuple(dict.fromkeys([*said, *progress.notes]))
    took_s = run.times.seconds()
    return ReportData(run, bundle, report, problem, history, mistakes, notes, took_s)


def save_report(data: ReportData, path: Path) -> Path:
    """Write the report of a run as one HTML file that needs nothing else.

    Raises:
        OutputError: It cannot be written, or is one of the run's films or files.
    """
    run, card = data.run, data.bundle.card
    check_files(
        [path],
        overwrite=True,  # the dialog has asked
        inputs=[data.bundle.path, run.split, run.record.data],
        films=lambda: listed_films(run.split),
    )
    report = data.report or report_json(
        result=data.result,
        validation=card.metrics.get("val", {}),
        card=card,
        sha256=data.bundle.sha256,
        notes=data.notes,
    )
    films = {each.file: each.path for each in data.mistakes if each.path is not None}
    write_report_html(path, report, films)
    return path


def headline(data: ReportData) -> list[str]:
    """What the model is worth in plain sentences, the most telling first."""
    if data.report is not None:
        return [sentence for sentence in summary(data.report) if sentence]
    accuracy = rate_of(data.result, "accuracy")
    if accuracy is None:
        return ["It was not measured on test films."]
    films = data.result["n"]
    return [f"Of {films} test films it called {accuracy.in_words()} rightly."]


def source_rows(data: ReportData) -> list[list[str]]:
    """A row per source: name, films, accuracy, macro-F1."""
    return [
        [source, str(part["n"]), rate(part, "accuracy"), rate(part, "macro_f1")]
        for source, part in data.result.get("by_source", {}).items()
    ]


def film_rows(data: ReportData) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of the films by split: label and source, then counts."""
    splits = films_by_split(data.bundle.card.data)
    keys = dict.fromkeys(key for part in splits.values() for key in part)
    rows = []
    for key in keys:
        counts = (str(part.get(key, 0)) for part in splits.values())
        rows.append([_film_kind(key, data.names), *counts])
    return ["Films", *(SPLIT_TITLES.get(name, name) for name in splits)], rows


def changed_names(record: RunRecord) -> list[str]:
    """Names of the settings that differ from the preset, but for the model's."""
    if not record.preset:
        return []
    settings = changed_settings(record.config, record.preset)
    names = (setting.split("=", 1)[0] for setting in settings)
    return [name for name in names if name != "name"]


def settings_rows(run: Run, *, changed: Collection[str]) -> list[list[str]]:
    """A row per setting, those that differ from the preset first."""
    rows = in_words(config_to_json(run.record.config))
    names = sorted(rows, key=lambda name: name not in changed)
    return [list(rows[name]) for name in names]


def hash_lines(data: ReportData) -> list[str]:
    """What says exactly which model this is, and of what it was made."""
    card = data.bundle.card
    lines = [f"Model SHA-256: {data.bundle.sha256}"]
    if split := card.data.get("split_sha256"):
        lines.append(f"Split SHA-256: {split}")
    lines += [f"{name}: {value}" for name, value in card.files.items()]
    if versions := card.training.get("versions", {}):
        lines += ["", "Versions"]
        lines += [f"{name}: {value}" for name, value in versions.items()]
    if command := card.training.get("command"):
        lines += ["", f"Made by: {command}"]
    return [*lines, "", f"Folder: {data.run.path}"]


def _film_kind(key: str, names: Mapping[str, str]) -> str:
    if key == "all":
        return "All"
    label, _, source = key.partition(", ")
    shown = names.get(label, label)
    return f"{shown}, {source}" if source else shown


def _mistakes(
    result: Mapping[str, Any], split: Path, names: Mapping[str, str]
) -> tuple[Mistake, ...]:
    places = _places(split)
    return tuple(
        Mistake(
            path=_place(each, places.get(each["file"], [])),
            label=names.get(each["label"], each["label"]),
            called=names.get(each["called"], each["called"]),
            probability=float(each["probability"]),
            source=str(each.get("source", "")),
            file=str(each["file"]),
        )
        for each in result.get("mistakes", ())
    )


def _places(split: Path) -> dict[str, list[Path]]:
    """Name of a film in the report -> where films of that name lie."""
    places: dict[str, list[Path]] = {}
    try:
        with split.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                name = row.get("file") or ""
                path = split.parent / name
                places.setdefault(path_free(name), []).append(path)
    except (OSError, ValueError, csv.Error):
        return {}
    return places


def _place(mistake: Mapping[str, Any], candidates: Sequence[Path]) -> Path | None:
    if len(candidates) > 1 and mistake.get("sha256"):
        same = [p for p in candidates if film_sha256(p) == mistake["sha256"]]
        candidates = same or candidates
    return candidates[0] if candidates else None
