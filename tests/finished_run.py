"""A finished run with a real report, made in a second without any training."""

from __future__ import annotations

import copy
import csv
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from PIL import Image

from core.data.dataset import Sample, films_of_split
from core.evaluation.evaluate import evaluate, score_films, without_details
from core.files import write_json
from core.jobs.events import EpochEnded, JobSucceeded, Noted, encode_event
from core.model.bundle import GRAPH, GRAPH_WEIGHTS, REPORT, ModelBundle, write_bundle
from core.model.classifier import Classifier
from core.reports.report_json import report_json
from core.runs.presets import config_from_preset
from core.runs.run import Run, RunRecord
from core.runs.store import new_run

_MEASURED: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}

#: Label -> brightness of its films. The tiny bundle never calls pneumonia.
SHADES = {"covid": 235, "pneumonia": 128, "normal": 20}
#: What a check finds where the file alone tells one label from another.
FINDINGS: dict[str, Any] = {
    "films": 300,
    "patients": 120,
    "grouped": 0,
    "split": "made",
    "copies": 4,
    "conflicts": 0,
    "measured": 300,
    "shortcuts": {
        "metadata": {
            "auc": 0.97,
            "auc_ci": [0.95, 0.99],
            "chance": 0.51,
            "worst": ["covid", "normal"],
            "worst_auc": 1.0,
            "sentence": "A program that sees the size and kind of the file ...",
            "is_red": True,
        },
        "frame": {
            "auc": 0.62,
            "auc_ci": [0.55, 0.69],
            "chance": 0.49,
            "worst": ["covid", "pneumonia"],
            "worst_auc": 0.66,
            "sentence": "A program that sees the rim of the film alone ...",
            "is_red": False,
        },
    },
}


def write_films(folder: Path, *, each: int = 6) -> Path:
    """Draw films of three labels and list them as test films; the manifest.

    Two of every label's films have the brightness of another label, so that
    there are mistakes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels = list(SHADES)
    manifest = folder / "films.csv"
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "patient", "source", "split"])
        for number, label in enumerate(labels):
            for i in range(each):
                shown = labels[(number + 1) % 3] if i < 2 else label
                shade = np.full((64, 64), SHADES[shown], np.uint8)
                shade[:3] = np.linspace(0, 255, 64).astype(np.uint8)
                shade[3:6, : 4 + i] = 90 + number
                path = folder / f"{label} {i}.png"
                Image.fromarray(shade).save(path)
                source = "ward" if i % 2 else "clinic"
                writer.writerow([path, label, f"{label}{i}", source, "test"])
    return manifest


def make_finished_run(
    bundle: ModelBundle,
    manifest: Path,
    *,
    name: str = "Our films",
    preset: str = "default",
    notes: Sequence[str] = (),
    accept_leaks: str = "",
    split_sha256: str = "ab" * 32,
    has_report: bool = True,
    findings: Mapping[str, Any] | None = None,
) -> Run:
    """Make a run in the user's folder whose model is a copy of `bundle`."""
    config = config_from_preset(preset)
    config = msgspec.structs.replace(
        config, name=name, batch=16, accept_leaks=accept_leaks
    )
    started = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    record = RunRecord(name, preset, manifest.parent, started, config, "tensorflow")
    run = new_run(record, split=manifest, audit=None)
    samples, _ = films_of_split(manifest, bundle.card.label_names, "test")
    result = _measured(bundle, samples)
    epochs = [_epoch("head", i) for i in (1, 2)] + [_epoch("fine-tuning", 1)]
    card = msgspec.structs.replace(
        bundle.card,
        name=name,
        metrics={"val": {}, "test": without_details(result)},
        data={
            "films": {"test": {"all": len(samples), "covid, ward": 3}},
            "split_sha256": split_sha256,
            **({"findings": findings} if findings is not None else {}),
        },
        training={"config": {}, "history": [msgspec.structs.asdict(e) for e in epochs]},
    )
    files = {n: bundle.path / n for n in (GRAPH, GRAPH_WEIGHTS)}
    if has_report:
        report = report_json(
            result=result, validation={}, card=card, sha256=bundle.sha256, notes=notes
        )
        write_json(run.path / REPORT, report)
        files[REPORT] = run.path / REPORT
    write_bundle(run.bundle_dir, card, files)
    events = [*epochs, *(Noted(note) for note in notes)]
    lines = [encode_event(each) for each in (*events, JobSucceeded("model"))]
    run.channel.events.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return run


def damage(run: Run) -> None:
    """Change a byte of a run's model."""
    file = run.bundle_dir / GRAPH_WEIGHTS
    shutil.copyfile(file, file.with_suffix(".old"))
    file.write_bytes(b"\xff" + file.read_bytes()[1:])


def _measured(bundle: ModelBundle, samples: Sequence[Sample]) -> dict[str, Any]:
    """The evaluation; the resamples take a second, so it is made once a model."""
    key = (bundle.sha256, tuple(sample.path.name for sample in samples))
    if key not in _MEASURED:
        scores = score_films(Classifier(bundle), samples)
        _MEASURED[key] = evaluate(scores, bundle.card.temperature, details=True)
    return copy.deepcopy(_MEASURED[key])


def _epoch(phase: str, number: int) -> EpochEnded:
    return EpochEnded(
        phase=phase,
        epoch=number,
        epochs=2,
        loss=1.0 / number,
        val_loss=1.1 / number,
        val_accuracy=0.7,
        val_macro_f1=0.68,
        best=True,
    )
