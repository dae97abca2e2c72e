"""One training job from data to an installed bundle."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.bundle import WEIGHTS, ModelBundle
from core.dataset import Dataset, index_dataset
from core.errors import DatasetError, TrainingStopped
from core.events import (
    EpochEnded,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
)
from core.job import TrainingConfig
from core.paths import atomic_write
from core.preprocess import PreprocessSpec
from core.split import Split, balanced_weights, given_split, make_split, write_manifest
from core.training.export import export_openvino
from core.training.fit import (
    BEST,
    Head,
    Part,
    best_network,
    fine_tune,
    fit_head,
    set_head,
)
from core.training.install import export_checked, install
from core.training.network import build_network, load_start
from core.training.pipeline import Films, read_films
from core.training.state import JobFolder, save_weights

_REPORT_EVERY_S = 0.3

Report = Callable[[TrainingEvent], None]


def run_job(
    config: TrainingConfig,
    data: Path,
    out: Path,
    *,
    folder: JobFolder,
    command: str,
    report: Report,
    should_stop: Callable[[], bool],
) -> ModelBundle:
    """Train, export, evaluate and install; go on where a former run stopped.

    Args:
        data: Folder or manifest.
        out: The bundle to make.
        folder: Where the job keeps its files until the bundle is made.
        command: How the job was started, for the card.
        report: Takes events, in this thread.
        should_stop: Asked after every film and step.

    Raises:
        TrainingStopped: `should_stop` said so; what was done is kept.
        CoreError: The data, the settings or the disk cannot serve.
    """
    keras.utils.set_random_seed(config.seed)
    job = _Job(config, folder, _Progress(report, should_stop))
    dataset, split, films = job.read(data)
    job.train(dataset, split, films)
    bundle = job.finish(dataset, split, films, out, command)
    shutil.rmtree(folder.path, ignore_errors=True)
    report(JobSucceeded(str(out)))
    return bundle


class _Progress:
    """Tells how far the job is, and ends it when asked."""

    def __init__(self, report: Report, should_stop: Callable[[], bool]) -> None:
        self.report = report
        self._should_stop = should_stop
        self._stage = ""
        self._reported_at = 0.0
        self._counted_from: tuple[float, int] | None = None

    def start(self, stage: str, detail: str) -> None:
        """Begin a stage."""
        self.stop_if_asked()
        self._stage, self._counted_from = stage, None
        self.report(StageStarted(stage, detail))

    def done(self, done: int, total: int) -> None:
        """Say how many of the stage's films are done; a few times a second."""
        self.stop_if_asked()
        now = time.monotonic()
        if self._counted_from is None:
            # The first step compiles: the rate counts from its end.
            self._counted_from = (now, done)
        elif now - self._reported_at > _REPORT_EVERY_S or done == total:
            self._reported_at = now
            began, first = self._counted_from
            rate = (done - first) / max(now - began, 1e-9)
            self.report(Progressed(self._stage, done, total, round(rate, 2)))

    def epoch(self, ended: EpochEnded) -> None:
        """Report an epoch."""
        self.report(ended)
        self.stop_if_asked()

    def stop_if_asked(self) -> None:
        """Raise `TrainingStopped` if the user wants the end."""
        if self._should_stop():
            raise TrainingStopped(
                "Training was stopped; what was done is kept.",
                hint="Go on with the same command and --resume.",
            )


