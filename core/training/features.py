"""The features of the frozen backbone, computed once per film by OpenVINO."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.files import atomic_write
from core.model.bundle import read_bundle
from core.model.classifier import open_graph
from core.model.graph import Graph
from core.paths import default_bundle_dir
from core.runs.augment import vary
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.training.epochs import Part
from core.training.export import export_openvino
from core.training.head_fit import Features
from core.training.pipeline import Films


def compute_features(
    network: keras.Model,
    films: Films,
    train: Part,
    val: Part,
    config: TrainingConfig,
    *,
    folder: JobFolder,
    start: Callable[[str, str], None],
    on_film: Callable[[int, int], None],
) -> Features:
    """Run the backbone over every film of a phase, and over varied copies.

    What a former call finished in the same folder is used again.

    Args:
        network: With its starting weights.
        start: Called with the name and the description of the stage.
        on_film: Called with the films done and all of them; may raise to stop.
    """
    path = folder.path / "features.npz"
    if not path.exists():
        start("features", "Computing the features of each film once.")
        graph = _frozen_graph(network, config, folder)
        rows = np.concatenate([train.rows, val.rows])
        passes = [_plain(films, rows)]
        for copy in range(config.feature_copies):
            passes.append(_varied(films, train.rows, config, copy))
        total = len(rows) + config.feature_copies * len(train.rows)
        found = _run(graph, itertools.chain(*passes), lambda n: on_film(n, total))
        every = np.zeros((len(films.pixels), found.shape[1]), np.float32)
        every[rows] = found[: len(rows)]
        shape = (config.feature_copies, len(train.rows), found.shape[1])
        varied = found[len(rows) :].reshape(shape)
        with atomic_write(path) as partial:
            np.savez(partial, films=every, copies=varied)
    with np.load(path) as stored:
        return Features(stored["films"], stored["copies"])


def _plain(films: Films, rows: NDArray[np.intp]) -> Iterator[NDArray[np.float32]]:
    for row in rows:
        yield films.pixels[row].astype(np.float32)


def _varied(
    films: Films, rows: NDArray[np.intp], config: TrainingConfig, copy: int
) -> Iterator[NDArray[np.float32]]:
    for row in rows:
        rng = np.random.default_rng((config.seed, copy, int(row)))
        yield vary(films.pixels[row], config.augmentation, rng)


def _run(
    graph: Graph,
    pictures: Iterable[NDArray[np.float32]],
    on_film: Callable[[int], None],
) -> NDArray[np.float32]:
    found: list[NDArray[np.float32]] = []
    with contextlib.closing(graph.embeddings(pictures)) as embeddings:
        for embedding in embeddings:
            found.append(embedding)
            on_film(len(found))
    return np.stack(found)


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
