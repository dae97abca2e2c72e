"""What the trainings of an experiment share: films, their check, and features.

Each is made when a training first needs it, and laid into the folders of all that
need the same, as if they had made it themselves.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample
from core.files import link_files
from core.films.preprocess import PreprocessSpec
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.training.check import FINDINGS
from core.training.features import are_fixed, features_key, write_features
from core.training.head_fit import Features
from core.training.pipeline import (
    Films,
    Part,
    TrainingFilms,
    read_films,
    write_part,
)
from core.training.train import TrainingJob


class SharedFilms:
    """Films and features of an experiment.

    Args:
        path: Folder to keep them in.
        every: All films that a training may use, in any order.
        progress: Hears of the films as they are read.
    """

    def __init__(
        self, path: Path, every: Iterable[Sample], progress: StageProgress
    ) -> None:
        self._path, self._progress = path, progress
        # As the manifest of a training names them.
        named = (dataclasses.replace(s, file=str(s.path.resolve())) for s in every)
        self._every = sorted(named, key=lambda sample: sample.file)

    def lay_into(
        self, folder: JobFolder, config: TrainingConfig, dataset: Dataset
    ) -> None:
        """Give a job what others have made, or will need as well.

        Args:
            dataset: The films of the job, each of them among all.
        """
        films = self._films(config)
        rows = write_part(films, dataset.samples, folder.path)
        self._check(folder, config, dataset)
        if are_fixed(config):
            features = self._features(films, config, len(dataset.labels))
            write_features(
                folder, Features(features[rows], np.empty((0, 0, 0), np.float32))
            )

    def _films(self, config: TrainingConfig) -> Films:
        spec, total = PreprocessSpec(config.size), len(self._every)
        place = self._path / f"films-{config.size}-{_key(self._every)}"
        place.mkdir(parents=True, exist_ok=True)
        self._progress.start("reading", f"Reading {total:,} films.")
        return read_films(
            self._every, spec, place, lambda done: self._progress.done(done, total)
        )

    def _check(
        self, folder: JobFolder, config: TrainingConfig, dataset: Dataset
    ) -> None:
        """Look for copies and shortcuts once among the same films."""
        checked = JobFolder(self._path / f"check-{_key(dataset.samples)}")
        if checked.split.exists():
            link_files(checked.path, folder.path, "split.*", FINDINGS)
            return
        job = TrainingJob(config, folder, self._progress)
        films, dataset = job.read(dataset)
        job.split(dataset, films)
        checked.path.mkdir(parents=True, exist_ok=True)
        link_files(folder.path, checked.path, FINDINGS, "split.csv")
        link_files(folder.path, checked.path, checked.split.name)  # last: it is all

    def _features(
        self, films: Films, config: TrainingConfig, classes: int
    ) -> NDArray[np.float32]:
        """(n, d) float32, of all films."""
        name = f"features-{features_key(config)}-{_key(self._every)}"
        folder = JobFolder(self._path / name)
        folder.path.mkdir(parents=True, exist_ok=True)
        rows = np.arange(len(films.samples))
        truth, weights = np.zeros_like(rows), np.ones(len(rows), np.float32)
        every, none = Part(rows, truth, weights), Part(rows[:0], truth[:0], weights[:0])
        job = TrainingJob(config, folder, self._progress)
        return job.features(TrainingFilms(films.pixels, every, none, classes)).films


def _key(samples: Iterable[Sample]) -> str:
    """What tells films, their labels and their split from others."""
    told = sorted((s.file, s.label, s.split) for s in samples)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
