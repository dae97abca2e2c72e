"""From the best network to an installed bundle that describes itself."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np

from core import __version__
from core.data.split import summarise
from core.errors import TrainingError
from core.evaluation.calibrated import calibrated_card
from core.evaluation.evaluate import Scores, score_films, write_rows
from core.evaluation.lung_probes import probe_lungs
from core.evaluation.metrics import fit_temperature
from core.evaluation.pools import parse_pools
from core.files import write_json
from core.films.preprocess import PreprocessSpec
from core.jobs.events import EpochEnded
from core.json_file import read_json
from core.model.bundle import (
    EVALUATION,
    FILMS,
    GOLDEN,
    GRAPH,
    GRAPH_WEIGHTS,
    REPORT,
    WEIGHTS,
    Label,
    ModelBundle,
    ModelCard,
    OperatingPoint,
    read_bundle,
    write_bundle,
)
from core.model.classifier import Classifier, open_graph, probabilities
from core.model.gate import GATE, Gate
from core.model.gate_fit import MOST_TRAIN, MOST_VAL, fit_gate
from core.model.golden import write_golden_films
from core.model.graph import Graph, probe_input
from core.model.lungs import lung_finder, shipped_lungs
from core.model.seen_films import write_film_list
from core.program.crash_reports import version_of
from core.records import convert
from core.reports.report_json import report_json
from core.runs.config import TrainingConfig, config_to_json
from core.runs.job_folder import JobFolder, without_folder
from core.runs.progress import EPOCHS, write_epochs
from core.training.check import FINDINGS
from core.training.export import PARITY, export_openvino, keras_logits
from core.training.features import are_fixed, read_features
from core.training.head_fit import HEAD, head_logits, read_head
from core.training.pipeline import JobFilms, logits_of
from core.training.unseen_sources import unseen_sources

INTENDED_USE = (
    "Research and teaching: to explore what a network sees in a frontal chest X-ray."
)
LIMITS = (
    "Not a medical device: no diagnosis or treatment may rest on it. It knows only "
    "its own labels: whatever else a film shows is not said, and a film that is not "
    "refused is called one of them or uncertain. Films unlike those it was trained "
    "on, such as lateral views, children, other scanners or other hospitals, may be "
    "called wrongly with high confidence. Where labels came from different sources, "
    "the figures over all films overstate what it knows about lungs; those within "
    "one source do not."
)

#: Films on which the graph must agree with scores that are known.
_CHECKED = 64
_DISPLAY_NAMES = {"covid": "COVID-19", "covid19": "COVID-19", "covid-19": "COVID-19"}


@dataclasses.dataclass(frozen=True)
class Exported:
    """What came of writing the graph.

    Attributes:
        difference: Largest difference of a probability from Keras there.
        for_use: Whether it is to read films of users; see `run_job`.
        known: Of `_scores_by_features`.
    """

    temperature: float
    difference: float
    half: bool
    for_use: bool = True
    known: Mapping[str, Scores] | None = None


def _scores_by_features(
    config: TrainingConfig, data: JobFilms, folder: JobFolder
) -> dict[str, Scores] | None:
    """What the head makes of features that are known of every film.

    Returns:
        "val" and "test" -> scores; None where the backbone has learned as well.
    """
    if config.epochs or not are_fixed(config):
        return None
    features = read_features(folder)
    assert features is not None
    logits = head_logits(read_head(folder.path / HEAD), features.films, config)
    labels = tuple(data.dataset.labels)
    return {
        name: Scores(
            data.split.part(name), labels, data.truth(name), logits[data.rows(name)], {}
        )
        for name in ("val", "test")
    }


def export_checked(
    network: keras.Model,
    data: JobFilms,
    config: TrainingConfig,
    folder: JobFolder,
    *,
    for_use: bool,
) -> Exported:
    """Write the graph: float16 weights where parity allows, else float32.

    A few films show whether it agrees with what is known by the features of all.

    Args:
        for_use: Whether it is to read films of users; see `run_job`.

    Raises:
        TrainingError: Neither agrees with Keras on the validation films.
    """
    known = None if for_use else _scores_by_features(config, data, folder)
    films, rows, truth = data.films, data.rows("val"), data.truth("val")
    if known is None:
        expected = logits_of(films, rows, lambda batch: keras_logits(network, batch))
    else:
        expected = known["val"].logits
        rows = rows[:_CHECKED]
    checked = len(rows)
    worst = float("inf")
    for half in (True, False):
        graph = export_openvino(network, folder.path / GRAPH, half=half)
        actual = logits_of(films, rows, graph.logits)
        temperature = fit_temperature(truth, actual if known is None else expected)
        gaps = probabilities(actual, temperature) - probabilities(
            expected[:checked], temperature
        )
        worst = float(np.abs(gaps).max())
        if worst < PARITY:
            return Exported(temperature, worst, half, for_use, known)
    raise TrainingError(
        f"The exported graph differs from Keras by {worst:.1e} on the validation "
        f"films; at most {PARITY} is allowed. Nothing was installed.",
        hint="Go on with --resume after updating OpenVINO.",
    )


def install(
    exported: Exported,
    data: JobFilms,
    *,
    config: TrainingConfig,
    folder: JobFolder,
    out: Path,
    command: str,
    on_film: Callable[[int, int], None],
) -> ModelBundle:
    """Choose thresholds on validation, report on test, and write the bundle.

    The figures are those of the exported graph on the films as a user would
    open them, not of the network that was trained, unless they are known.

    Args:
        on_film: Called with the films done and all of them; may raise to stop.

    Raises:
        OutputError: The bundle cannot be written.
    """
    networks = (GRAPH, GRAPH_WEIGHTS, WEIGHTS)
    # Lungs are found in the same way whatever the labels.
    lung_files, lung_record = shipped_lungs()
    files = {name: folder.path / name for name in networks} | lung_files
    split, labels = data.split, data.dataset.labels
    draft = _draft_card(config, labels, exported.temperature, files[GRAPH])
    trial = Classifier(write_bundle(folder.path / "draft", draft, files))
    finder = lung_finder(trial.bundle) if exported.for_use else None
    total = len(split.val) + len(split.test) * (2 if finder else 1)
    before = len(split.val)
    if exported.known is None:
        val = score_films(trial, split.val, lambda done: on_film(done, total))
        test = score_films(
            trial, split.test, lambda done: on_film(before + done, total)
        )
    else:
        val, test = exported.known["val"], exported.known["test"]
    write_rows(folder.path / EVALUATION, test, exported.temperature)
    pools = parse_pools(config.pools)
    more: dict[str, Any] = {}
    if finder is not None:
        scored = before + len(split.test)
        lungs = probe_lungs(
            trial,
            finder,
            test.samples,
            on_film=lambda done: on_film(scored + done, total),
        )
        more = {"lungs": lungs} if lungs else {}
    if unseen := unseen_sources(folder):
        more["unseen_sources"] = unseen
    card, on_test = calibrated_card(draft, val, test, pools=pools, more=more)
    card = msgspec.structs.replace(
        card,
        data={
            "films": summarise(split),
            "left_out": dict(data.dataset.left_out),
            "unreadable": len(data.films.unreadable),
            "split_sha256": split.sha256(),
            "findings": read_json(folder.path / FINDINGS),
        },
        training={
            **_record(config, folder, exported, command),
            **lung_record,
        },
    )
    report = report_json(
        result=on_test,
        validation=card.metrics["val"],
        card=card,
        sha256=trial.bundle.sha256,
    )
    write_json(folder.path / REPORT, report)
    write_film_list(folder.path / FILMS, split)
    write_golden_films(trial, folder.path / GOLDEN)
    history = convert(read_json(folder.trained), tuple[EpochEnded, ...])
    write_epochs(folder.path / EPOCHS, history)
    names = (EVALUATION, REPORT, FILMS, GOLDEN, EPOCHS)
    made = {name: folder.path / name for name in names}
    if exported.for_use and (fitted := _fit_gate(trial.bundle, data, on_film)):
        gate, record = fitted
        made[GATE] = folder.path / GATE
        gate.write(made[GATE])
        training = {**card.training, "gate": record}
        card = msgspec.structs.replace(card, training=training)
    write_bundle(out, card, {**files, **made})
    return read_bundle(out)


def _fit_gate(
    bundle: ModelBundle, data: JobFilms, on_film: Callable[[int, int], None]
) -> tuple[Gate, dict[str, Any]] | None:
    """A gate fitted on the films of the job; None where these are too few."""
    rng = np.random.default_rng(0)
    train, val = (
        data.films.pixels[np.sort(rng.permutation(data.rows(part))[:most])]
        for part, most in (("train", MOST_TRAIN), ("val", MOST_VAL))
    )
    rng.shuffle(train)
    graph = open_graph(bundle, for_many=True)
    lungs = lung_finder(bundle, for_many=True)
    return fit_gate(graph, list(train), list(val), lungs=lungs, on_film=on_film)


def display_name(label: str) -> str:
    """How people read a label of the data."""
    plain = label.replace("_", " ").strip()
    return _DISPLAY_NAMES.get(label.lower(), plain[:1].upper() + plain[1:])


def _draft_card(
    config: TrainingConfig,
    labels: tuple[str, ...],
    temperature: float,
    xml: Path,
) -> ModelCard:
    """A card that says nothing yet of how good the model is."""
    spec = PreprocessSpec(size=config.size)
    # Of the graph that is installed, not of Keras: every load of it is held to it.
    graph = Graph(xml, size=spec.size, labels=len(labels))
    probe = probabilities(graph.logits(probe_input(spec)), temperature)[0]
    return ModelCard(
        name=config.name,
        labels=tuple(Label(name, display_name(name)) for name in labels),
        preprocess=spec,
        temperature=temperature,
        operating_points=tuple(
            OperatingPoint(name, 0.5, "nothing", "not chosen yet", 0.0, 0.0, 0.0)
            for name in labels
        ),
        metrics={},
        data={},
        training={},
        intended_use=INTENDED_USE,
        limits=LIMITS,
        probe=tuple(float(p) for p in probe),
        files={},
    )


def _record(
    config: TrainingConfig, folder: JobFolder, exported: Exported, command: str
) -> dict[str, Any]:
    packages = ("keras", keras.backend.backend(), "openvino", "numpy")
    return {
        "command": command,
        "config": {
            **config_to_json(config),
            "weights": without_folder(config.weights),
        },
        "notes": folder.notes(),
        "batch": folder.batch(config),
        "history": read_json(folder.trained),
        "parity": {
            "largest_probability_difference": exported.difference,
            "films": "validation",
            "weights_stored_as": "float16" if exported.half else "float32",
        },
        "versions": {
            "hilum": __version__,
            "python": platform.python_version(),
            **{name: version_of(name) for name in packages},
        },
    }
