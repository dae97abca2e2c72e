"""One training job from data to an installed bundle."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from core import __version__
from core.bundle import (
    EVALUATION,
    GRAPH,
    GRAPH_WEIGHTS,
    WEIGHTS,
    Label,
    ModelBundle,
    ModelCard,
    read_bundle,
    write_bundle,
)
from core.dataset import (
    Dataset,
    Split,
    balanced_weights,
    given_split,
    index_dataset,
    make_split,
    summarise,
    write_manifest,
)
from core.errors import TrainingError, TrainingStopped
from core.evaluate import (
    Scores,
    choose_operating_points,
    evaluate,
    parse_pools,
    score_films,
    write_rows,
)
from core.graph import Graph
from core.job import (
    EpochEnded,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingConfig,
    TrainingEvent,
    config_to_json,
)
from core.metrics import fit_temperature
from core.paths import atomic_write
from core.predict import Classifier, probabilities, probe_input
from core.preprocess import PreprocessSpec
from core.training.export import PARITY, export_openvino, keras_logits
from core.training.fit import (
    BEST,
    Head,
    Part,
    best_network,
    fine_tune,
    fit_head,
    set_head,
)
from core.training.network import build_network, load_start
from core.training.pipeline import Films, read_films
from core.training.state import JobFolder, save_weights

_DISPLAY_NAMES = {"covid": "COVID-19", "covid19": "COVID-19", "covid-19": "COVID-19"}
_REPORT_EVERY_S = 0.3

INTENDED_USE = (
    "Research and teaching: to explore what a network sees in a frontal chest X-ray."
)
LIMITS = (
    "Not a medical device: no diagnosis or treatment may rest on it. It knows only "
    "its own labels and calls every film one of them, whatever else it shows. Films "
    "unlike those it was trained on, such as lateral views, children, other scanners "
    "or other hospitals, may be called wrongly with high confidence. Where labels "
    "came from different sources, the figures over all films overstate what it "
    "knows about lungs; those within one source do not."
)


def job_folder(out: Path) -> JobFolder:
    """Where the job that makes the bundle `out` keeps its files."""
    return JobFolder(out.with_name(f"{out.name}.work"))


def run_job(
    config: TrainingConfig,
    data: Path,
    out: Path,
    *,
    command: str,
    report: Callable[[TrainingEvent], None],
    should_stop: Callable[[], bool],
) -> ModelBundle:
    """Train, export, evaluate and install; go on where a former run stopped.

    Args:
        data: Folder or manifest.
        out: The bundle to make. The job keeps its files beside it, in
            `<out>.work`, until it has been made.
        command: How the job was started, for the card.
        report: Takes events, in this thread.
        should_stop: Asked after every film and step.

    Raises:
        TrainingStopped: `should_stop` said so; what was done is kept.
        CoreError: The data, the settings or the disk cannot serve.
    """
    job = _Job(config, data, job_folder(out), report, should_stop)
    keras.utils.set_random_seed(config.seed)
    dataset, split, films = job.read()
    job.train(dataset, split, films)
    bundle = job.finish(dataset, split, films, out, command)
    shutil.rmtree(job.folder.path, ignore_errors=True)
    report(JobSucceeded(str(out)))
    return bundle


class _Job:
    """The stages of one job, each leaving its result in the folder."""

    def __init__(
        self,
        config: TrainingConfig,
        data: Path,
        folder: JobFolder,
        report: Callable[[TrainingEvent], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self.config = config
        self.data = data
        self.folder = folder
        self._report = report
        self._should_stop = should_stop
        self._reported_at = 0.0
        self._stage_began = (time.monotonic(), 0)

    def read(self) -> tuple[Dataset, Split, Films]:
        """Index, decode and split the films."""
        config = self.config
        self._stage("reading", f"Reading the films of {self.data.name}.")
        dataset = index_dataset(self.data, config.labels)
        for reason, count in dataset.left_out.items():
            self._report(Noted(f"Left out: {count} films, {reason}."))
        given = given_split(dataset)
        if given is None:
            wanted = dataset.samples
        else:
            wanted = (*given[0].train, *given[0].val, *given[0].test)
            for reason, count in given[1].items():
                self._report(Noted(f"Left out: {count} films, {reason}."))
        spec = PreprocessSpec(size=config.size)
        films = read_films(
            wanted, spec, self.folder.path, self._on("reading", len(wanted))
        )
        for file, reason in films.unreadable.items():
            self._report(Noted(f"Left out {file}: {reason}"))
        readable = dataclasses.replace(dataset, samples=films.samples)
        if given is None:
            split = make_split(
                readable,
                films.hashes,
                validation=config.validation,
                test=config.test,
                seed=config.seed,
            )
        else:
            again = given_split(readable)
            assert again is not None, "a split was given"
            split = again[0]
        write_manifest(self.folder.path / "split.csv", split)
        return readable, split, films

    def train(self, dataset: Dataset, split: Split, films: Films) -> None:
        """Both phases; the best network ends up in the folder."""
        if (self.folder.path / "trained.json").exists():
            return
        config, classes = self.config, len(dataset.labels)
        train, val = (self._part(dataset, split, films, n) for n in ("train", "val"))
        keras.mixed_precision.set_dtype_policy("float32")
        network = build_network(config.size, classes, config.dropout)
        if self.folder.progress() is None:
            load_start(network, config.weights)
        head = self._head(network, films, train, val)
        history = list(head.history)
        if config.mixed_precision and config.epochs:
            start = network.get_weights()
            keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
            network = build_network(config.size, classes, config.dropout)
            network.set_weights(start)
        set_head(network, head)
        if config.epochs:
            layer = config.unfreeze_from
            self._stage("fine-tuning", f"Training the layers from {layer} on.")
            history += fine_tune(
                network,
                films.pixels,
                train,
                val,
                config,
                folder=self.folder,
                on_step=self._on_step,
                on_epoch=self._on_epoch,
            )
        else:
            save_weights(network, self.folder.path / BEST)
        text = json.dumps([dataclasses.asdict(epoch) for epoch in history])
        with atomic_write(self.folder.path / "trained.json") as partial:
            partial.write_text(text, encoding="utf-8")

    def finish(
        self, dataset: Dataset, split: Split, films: Films, out: Path, command: str
    ) -> ModelBundle:
        """Export, calibrate on validation, report on test, install."""
        folder = self.folder.path
        self._stage("export", "Writing the graph and comparing it with Keras.")
        network = best_network(self.config, len(dataset.labels), self.folder)
        save_weights(network, folder / WEIGHTS)
        temperature, parity, half = self._export(network, split, films, dataset)
        draft = self._draft_card(dataset, temperature, parity, half, network)
        shared = {name: folder / name for name in (GRAPH, GRAPH_WEIGHTS, WEIGHTS)}
        trial = Classifier(write_bundle(folder / "draft", draft, shared))

        self._stage("evaluation", "Reading the validation and test films.")
        pools = parse_pools(self.config.pools)
        scores: dict[str, Scores] = {}
        for part in ("val", "test"):
            samples = split.part(part)
            scores[part] = score_films(
                trial, samples, self._on("evaluation", len(samples))
            )
        write_rows(folder / EVALUATION, scores["test"], temperature)
        card = dataclasses.replace(
            draft,
            operating_points=choose_operating_points(
                scores["val"], temperature, chosen_on="validation"
            ),
            metrics={
                part: evaluate(each, temperature, pools=pools)
                for part, each in scores.items()
            },
            data={
                "films": summarise(split),
                "left_out": dict(dataset.left_out),
                "unreadable": len(films.unreadable),
                "split_sha256": split.sha256(),
            },
            training=self._record(command, parity, half),
        )
        self._stage("install", f"Installing the model as {out.name}.")
        write_bundle(out, card, {**shared, EVALUATION: folder / EVALUATION})
        return read_bundle(out)

    def _head(
        self, network: keras.Model, films: Films, train: Part, val: Part
    ) -> Head:
        path = self.folder.path / "head.npz"
        if not path.exists():
            rows = np.concatenate([train.rows, val.rows])
            features = self._features(network, films, rows)
            self._stage("head", "Training the head on the features.")
            head = fit_head(
                features,
                train,
                val,
                self.config,
                classes=network.output_shape[-1],
                on_epoch=self._on_epoch,
            )
            epochs = json.dumps([dataclasses.asdict(e) for e in head.history])
            with atomic_write(path) as partial:
                np.savez(partial, kernel=head.kernel, bias=head.bias, epochs=epochs)
        with np.load(path) as stored:
            epochs = json.loads(str(stored["epochs"]))
            history = tuple(EpochEnded(**epoch) for epoch in epochs)
            return Head(stored["kernel"], stored["bias"], history)

    def _features(
        self, network: keras.Model, films: Films, rows: NDArray[np.intp]
    ) -> NDArray[np.float32]:
        """The frozen backbone's features, computed once per film by OpenVINO.

        Returns:
            (m, k) float32, of every stored film; zeros but in `rows`.
        """
        path = self.folder.path / "features.npy"
        if not path.exists():
            self._stage("features", "Computing the features of every film once.")
            graph = export_openvino(network, self.folder.path / "start.xml", half=False)
            on_film = self._on("features", len(rows))
            features: NDArray[np.float32] | None = None
            for start in range(0, len(rows), 8):
                some = rows[start : start + 8]
                batch = films.pixels[some].astype(np.float32)[..., np.newaxis]
                found = graph.run(batch)[2]
                if features is None:
                    features = np.zeros((len(films.pixels), found.shape[1]), "f4")
                features[some] = found
                on_film(min(start + 8, len(rows)))
            assert features is not None, "no split is empty"
            with atomic_write(path) as partial:
                np.save(partial, features)
        stored: NDArray[np.float32] = np.load(path)
        return stored

    def _export(
        self, network: keras.Model, split: Split, films: Films, dataset: Dataset
    ) -> tuple[float, float, bool]:
        """Write the graph: float16 weights where parity allows, else float32.

        Returns:
            Temperature, largest difference of a probability, float16 or not.
        """
        rows = films.rows(split.val)
        inputs = films.pixels[rows].astype(np.float32)[..., np.newaxis]
        truth = np.array([dataset.labels.index(s.label) for s in split.val], np.intp)
        expected = keras_logits(network, inputs)
        worst = float("inf")
        for half in (True, False):
            graph = export_openvino(network, self.folder.path / GRAPH, half=half)
            actual = _graph_logits(graph, inputs)
            temperature = fit_temperature(truth, actual)
            gaps = probabilities(actual, temperature) - probabilities(
                expected, temperature
            )
            worst = float(np.abs(gaps).max())
            if worst < PARITY:
                return temperature, worst, half
        raise TrainingError(
            f"The exported graph differs from Keras by {worst:.1e} on the validation "
            f"films; at most {PARITY} is allowed. Nothing was installed.",
            hint="Go on with --resume after updating OpenVINO, and report this.",
        )

    def _draft_card(
        self,
        dataset: Dataset,
        temperature: float,
        parity: float,
        half: bool,
        network: keras.Model,
    ) -> ModelCard:
        spec = PreprocessSpec(size=self.config.size)
        probe = probabilities(keras_logits(network, probe_input(spec)), temperature)[0]
        points = choose_operating_points(
            _nothing_known(dataset.labels), temperature, chosen_on="nothing yet"
        )
        return ModelCard(
            name=self.config.name,
            labels=tuple(Label(n, display_name(n)) for n in dataset.labels),
            preprocess=spec,
            temperature=temperature,
            operating_points=points,
            metrics={},
            data={},
            training={},
            intended_use=INTENDED_USE,
            limits=LIMITS,
            probe=tuple(float(p) for p in probe),
            files={},
        )

    def _record(self, command: str, parity: float, half: bool) -> dict[str, Any]:
        history = json.loads((self.folder.path / "trained.json").read_text("utf-8"))
        packages = ("keras", keras.backend.backend(), "openvino", "numpy")
        return {
            "command": command,
            "config": config_to_json(self.config),
            "history": history,
            "parity": {
                "largest_probability_difference": parity,
                "films": "validation",
                "weights_stored_as": "float16" if half else "float32",
            },
            "versions": {
                "hilum": __version__,
                "python": platform.python_version(),
                **{name: _version(name) for name in packages},
            },
        }

    def _part(self, dataset: Dataset, split: Split, films: Films, name: str) -> Part:
        samples = split.part(name)
        truth = [dataset.labels.index(sample.label) for sample in samples]
        weights = balanced_weights(samples, self.config.balance, self.config.heaviest)
        return Part(films.rows(samples), np.array(truth, np.intp), weights)

    def _stage(self, stage: str, detail: str) -> None:
        self._stop_if_asked()
        self._stage_began = (time.monotonic(), -1)
        self._report(StageStarted(stage, detail))

    def _on(self, stage: str, total: int) -> Callable[[int], None]:
        def on_film(done: int) -> None:
            self._stop_if_asked()
            self._progress(stage, done, total)

        return on_film

    def _on_step(self, done: int, total: int) -> None:
        self._stop_if_asked()
        batch = self.config.batch
        self._progress("fine-tuning", done * batch, total * batch)

    def _on_epoch(self, ended: EpochEnded) -> None:
        self._report(ended)
        self._stop_if_asked()

    def _progress(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        began, first = self._stage_began
        if first < 0:
            # The first step compiles: the rate counts from its end.
            self._stage_began = (now, done)
            return
        if now - self._reported_at > _REPORT_EVERY_S or done == total:
            self._reported_at = now
            rate = (done - first) / (now - began) if now > began else 0.0
            self._report(Progressed(stage, done, total, round(rate, 2)))

    def _stop_if_asked(self) -> None:
        if self._should_stop():
            raise TrainingStopped(
                "Training was stopped; what was done is kept.",
                hint="Go on with the same command and --resume.",
            )


def display_name(label: str) -> str:
    """How people read a label of the data."""
    plain = label.replace("_", " ").strip()
    return _DISPLAY_NAMES.get(label.lower(), plain[:1].upper() + plain[1:])


def _graph_logits(graph: Graph, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    parts = [graph.run(inputs[i : i + 8])[0] for i in range(0, len(inputs), 8)]
    return np.concatenate(parts)


def _nothing_known(labels: tuple[str, ...]) -> Scores:
    nothing = np.zeros((1, len(labels)), np.float32)
    return Scores((), labels, np.zeros(1, np.intp), nothing, {})


def _version(package: str) -> str:
    for name in (package, f"{package}-cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return os.environ.get("KERAS_BACKEND", "unknown")
