"""Which settings are tried next, and which trial is hopeless: Optuna's part.

The only module that knows it. A trial is running in the study from the moment it is
drawn, and what it runs with is written down before it begins. So after a kill the
study still knows each trial that had begun: those of this folder are taken up again,
and those that another machine left in a shared database are queued anew once its
process has not been heard of for two minutes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import optuna
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState

from core.errors import TrainingError
from core.jobs.events import EpochEnded
from core.records import convert, to_json
from core.search.record import (
    FAILED,
    FINISHED,
    PRUNED,
    RUNNING,
    WAITING,
    SearchRecord,
    TrialResult,
    TrialRow,
    is_better,
)
from core.search.space import Range, Space, Value, grid_of
from core.search.storage import HEARTBEAT_S, SILENCE_S, open_storage, told
from core.search.store import Search

#: Before the steps of the second phase, which has no epoch in common with the first.
_SECOND_PHASE: Final = 10_000
#: No trial is hopeless before so many others have ended, nor in its first epochs.
_MIN_TRIALS, _MIN_EPOCHS = 5, 3
#: Attributes of a trial.
_FOLDER, _RESULT, _REASON = "folder", "result", "reason"
#: Attribute of a study: what all who take part in it must agree on.
_ABOUT: Final = "search"
_STATES: Final = {
    TrialState.WAITING: WAITING,
    TrialState.RUNNING: RUNNING,
    TrialState.COMPLETE: FINISHED,
    TrialState.PRUNED: PRUNED,
    TrialState.FAIL: FAILED,
}


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A trial that is to be run, by its number, and its settings."""

    number: int
    params: Mapping[str, Value]


