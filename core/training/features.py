"""The features of the frozen backbone, computed once per film by OpenVINO."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.files import atomic_write
from core.jobs.reporters import StageProgress
from core.model.bundle import read_bundle
from core.model.classifier import open_graph
from core.model.graph import Graph
from core.paths import default_bundle_dir
from core.runs.augment import vary
from core.runs.config import TrainingConfig, config_to_json
from core.runs.job_folder import JobFolder
from core.training.export import export_openvino
from core.training.head_fit import Features
from core.training.pipeline import TrainingFilms

_FEATURES = "features.npz"


def are_fixed(config: TrainingConfig) -> bool:
    """Whether all trainings from the same backbone see a film by the same features."""
    return config.head_epochs > 0 and not (config.feature_copies or config.head_varied)


def features_key(config: TrainingConfig) -> str:
    """What tells the features of a job from those of others on the same films."""
    fields = config_to_json(config)
    names = ["backbone", "weights", "size", "feature_copies", "head_varied"]
    is_varied = config.feature_copies or config.head_varied
    if is_varied:
        names.append("augmentation")
    if is_varied or config.weights == "none":
        names.append("seed")
    made_by = json.dumps({name: fields[name] for name in names}, sort_keys=True)
    return hashlib.sha256(made_by.encode()).hexdigest()[:16]


def compute_features(
    network: keras.Model,
    films: TrainingFilms,
    config: TrainingConfig,
    *,
    folder: JobFolder,
    progress: StageProgress,
) -> Features:
    """Run the backbone over every film of a phase, and over varied copies.

    Of a job that varies its films anew in each epoch only the validation films are
    run now, and the others as an epoch asks for them. What a former call finished in
    the same folder is used again.
    """
    kept = read_features(folder)
    if config.head_varied or kept is None:
        graph = _frozen_graph(network, config, folder)
    if kept is None:
        progress.start("features", "Computing the features of each film once.")
        rows, copies = films.val.rows, (0, len(films.train.rows))
        if not config.head_varied:
            rows = np.concatenate([films.train.rows, rows])
            copies = (config.feature_copies, len(films.train.rows))
        total = len(rows) + copies[0] * copies[1]
        pictures = _pictures(films, rows, copies[0], config)
        found = _run(graph, pictures, lambda done: progress.done(done, total))
        every = np.zeros((len(films.pixels), len(found[0])), np.float32)
        every[rows] = found[: len(rows)]
        varied = np.array(found[len(rows) :]).reshape(*copies, every.shape[1])
        kept = Features(every, varied)
        write_features(folder, kept)

    def of_epoch(epoch: int) -> NDArray[np.float32]:
        path = folder.path / f"varied-{epoch:04d}.npy"
        if not path.exists():
            n = len(films.train.rows)

            def on_film(done: int) -> None:
                progress.done(epoch * n + done, config.head_epochs * n)
                if epoch:  # before the end of the first the head is random
                    progress.control.finish_if_asked()

            found = _run(graph, _varied(films, epoch, config), on_film)
            with atomic_write(path) as partial:
                np.save(partial, np.array(found))
        of_films: NDArray[np.float32] = np.load(path)
        return of_films

    anew = of_epoch if config.head_varied else None
    return dataclasses.replace(kept, of_epoch=anew)


def _run(
    graph: Graph,
    pictures: Iterator[NDArray[np.float32]],
    on_film: Callable[[int], None],
) -> list[NDArray[np.float32]]:
    found: list[NDArray[np.float32]] = []
    with contextlib.closing(graph.embeddings(pictures)) as embeddings:
        for embedding in embeddings:
            found.append(embedding)
            on_film(len(found))
    return found


def read_features(folder: JobFolder) -> Features | None:
    """The features that are kept in a folder; None where there are none."""
    try:
        with np.load(folder.path / _FEATURES) as stored:
            return Features(stored["films"], stored["copies"])
    except FileNotFoundError:
        return None


def write_features(folder: JobFolder, features: Features) -> None:
    """Keep features in a folder.

    Raises:
        OutputError: They cannot be written.
    """
    with atomic_write(folder.path / _FEATURES) as partial:
        np.savez(partial, films=features.films, copies=features.copies)


def _pictures(
    films: TrainingFilms, rows: NDArray[np.intp], copies: int, config: TrainingConfig
) -> Iterator[NDArray[np.float32]]:
    """Films as they are, then varied copies of those to train on."""
    for row in rows:
        yield films.pixels[row].astype(np.float32)
    for copy in range(copies):
        yield from _varied(films, copy, config)


def _varied(
    films: TrainingFilms, number: int, config: TrainingConfig
) -> Iterator[NDArray[np.float32]]:
    """The films to train on in one variation each, another for each number."""
    for row in films.train.rows:
        rng = np.random.default_rng((config.seed, number, int(row)))
        yield vary(films.pixels[row], config.augmentation, rng)


def _frozen_graph(
    network: keras.Model, config: TrainingConfig, folder: JobFolder
) -> Graph:
    """A graph whose embedding is the backbone's: the starting bundle's own if it fits.

    Writing one takes as long as some hundred films.
    """
    start = default_bundle_dir() if config.weights == "default" else None
    if start is None and Path(config.weights).is_dir():
        start = Path(config.weights)
    if start is not None:
        bundle = read_bundle(start)
        if bundle.card.preprocess.size == config.size:
            return open_graph(bundle, for_many=True)
    written = folder.path / "start.xml"
    export_openvino(network, written, half=False)
    labels = network.output_shape[-1]
    return Graph(written, size=config.size, labels=labels, for_many=True)
