"""Carry an experiment out: its films, its trainings, its page.

A training that is finished is never done again, so an experiment that was killed goes
on where it was.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

import msgspec
import numpy as np

from core.audit.audit import SplitWish, audit
from core.data.dataset import Dataset
from core.data.split import Split, split_by_fold, write_manifest
from core.errors import (
    CoreError,
    DatasetError,
    OutputError,
    TrainingError,
    TrainingStopped,
)
from core.experiments.experiment import Arm, positive_label
from core.experiments.films import (
    crop_films,
    cropped_split,
    films_for,
    parts_of,
    read_split,
)
from core.experiments.record import ExperimentFolder, Record, Repeat
from core.files import write_json
from core.jobs.channel import append_event
from core.jobs.control import Control
from core.jobs.events import JobSucceeded, Noted, StageStarted, TrainingEvent
from core.jobs.reporters import Report, StageProgress, cancellable, counter
from core.json_file import read_json
from core.runs.config import TrainingConfig
from core.runs.job_folder import Job
from core.runs.run import FINISHED, Run, RunRecord
from core.runs.store import write_record

#: Why copies among cropped films, which may be found anew, do not end a training.
_CROPPED = "The split was made and checked on the films before they were cropped."
_READS_CROPPED = (
    "It learned from films cropped to the lungs, and reads others only once they are "
    "cropped in the same way."
)


def train_all(
    folder: ExperimentFolder, report: Report, control: Control
) -> dict[str, str]:
    """Train all that is to be compared, but for what is finished already.

    Returns:
        Arm -> why it was not run.

    Raises:
        TrainingStopped: The user wants the end; what was done is kept.
        CoreError: The data or the disk cannot serve.
    """
    record = folder.record()
    folder.refuse_running()
    _prepare(folder, record, cancellable(control, report))
    os.environ["KERAS_BACKEND"] = record.backend
    not_run: dict[str, str] = {}
    for repeat in folder.repeats(record):
        dataset, split = read_split(repeat.split)
        for arm in record.experiment.arms:
            if arm.name in not_run:
                continue
            training = _Training(folder, record, repeat, report, control)
            try:
                training.train(arm, dataset, split)
            except (TrainingStopped, OutputError):
                raise
            except CoreError as error:
                not_run[arm.name] = f"{error} {error.hint}".strip()
                report(Noted(f"Not run: {arm.title}. {not_run[arm.name]}"))
    if len(not_run) == len(record.experiment.arms):
        raise TrainingError(
            f"No arm of the experiment could be run. {next(iter(not_run.values()))}"
        )
    shutil.rmtree(folder.shared, ignore_errors=True)
    return not_run


def _prepare(folder: ExperimentFolder, record: Record, report: Report) -> None:
    """Check the films and split them, once."""
    repeats = folder.repeats(record)
    if repeats[-1].split.exists():
        return
    config = record.config(record.experiment.arms[0])
    found = audit(
        record.data,
        labels=config.labels,
        patient_pattern=config.patient_pattern,
        wish=SplitWish(config.validation, config.test, config.seed),
        report=report,
    )
    if found.split is None:
        worst = found.found["sentences"][0]
        raise DatasetError(worst["text"], hint=worst["hint"])
    write_json(folder.audit, found.found)
    if not record.folds:
        write_manifest(repeats[0].split, found.split)
        return
    films = (*found.split.train, *found.split.val, *found.split.test)
    every = tuple(sorted(films, key=lambda sample: sample.file))
    labels = tuple(found.found["labels"])
    _, groups = np.unique([sample.group for sample in every], return_inverse=True)
    splits = split_by_fold(
        Dataset(every, labels, {}, record.data.name),
        groups.astype(np.int32),
        folds=record.folds,
        validation=config.validation,
        seed=config.seed,
    )
    for repeat, split in zip(repeats, splits, strict=True):
        write_manifest(repeat.split, split)


class _Training:
    """The trainings of one seed or fold."""

    def __init__(
        self,
        folder: ExperimentFolder,
        record: Record,
        repeat: Repeat,
        report: Report,
        control: Control,
    ) -> None:
        self._folder, self._record, self._repeat = folder, record, repeat
        self._report, self._control = report, control

    def train(self, arm: Arm, dataset: Dataset, split: Split) -> None:
        """Train an arm; a CoreError where it cannot be."""
        every = split
        for part, without in parts_of(arm, dataset, split):
            run = self._folder.run(arm.name, self._repeat, part)
            if run.state() == FINISHED:
                continue
            if arm.crops and every is split:
                every = self._cropped(split)
            if run.damage:
                config = self._config(arm, dataset)
                films = self._films(arm, dataset, every, without)
                run = self._begin(run, arm, config, films)
            what = f"{arm.title}, {self._repeat.name}"
            self._finish(run, f"{what}, without {without}" if without else what, every)

    def _config(self, arm: Arm, dataset: Dataset) -> TrainingConfig:
        record = self._record
        config = record.config(arm)
        labels = () if arm.one_against_rest else (config.labels or dataset.labels)
        title = record.experiment.title
        return msgspec.structs.replace(
            config,
            name=f"{title}: {arm.title}, {self._repeat.name}",
            seed=self._repeat.seed,
            labels=labels,
            accept_leaks=_CROPPED if arm.crops else config.accept_leaks,
        )

    def _films(self, arm: Arm, dataset: Dataset, split: Split, without: str) -> Split:
        positive = ""
        if arm.one_against_rest:
            positive = positive_label(dataset.labels, self._record.positive)
        return films_for(
            arm, split, without=without, positive=positive, seed=self._repeat.seed
        )

    def _cropped(self, split: Split) -> Split:
        """The films cropped to the lungs, which is done once."""
        place = self._folder.path / "cropped"
        if not self._folder.crops.exists():
            count = len(split.train) + len(split.val) + len(split.test)
            report = cancellable(self._control, self._report)
            report(StageStarted("reading", f"Cropping {count:,} films to the lungs."))
            whole = crop_films(split, place, counter("reading", count, report))
            write_json(self._folder.crops, {"films": count, "whole": whole})
        return cropped_split(split, place)

    def _begin(self, run: Run, arm: Arm, config: TrainingConfig, films: Split) -> Run:
        record = RunRecord(
            name=config.name,
            preset=arm.preset or self._record.experiment.preset,
            data=self._record.data,
            started=self._record.started,
            config=config,
            backend=self._record.backend,
        )
        run = Run(run.path, record)
        write_manifest(run.split, films)
        write_record(run)
        return run

    def _finish(self, run: Run, what: str, every: Split) -> None:
        """Train, or go on where it was left, as `train` does.

        Args:
            every: The films of all trainings that read films as this one does.
        """
        from core.experiments.shared import SharedFilms
        from core.training.checks import check_job
        from core.training.train import run_job

        config, folder = run.record.config, run.work

        def tell(event: TrainingEvent) -> None:
            append_event(run.channel.events, event)
            if isinstance(event, StageStarted):
                event = StageStarted(event.stage, f"{what}: {event.detail}")
            if not isinstance(event, JobSucceeded):  # this is not the end of it
                self._report(event)

        dataset = check_job(config, run.split)
        if not folder.exists():
            command = self._record.command
            preset, backend = run.record.preset, run.record.backend
            folder.begin(Job(config, run.split, command, preset, backend))
            if config.accept_leaks == _CROPPED:
                folder.note(_READS_CROPPED)
        progress = StageProgress(tell, self._control)
        films = (*every.train, *every.val, *every.test)
        with folder.at_work():
            shared = SharedFilms(self._folder.shared, films, progress)
            shared.lay_into(folder, config, dataset)
            run_job(
                config,
                dataset,
                run.bundle_dir,
                folder=folder,
                command=folder.job().command,
                report=tell,
                control=self._control,
                for_use=False,
            )


def crop_note(folder: ExperimentFolder) -> str:
    """How many films could not be cropped; empty if none were to be."""
    try:
        found: dict[str, Any] = read_json(folder.crops)
    except FileNotFoundError:
        return ""
    whole, films = found["whole"], found["films"]
    return f"In {whole:,} of {films:,} films no lungs were found; these stayed whole."