class Study:
    """The trials of a search; to be closed.

    Args:
        storage: Address of a database; empty for a journal in the search's folder.
        about: What all who share a database must agree on, as JSON values.

    Raises:
        TrainingError: The journal or database cannot be used, or is of another
            search.
    """

    def __init__(
        self, search: Search, space: Space, storage: str, about: Mapping[str, Any]
    ) -> None:
        record = search.record
        self._record, self._space = record, space
        self._is_shared = bool(storage)
        self._here = f"{platform.node()}:{search.path}"
        self._running: dict[int, Trial] = {}
        self._is_closed = threading.Event()
        pruner = optuna.pruners.MedianPruner(_MIN_TRIALS, _MIN_EPOCHS)
        with told(storage):
            self._storage = open_storage(storage, search.journal)
            self._study = optuna.create_study(
                storage=self._storage,
                study_name=record.name,
                direction="minimize" if record.measure == "loss" else "maximize",
                pruner=pruner if record.is_pruned else optuna.pruners.NopPruner(),
                load_if_exists=True,
            )
            self._agree(json.dumps(about, sort_keys=True))
            if record.sampler == "grid":
                self._queue_grid()
        if self._is_shared:
            threading.Thread(target=self._beat, daemon=True).start()

    def close(self) -> None:
        """Let the storage go."""
        self._is_closed.set()
        self._storage.remove_session()

    def interrupted(self) -> list[Drawn]:
        """Trials whose process ended before they did, to be taken up again."""
        with told():
            found = self._study.get_trials(False, (TrialState.RUNNING,))
            return [
                self._begin(Trial(self._study, trial._trial_id))
                for trial in found
                if not self._is_shared or trial.user_attrs.get(_FOLDER) == self._here
            ]

    def next(self) -> Drawn | None:
        """A trial to run, its settings drawn; None where there are enough."""
        with told():
            if self._is_shared:
                self._queue_lost()
            every = self._study.get_trials(deepcopy=False)
            begun = sum(_counts(trial) for trial in every)
            is_grid = self._record.sampler == "grid"
            waits = any(trial.state == TrialState.WAITING for trial in every)
            if begun >= self._record.trials or (is_grid and not waits):
                return None
            trial = self._study.ask()
            if is_grid and not _given(self._storage.get_trial(trial._trial_id)):
                # Somebody else took the last one meanwhile.
                self._study.tell(trial, state=TrialState.FAIL)
                return None
            return self._begin(trial)

    def report(self, number: int, epoch: EpochEnded) -> bool:
        """Take an epoch of a trial; whether it is hopeless."""
        step = epoch.epoch + _SECOND_PHASE * (epoch.phase != "head")
        value = getattr(epoch, f"val_{self._record.measure}")
        trial = self._running[number]
        with told():
            frozen = self._storage.get_trial(trial._trial_id)
            if step not in frozen.intermediate_values:  # told before a kill
                trial.report(value, step)
            return trial.should_prune()

    def finish(self, number: int, result: TrialResult) -> None:
        """A trial was trained."""
        trial = self._running.pop(number)
        with told():
            trial.set_user_attr(_RESULT, to_json(result))
            self._study.tell(trial, getattr(result, self._record.measure))

    def prune(self, number: int) -> None:
        """A trial was given up."""
        with told():
            self._study.tell(self._running.pop(number), state=TrialState.PRUNED)

    def fail(self, number: int, reason: str) -> None:
        """A trial cannot be trained."""
        trial = self._running.pop(number)
        with told():
            trial.set_user_attr(_REASON, reason)
            self._study.tell(trial, state=TrialState.FAIL)

    def rows(self) -> list[TrialRow]:
        """All trials; one that was queued anew only as it is now."""
        with told():
            every = self._study.get_trials(deepcopy=False)
        return [
            self._row(trial)
            for trial in every
            if trial.state != TrialState.FAIL or _REASON in trial.user_attrs
        ]

    def importance(self) -> dict[str, float]:
        """Setting -> its share of what makes trials differ; empty for too few.

        Source:
            Hutter et al., An efficient approach for assessing hyperparameter
            importance, ICML 2014.
        """
        done = self._study.get_trials(False, (TrialState.COMPLETE,))
        if len(done) < _MIN_TRIALS or len({trial.value for trial in done}) < 2:
            return {}
        found = optuna.importance.get_param_importances(self._study)
        return {name: float(share) for name, share in found.items()}

    def _begin(self, trial: Trial) -> Drawn:
        """Draw what a trial has not been given yet, and note who runs it."""
        trial.set_user_attr(_FOLDER, self._here)
        # By its number: a search that goes on must not draw the same once more.
        seed = np.random.SeedSequence((self._record.config.seed, trial.number))
        self._study.sampler = _sampler(self._record, int(seed.generate_state(1)[0]))
        for name, part in self._space.items():
            if not isinstance(part, Range):
                trial.suggest_categorical(name, part)
            elif part.is_whole:
                low, high = int(part.low), int(part.high)
                trial.suggest_int(
                    name, low, high, step=int(part.step or 1), log=part.log
                )
            else:
                trial.suggest_float(
                    name, part.low, part.high, step=part.step, log=part.log
                )
        self._running[trial.number] = trial
        self._show_alive(trial)
        return Drawn(trial.number, trial.params)

    def _agree(self, about: str) -> None:
        """Refuse a study of others whose trials cannot be ranked with ours."""
        theirs = self._study.user_attrs.get(_ABOUT)
        if theirs is None:
            self._study.set_user_attr(_ABOUT, about)
        elif theirs != about:
            raise TrainingError(
                f"The study {self._record.name} that is there already is of another "
                "search: its films, its space or its settings differ.",
                hint="Take part with the same, or give yours another --name.",
            )

    def _queue_grid(self) -> None:
        """Queue what is not there yet of as many combinations as are wanted."""
        grid = grid_of(self._space)
        np.random.default_rng(self._record.config.seed).shuffle(grid)  # type: ignore[arg-type]
        there = {_key(_given(t)) for t in self._study.get_trials(deepcopy=False)}
        for params in grid[: self._record.trials]:
            if _key(params) not in there:
                self._study.enqueue_trial(params)

    def _queue_lost(self) -> None:
        """Queue anew what a process of others left behind."""
        optuna.storages.fail_stale_trials(self._study)
        # One that ended before it could say whose it was has no heartbeat.
        long_ago = datetime.now() - timedelta(seconds=SILENCE_S)
        for trial in self._study.get_trials(False, (TrialState.RUNNING,)):
            began = trial.datetime_start
            if _FOLDER not in trial.user_attrs and began and began < long_ago:
                self._study.tell(trial.number, state=TrialState.FAIL)
                RetryHeartbeatStaleTrialCallback()(self._study, trial)

    def _beat(self) -> None:
        """Let others know that the trials of this process run."""
        while not self._is_closed.wait(HEARTBEAT_S):
            for trial in list(self._running.values()):
                # What ails the database the next question to it tells.
                with contextlib.suppress(Exception):
                    self._show_alive(trial)

    def _show_alive(self, trial: Trial) -> None:
        if isinstance(self._storage, RDBStorage):
            self._storage.record_heartbeat(trial._trial_id)

    def _row(self, trial: FrozenTrial) -> TrialRow:
        values = list(trial.intermediate_values.values())
        best = trial.value if trial.state == TrialState.COMPLETE else None
        for value in values if best is None else ():
            if best is None or is_better(self._record.measure, value, best):
                best = value
        began, ended = trial.datetime_start, trial.datetime_complete
        seconds = (ended or datetime.now()) - began if began else None
        result = trial.user_attrs.get(_RESULT)
        return TrialRow(
            number=trial.number,
            state=_STATES[trial.state],
            params=_given(trial),
            value=best,
            result=None if result is None else convert(result, TrialResult),
            reason=trial.user_attrs.get(_REASON, ""),
            seconds=round(seconds.total_seconds(), 1) if seconds else None,
            is_here=trial.user_attrs.get(_FOLDER) == self._here,
        )


def _sampler(record: SearchRecord, seed: int) -> optuna.samplers.BaseSampler:
    if record.sampler == "tpe":
        # Trials that run count as bad ones, so that no two are drawn alike.
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    return optuna.samplers.RandomSampler(seed=seed)


def _counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of those asked for, not one that was queued anew."""
    if trial.state == TrialState.FAIL:
        return _REASON in trial.user_attrs
    return trial.state != TrialState.WAITING


def _given(trial: FrozenTrial) -> dict[str, Value]:
    return trial.params or trial.system_attrs.get("fixed_params", {})


def _key(params: Mapping[str, Value]) -> str:
    return json.dumps(params, sort_keys=True)
