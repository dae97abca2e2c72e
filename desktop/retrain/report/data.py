"""What the report of a run shows, gathered off the GUI thread."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BundleError, CoreError
from core.evaluation.findings import cautions_about
from core.jobs.events import EpochEnded
from core.model.bundle import ModelBundle, read_bundle
from core.model.seen_films import film_sha256, path_free
from core.reports.report_json import epochs, read_report_json
from core.reports.sentences import cautions, summary
from core.runs.config import config_to_json
from core.runs.progress import read_progress
from core.runs.run import Run
from core.runs.settings import in_words
from desktop.widgets.rates import RATES, figure, rate_of


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
        return {each.name: each.display_name for each in self.bundle.card.labels}

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
    report: Mapping[str, Any] | None = None
    problem: CoreError | None = None
    try:
        report = read_report_json(bundle)
    except BundleError as error:
        problem = error
    progress, _ = read_progress(run)
    history = tuple(progress.epochs)
    if not history and report is not None:
        history = epochs(report)
    names = {label.name: label.display_name for label in bundle.card.labels}
    said = cautions_about(bundle.card.data, names)
    if report is not None:
        said = cautions(report)
    said += progress.notes
    found = report["result"].get("mistakes", ()) if report is not None else ()
    return ReportData(
        run=run,
        bundle=bundle,
        report=report,
        problem=problem,
        history=history,
        mistakes=_mistakes(found, run.split, names),
        notes=tuple(dict.fromkeys(said)),
        seconds=run.times.seconds(),
    )


def headline(data: ReportData) -> list[str]:
    """What the model is worth in plain sentences, the most telling first."""
    if data.report is not None:
        return [sentence for sentence in summary(data.report) if sentence]
    rate = rate_of(data.result, "accuracy")
    if rate is None:
        return ["It was not measured on test films."]
    films = data.result["n"]
    return [f"Of {films} test films it called {rate.in_words()} rightly."]


def class_rows(data: ReportData) -> list[list[str]]:
    """A row per label: name, films, and each rate with its interval."""
    return [
        [
            data.names.get(label, label),
            str(fields["n"]),
            *(figure(rate_of(fields, name)) for name in RATES),
        ]
        for label, fields in data.result["per_class"].items()
    ]


def source_rows(data: ReportData) -> list[list[str]]:
    """A row per source: name, films, accuracy, macro-F1."""
    return [
        [
            source,
            str(part["n"]),
            figure(rate_of(part, "accuracy")),
            figure(rate_of(part, "macro_f1")),
        ]
        for source, part in data.result.get("by_source", {}).items()
    ]


def within_rows(data: ReportData) -> list[list[str]]:
    """A row per pair of labels within one place: place, labels, films, AUC."""
    return [
        [
            entry["within"],
            " against ".join(data.names.get(x, x) for x in entry["labels"]),
            " + ".join(str(n) for n in entry["n"]),
            figure(rate_of(entry, "auc")),
        ]
        for entry in data.result.get("within_source", ())
    ]


def film_rows(data: ReportData) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of the films by split: label and source, then counts."""
    films = data.bundle.card.data.get("films")
    parts = films if isinstance(films, Mapping) else {}  # others' cards may differ
    splits: dict[str, Mapping[str, int]] = {
        str(name): part for name, part in parts.items() if isinstance(part, Mapping)
    }
    titles = {"train": "Training", "val": "Validation", "test": "Test"}
    keys = dict.fromkeys(key for part in splits.values() for key in part)
    rows = [
        [
            "All" if key == "all" else _film_kind(key, data.names),
            *(str(part.get(key, 0)) for part in splits.values()),
        ]
        for key in keys
    ]
    return ["Films", *(titles.get(name, name) for name in splits)], rows


def settings_rows(run: Run, *, changed: Sequence[str]) -> list[list[str]]:
    """A row per setting, those that differ from the preset first.

    Args:
        run: The run.
        changed: Names of those that differ.
    """
    rows = in_words(config_to_json(run.record.config))
    names = sorted(rows, key=lambda name: name not in changed)
    return [list(rows[name]) for name in names]


def _film_kind(key: str, names: Mapping[str, str]) -> str:
    label, _, source = key.partition(", ")
    shown = names.get(label, label)
    return f"{shown}, {source}" if source else shown


def _mistakes(
    found: Sequence[Mapping[str, Any]], split: Path, names: Mapping[str, str]
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
        for each in found
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
