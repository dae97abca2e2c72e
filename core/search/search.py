"""The job of a search: trial after trial, and a table that tells how they stand."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from core.data.dataset import Dataset
from core.errors import TrainingError
from core.jobs.reporters import StageProgress
from core.runs.config import flat_settings
from core.search.record import SearchTable, TrialResult
from core.search.space import Space
from core.search.store import Search
from core.search.study import Drawn, Study
from core.search.trial import Hopeless, run_trial
from core.search.trials import SharedFilms, Trials
from core.training.device import find_device


def run_search(
    search: Search,
    space: Space,
    dataset: Dataset,
    *,
    storage: str,
    ray: str,
    progress: StageProgress,
) -> SearchTable:
    """Run the trials that are still to be run; ended by hand, those so far count.

    Args:
        dataset: Of `core.training.checks.check_job`.
        storage: Address of a database, with its password; empty for a journal.
        ray: Address of a cluster that runs the trials; empty for this machine.

    Raises:
        TrainingStopped: The user wants the end; what was done is kept.
        CoreError: The data, the settings, the storage or the disk cannot serve.
    """
    shared = SharedFilms(search, dataset, progress)
    split = shared.of_size(search.record.config.size).split
    with contextlib.closing(
        Study(search, space, storage, _about(search, split.sha256()))
    ) as study:
        trials = Trials(search, study, shared, progress)
        if ray:
            from core.search.on_cluster import run_on_cluster

            run_on_cluster(trials, ray)
        else:
            progress.report(find_device())
            while trial := trials.next():
                _run_here(trials, trial)
        return trials.write_table(is_last=True)


def _run_here(trials: Trials, trial: Drawn) -> None:
    """Run a trial in this process."""
    run = trials.begin(trial)
    config = run.record.config
    data = trials.shared.of_size(config.size)
    hear = functools.partial(trials.hear, trial, run)
    told = StageProgress(hear, trials.progress.control)
    job = trials.shared.job(config, run.work, told)
    outcome: TrialResult | Hopeless | TrainingError
    try:
        outcome = run_trial(job, job.films(data), data.dataset.labels)
    except (Hopeless, TrainingError) as error:
        outcome = error
    trials.end(trial, run, outcome)


def _about(search: Search, split: str) -> dict[str, Any]:
    """What all who take part in a search must agree on."""
    record = search.record
    same = flat_settings(record.config)
    for name in ("name", "weights", *record.space):
        same.pop(name, None)
    return {
        "space": record.space,
        "measure": record.measure,
        "settings": same,
        "split": split,
    }
