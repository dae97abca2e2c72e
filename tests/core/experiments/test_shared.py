"""Films and features that the trainings of an experiment share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample, index_dataset
from core.data.split import SPLITS, Split, write_manifest
from core.experiments.films import read_split
from core.experiments.shared import SharedFilms
from core.jobs.control import Control
from core.jobs.events import StageStarted, TrainingEvent
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.training.pipeline import JobFilms
from core.training.train import TrainingJob
from tests.phantoms import write_phantom_set

pytestmark = pytest.mark.training

CONFIG = TrainingConfig(weights="none", backbone="vgg16", size=32, head_epochs=1)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Split:
    """Of drawn films, twelve of each label."""
    return read_split(write_phantom_set(tmp_path_factory.mktemp("films"), 12))[1]


def some_of(split: Split) -> Split:
    """The same with half of the training films."""
    return dataclasses.replace(split, train=split.train[::2])


def every(split: Split) -> Sequence[Sample]:
    return (*split.train, *split.val, *split.test)


def test_a_job_gets_what_it_would_have_made(
    split: Split, small_backbone: None, tmp_path: Path
) -> None:
    events: list[TrainingEvent] = []
    progress = StageProgress(events.append, Control())
    shared = SharedFilms(tmp_path / "shared", every(split), progress)
    for number, films in enumerate((split, some_of(split), split)):
        manifest = tmp_path / f"{number}.csv"
        write_manifest(manifest, films)
        dataset = index_dataset(manifest)
        alone = JobFolder(tmp_path / f"alone-{number}")
        given = JobFolder(tmp_path / f"given-{number}")
        for folder in (alone, given):
            folder.path.mkdir()
        count = len(events)
        shared.lay_into(given, CONFIG, dataset)
        begun = [e.stage for e in events[count:] if isinstance(e, StageStarted)]
        assert begun.count("features") == (number == 0)
        one, other = (of_job(folder, dataset) for folder in (alone, given))
        assert one.keys() == other.keys()
        for file, (part, *arrays) in one.items():
            assert other[file][0] == part
            for mine, theirs in zip(arrays, other[file][1:], strict=True):
                np.testing.assert_allclose(mine, theirs, atol=1e-5)


def of_job(
    folder: JobFolder, dataset: Dataset
) -> dict[str, tuple[str, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]]:
    """Film -> its part of the split, pixels, looks, and features if learned from."""
    job = TrainingJob(CONFIG, folder, StageProgress(lambda event: None, Control()))
    films, dataset = job.read(dataset)
    data = JobFilms(dataset, job.split(dataset, films), films)
    features = job.features(job.films(data)).films
    return {
        sample.file: (
            part,
            films.pixels[row],
            films.fingerprints[row],
            features[row if part != "test" else data.rows("train")[0]],
        )
        for part in SPLITS
        for sample, row in zip(data.split.part(part), data.rows(part), strict=True)
    }
