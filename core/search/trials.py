"""The trials of a search until they have ended, and the films that they share."""

from __future__ import annotations

import functools
import time
from typing import Final

import msgspec

from core.data.dataset import Dataset
from core.errors import CoreError, TrainingError
from core.files import link_files
from core.jobs.channel import append_event
from core.jobs.events import (
    EpochEnded,
    JobFailed,
    JobStopped,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
)
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.runs.run import Run, RunRecord
from core.runs.store import fill_run
from core.search.record import MEASURES, SearchTable, TrialResult, ranked
from core.search.space import config_with
from core.search.store import Search
from core.search.study import Drawn, Study
from core.search.trial import KEPT, Hopeless, drop_checkpoints
from core.training.check import FINDINGS
from core.training.features import features_key
from core.training.pipeline import JobFilms
from core.training.train import TrainingJob

#: The table is written at most so often while a trial runs, seconds.
_WRITE_EVERY_S: Final = 1.0
#: Most of the time that is spent on finding out which settings matter.
_SHARE_OF_TIME: Final = 0.05


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


class Trials:
    """The trials of a search, from the moment they begin until they have ended.

    Attributes:
        shared: The films and features of all.
        progress: Of the search.
    """

    def __init__(
        self,
        search: Search,
        study: Study,
        shared: SharedFilms,
        progress: StageProgress,
    ) -> None:
        self.search, self.shared, self.progress = search, shared, progress
        self._study = study
        self._interrupted = study.interrupted()
        self._importance: dict[str, float] = {}
        self._written_at = self._weighed_at = self._weighing_s = 0.0
        self.write_table()

    def next(self) -> Drawn | None:
        """The trial to run now: one that a kill cut off, or else a new one."""
        control = self.progress.control
        control.stop_if_asked()
        while not control.wants_finish:
            ours = self._interrupted
            trial = ours.pop(0) if ours else self._study.next()
            if trial is None:
                break
            try:
                config_with(self.search.record.config, trial.params)
                return trial
            except TrainingError as error:  # each may be so, but not both together
                self._fail(trial, error)
                self._tell(trial, f"failed. {error}")
        return None

    def begin(self, trial: Drawn) -> Run:
        """The run of a trial: its folder, with what it is to do."""
        record = self.search.record
        config = config_with(record.config, trial.params)
        run = self.search.trial(trial.number)
        if run.damage:  # it is not there yet
            self.shared.of_size(config.size)
            about = RunRecord(
                name=config.name,
                preset=record.preset,
                data=record.data,
                started=record.started,
                config=config,
                backend=record.backend,
            )
            run.work.path.mkdir(parents=True, exist_ok=True)
            split = self.search.films(config.size).path / "split.csv"
            run = fill_run(run.path, about, split=split)
        self.write_table()
        return run

    def hear(self, trial: Drawn, run: Run, event: TrainingEvent) -> None:
        """Take what a trial tells.

        Raises:
            Hopeless: It need not go on.
        """
        append_event(run.channel.events, event)
        if isinstance(event, EpochEnded):
            is_hopeless = self._study.report(trial.number, event)
            if time.monotonic() - self._written_at > _WRITE_EVERY_S:
                self.write_table()
            if is_hopeless:
                raise Hopeless
        elif isinstance(event, StageStarted) and event.stage != "head":
            detail = f"Trial {trial.number}: {event.detail}"
            self.progress.report(StageStarted(event.stage, detail))
        elif isinstance(event, Progressed):
            self.progress.report(event)

    def end(
        self, trial: Drawn, run: Run, outcome: TrialResult | Hopeless | CoreError
    ) -> None:
        """Take what became of a trial."""
        number, measure = trial.number, self.search.record.measure
        if self.progress.control.wants_finish or isinstance(outcome, Hopeless):
            self._study.prune(number)
            said = "given up."
        elif isinstance(outcome, TrialResult):
            self._study.finish(number, outcome)
            said = f"{MEASURES[measure]} {getattr(outcome, measure):.4f}."
        else:
            self._fail(trial, outcome)
            said = f"failed. {outcome}"
        is_kept = isinstance(outcome, TrialResult)
        drop_checkpoints(run.work, keep=KEPT if is_kept else ())
        failed = isinstance(outcome, CoreError)
        end = JobFailed(str(outcome), outcome.hint) if failed else JobStopped()
        append_event(run.channel.events, end)
        self._tell(trial, said)

    def _fail(self, trial: Drawn, error: CoreError) -> None:
        self._study.fail(trial.number, f"{error} {error.hint}".strip())

    def _tell(self, trial: Drawn, said: str) -> None:
        """Say what became of a trial, and which is the best now."""
        best = self.write_table().best
        if best is not None and best.value is not None:
            said += f" The best is {best.value:.4f}, of trial {best.number}."
        self.progress.report(Noted(f"Trial {trial.number}: {said}"))

    def write_table(self, *, is_last: bool = False) -> SearchTable:
        """Write down how the trials stand."""
        record, now = self.search.record, time.monotonic()
        if is_last or (now - self._weighed_at) * _SHARE_OF_TIME >= self._weighing_s:
            self._importance = self._study.importance()
            self._weighed_at = time.monotonic()
            self._weighing_s = self._weighed_at - now
        table = SearchTable(
            record.measure,
            record.trials,
            ranked(self._study.rows(), record.measure),
            self._importance,
            self.search.chosen_trial(),
        )
        self.search.write_table(table)
        self._written_at = time.monotonic()
        return table
