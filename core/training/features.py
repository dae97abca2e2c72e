"""The features of the frozen backbone, computed once per film by OpenVINO."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
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


def features_key(config: TrainingConfig) -> str:
    """What tells the features of a job from those of others on the same films."""
    fields = config_to_json(config)
    names = ["backbone", "weights", "size", "seed", "feature_copies"]
    if config.feature_copies:
        names.append("augmentation")
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

    What a former call finished in the same folder is used again.
    """
    if (kept := read_features(folder)) is None:
        progress.start("features", "Computing the features of each film once.")
        graph = _frozen_graph(network, config, folder)
        rows = np.concatenate([films.train.rows, films.val.rows])
        copies = (config.feature_copies, len(films.train.rows))
        total = len(rows) + copies[0] * copies[1]
        found: list[NDArray[np.float32]] = []
        pictures = _pictures(films, rows, config)
        with contextlib.closing(graph.embeddings(pictures)) as embeddings:
            for embedding in embeddings:
                found.append(embedding)
                progress.done(len(found), total)
        every = np.zeros((len(films.pixels), len(found[0])), np.float32)
        every[rows] = found[: len(rows)]
        varied = np.array(found[len(rows) :]).reshape(*copies, every.shape[1])
        kept = Features(every, varied)
        write_features(folder, kept)
    return kept


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
    films: TrainingFilms, rows: NDArray[np.intp], config: TrainingConfig
) -> Iterator[NDArray[np.float32]]:
    """Films as they are, then varied copies of those to train on."""
    for row in rows:
        yield films.pixels[row].astype(np.float32)
    for copy in range(config.feature_copies):
        for row in films.train.rows:
            rng = np.random.default_rng((config.seed, copy, int(row)))
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