class _Job:
    """The stages of one job, each leaving its result in the folder."""

    def __init__(
        self, config: TrainingConfig, folder: JobFolder, progress: _Progress
    ) -> None:
        self.config = config
        self.folder = folder
        self.progress = progress

    def read(self, data: Path) -> tuple[Dataset, Split, Films]:
        """Index, decode and split the films."""
        config, note = self.config, self._note
        self.progress.start("reading", f"Reading the films of {data.name}.")
        dataset = index_dataset(data, config.labels)
        if len(dataset.labels) < 2:
            raise DatasetError(
                f"{data.name} has films of one label only: {dataset.labels[0]}.",
                hint="Add films of at least one other label, in a folder of its own.",
            )
        note(dataset.left_out)
        given = given_split(dataset)
        wanted = dataset.samples
        if given is not None:
            note(given[1])
            wanted = (*given[0].train, *given[0].val, *given[0].test)
        films = read_films(
            wanted,
            PreprocessSpec(size=config.size),
            self.folder.path,
            lambda done: self.progress.done(done, len(wanted)),
        )
        for file, reason in films.unreadable.items():
            self.progress.report(Noted(f"Left out {file}: {reason}"))
        readable = dataclasses.replace(dataset, samples=films.samples)
        # Asked again: an unreadable film may have been a label's only one.
        given = given_split(readable)
        split = (
            given[0]
            if given is not None
            else make_split(
                readable,
                films.hashes,
                validation=config.validation,
                test=config.test,
                seed=config.seed,
            )
        )
        write_manifest(self.folder.path / "split.csv", split)
        return readable, split, films

    def train(self, dataset: Dataset, split: Split, films: Films) -> None:
        """Both phases; the best network ends up in the folder."""
        if self.folder.trained.exists():
            return
        config, classes = self.config, len(dataset.labels)
        train, val = (self._part(dataset, split, films, n) for n in ("train", "val"))
        network = self._network(classes, "float32")
        if self.folder.progress() is None:
            load_start(network, config.weights)
        head = self._head(network, films, train, val)
        history = list(head.history)
        if config.mixed_precision and config.epochs:
            start = network.get_weights()
            network = self._network(classes, "mixed_bfloat16")
            network.set_weights(start)
        set_head(network, head)
        if config.epochs:
            layer = config.unfreeze_from
            self.progress.start("fine-tuning", f"Training the layers from {layer} on.")
            history += fine_tune(
                network,
                films.pixels,
                train,
                val,
                config,
                folder=self.folder,
                on_step=self._on_step,
                on_epoch=self.progress.epoch,
            )
        else:
            save_weights(network, self.folder.path / BEST)
        text = json.dumps([dataclasses.asdict(epoch) for epoch in history])
        with atomic_write(self.folder.trained) as partial:
            partial.write_text(text, encoding="utf-8")

    def finish(
        self, dataset: Dataset, split: Split, films: Films, out: Path, command: str
    ) -> ModelBundle:
        """Export, calibrate on validation, report on test, install."""
        folder = self.folder.path
        self.progress.start("export", "Writing the graph and comparing it with Keras.")
        network = best_network(self.config, len(dataset.labels), self.folder)
        save_weights(network, folder / WEIGHTS)
        exported = export_checked(network, dataset, split, films, folder)
        self.progress.start("evaluation", "Measuring it on validation and test films.")
        return install(
            network,
            exported,
            dataset,
            split,
            films,
            config=self.config,
            folder=self.folder,
            out=out,
            command=command,
            on_film=self.progress.done,
        )

    def _head(self, network: keras.Model, films: Films, train: Part, val: Part) -> Head:
        path = self.folder.path / "head.npz"
        if not path.exists():
            rows = np.concatenate([train.rows, val.rows])
            features = self._features(network, films, rows)
            self.progress.start("head", "Training the head on the features.")
            head = fit_head(
                features,
                train,
                val,
                self.config,
                classes=network.output_shape[-1],
                on_epoch=self.progress.epoch,
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
            self.progress.start("features", "Computing the features of each film once.")
            graph = export_openvino(network, self.folder.path / "start.xml", half=False)
            features: NDArray[np.float32] | None = None
            for start in range(0, len(rows), 8):
                some = rows[start : start + 8]
                batch = films.pixels[some].astype(np.float32)[..., np.newaxis]
                found = graph.run(batch)[2]
                if features is None:
                    features = np.zeros((len(films.pixels), found.shape[1]), "f4")
                features[some] = found
                self.progress.done(min(start + 8, len(rows)), len(rows))
            assert features is not None, "no split is empty"
            with atomic_write(path) as partial:
                np.save(partial, features)
        stored: NDArray[np.float32] = np.load(path)
        return stored

    def _network(self, classes: int, policy: str) -> keras.Model:
        keras.mixed_precision.set_dtype_policy(policy)
        config = self.config
        learns = config.learns_statistics
        return build_network(
            config.size, classes, config.dropout, learns_statistics=learns
        )

    def _part(self, dataset: Dataset, split: Split, films: Films, name: str) -> Part:
        samples = split.part(name)
        truth = [dataset.labels.index(sample.label) for sample in samples]
        weights = balanced_weights(samples, self.config.balance, self.config.heaviest)
        return Part(films.rows(samples), np.array(truth, np.intp), weights)

    def _on_step(self, done: int, total: int) -> None:
        self.progress.done(done * self.config.batch, total * self.config.batch)

    def _note(self, left_out: Mapping[str, int]) -> None:
        for reason, count in left_out.items():
            self.progress.report(Noted(f"Left out: {count} films, {reason}."))
