"""What all trials of a search share: the films, their split, features of frozen bases.

Each is made when a trial first needs it, and kept in the search's folder.
"""

from __future__ import annotations

import functools

import msgspec

from core.data.dataset import Dataset
from core.files import link_files
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.search.store import Search
from core.training.check import FINDINGS
from core.training.features import features_key
from core.training.pipeline import JobFilms
from core.training.train import TrainingJob


class SharedFilms:
    """Films and features of a search.

    Args:
        progress: Hears of the films as they are read.
    """

    def __init__(
        self, search: Search, dataset: Dataset, progress: StageProgress
    ) -> None:
        self._search, self._dataset, self._progress = search, dataset, progress
        self.of_size = functools.cache(self._of_size)

    def job(
        self, config: TrainingConfig, folder: JobFolder, progress: StageProgress
    ) -> TrainingJob:
        """A training of these films whose features others share."""
        shared = self._search.features(features_key(config))
        shared.path.mkdir(parents=True, exist_ok=True)
        return TrainingJob(config, folder, progress, shared)

    def _of_size(self, size: int) -> JobFilms:
        """The films at a size, all split as those of the search's own size are."""
        config, folder = self._search.record.config, self._search.films(size)
        folder.path.mkdir(parents=True, exist_ok=True)
        if size != config.size and not folder.split.exists():
            self.of_size(config.size)
            ours = self._search.films(config.size).path
            link_files(ours, folder.path, "split.*", FINDINGS)
        config = msgspec.structs.replace(config, size=size)
        job = TrainingJob(config, folder, self._progress)
        films, dataset = job.read(self._dataset)
        return JobFilms(dataset, job.split(dataset, films), films)
