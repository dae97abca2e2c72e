"""The trials of a search on a cluster, one GPU each where there are any.

This process draws the trials, reads the films, computes features of frozen bases and
keeps all that comes of it; a node gets what its trial needs, and needs no folder of
the data. A trial whose node is lost is run by another from its start.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.cluster.cluster import Cluster, Node, WorkerLost, connected
from core.cluster.worker import NodeFacts, Plan, plans, refusal
from core.cluster.workers import Worker, WorkerPool
from core.errors import CoreError, DatasetError, TrainingError
from core.files import atomic_write
from core.jobs.events import TrainingEvent
from core.jobs.reporters import Report, StageProgress
from core.runs.run import Run
from core.search.study import Drawn
from core.search.trial import Hopeless
from core.search.trials import Trials
from core.search.worker import Ran, Task, TrialRunner

_WAIT_S: Final = 0.25
#: Nodes tell what their trials told so often.
_NEWS_EVERY_S: Final = 1.0
#: A trial that ends whoever runs it is not tried oftener.
_MAX_LOSSES: Final = 3


def run_on_cluster(trials: Trials, address: str) -> None:
    """Run the trials that are left on a cluster.

    Args:
        address: As `core.cluster.cluster.connected` takes it.

    Raises:
        CoreError: The cluster does not answer, or nobody of it can train.
    """
    with connected(address) as cluster:
        pool = TrainerPool(cluster, trials.progress.report, trials)
        try:
            _Driver(trials, cluster, pool).run()
        finally:
            pool.dismiss()


class TrainerPool(WorkerPool):
    """Workers that run trials: one for each GPU of a node, or for its cores."""

    purpose = "train"
    taken_over = "others run its trials"

    def __init__(self, cluster: Cluster, report: Report, trials: Trials) -> None:
        super().__init__(cluster, report, folder=trials.search.path)
        self._backend = trials.search.record.backend

    def start(self, node: Node, plan: Plan) -> Any:
        return self._cluster.start(
            TrialRunner, node, plan, self._backend, plan.cores, at_once=2
        )

    def plans(self, node: Node, facts: NodeFacts) -> list[Plan]:
        # It needs no folder of ours.
        there = dataclasses.replace(facts, has_folder=True)
        if said := refusal(there, self._here, self._folder):
            raise DatasetError(
                f"{node.name} {said}.",
                hint="Every node needs the same Hilum: mend that there, or take the "
                "node out.",
            )
        if not node.gpus:
            return plans(node.cores, (), 0)
        count = min(node.gpus, node.cores)
        return [Plan(node.cores // count, "GPU", 1)] * count


@dataclasses.dataclass(eq=False)
class _Running:
    """A trial that a worker has, or is to get.

    Attributes:
        token: Of the news of it that were asked for.
    """

    trial: Drawn
    run: Run
    worker: Worker | None = None
    losses: int = 0
    token: Any = None
    is_hopeless: bool = False


class _Driver:
    """Hands trials to workers, and takes what comes of them."""

    def __init__(self, trials: Trials, cluster: Cluster, pool: TrainerPool) -> None:
        self._trials, self._cluster, self._pool = trials, cluster, pool
        self._waiting: collections.deque[_Running] = collections.deque()
        self._running: list[_Running] = []
        self._asked_at = 0.0
        self._is_over = False
        self._pixels = functools.cache(self._share_pixels)
        self._features: dict[Path, Any] = {}

    def run(self) -> None:
        """Until all trials have ended."""
        control = self._trials.progress.control
        while True:
            control.stop_if_asked()
            for lost in self._pool.poll():
                self._lose(lost)
            for worker in self._pool.idle():
                task = self._next()
                if task is None:
                    break
                self._submit(worker, task)
            if not self._running and self._is_over and not self._waiting:
                return
            for task, ran in self._pool.answers(_WAIT_S):
                if ran is None:
                    self._lose(task)
                else:
                    self._take(task, ran)
            self._hear()

    def _next(self) -> _Running | None:
        if self._waiting:
            return self._waiting.popleft()
        trial = None if self._is_over else self._trials.next()
        if trial is None:
            self._is_over = True
            return None
        return _Running(trial, self._trials.begin(trial))

    def _submit(self, worker: Worker, task: _Running) -> None:
        config = task.run.record.config
        data = self._trials.shared.of_size(config.size)
        told = StageProgress(
            functools.partial(self._trials.hear, task.trial, task.run),
            self._trials.progress.control,
        )
        job = self._trials.shared.job(config, task.run.work, told)
        films = job.films(data)
        try:
            if job.shared.path not in self._features:
                # A worker makes what it varies anew in each epoch itself.
                found = dataclasses.replace(job.features(films), of_epoch=None)
                self._features[job.shared.path] = self._cluster.share(found)
        except TrainingError as error:
            self._trials.end(task.trial, task.run, error)
            return
        what = Task(config, films.train, films.val, data.dataset.labels)
        features = self._features[job.shared.path]
        pixels = self._pixels(config.size)
        task.worker, task.token = worker, None
        self._running.append(task)
        self._pool.submit(worker, task, "run", what, pixels, features)

    def _share_pixels(self, size: int) -> Any:
        pixels = self._trials.shared.of_size(size).films.pixels
        return self._cluster.share(np.array(pixels))

    def _take(self, task: _Running, ran: Ran) -> None:
        """A trial has ended on its node."""
        self._running.remove(task)
        self._fetch(task)
        self._tell(task, ran.events)
        for name, content in ran.files.items():
            with atomic_write(task.run.work.path / name) as partial:
                partial.write_bytes(content)
        outcome = Hopeless() if ran.outcome is None else ran.outcome
        self._trials.end(task.trial, task.run, outcome)

    def _lose(self, task: _Running) -> None:
        """A node was lost with a trial: another shall have it."""
        self._running.remove(task)
        task.worker, task.token, task.is_hopeless = None, None, False
        task.losses += 1
        if task.losses < _MAX_LOSSES:
            self._waiting.append(task)
            return
        error = CoreError(
            f"Whatever ran it ended {_MAX_LOSSES} times.",
            hint="It may need more memory than the nodes have.",
        )
        self._trials.end(task.trial, task.run, error)

    def _hear(self) -> None:
        """Fetch what trials told, and end those that are hopeless."""
        asks = time.monotonic() - self._asked_at > _NEWS_EVERY_S
        if asks:
            self._asked_at = time.monotonic()
        for task in list(self._running):
            assert task.worker is not None
            if task.token is not None:
                if self._cluster.answered([task.token], 0):
                    self._fetch(task)
            elif asks:
                task.token = self._cluster.ask(task.worker.actor, "news")
            if self._trials.progress.control.wants_finish:
                self._give_up(task)

    def _fetch(self, task: _Running) -> None:
        """Take the news of a trial that were asked for."""
        token, task.token = task.token, None
        if token is not None:
            try:
                self._tell(task, self._cluster.answer(token))
            except WorkerLost:  # which the pool finds out as well
                pass

    def _tell(self, task: _Running, events: list[TrainingEvent]) -> None:
        for event in events:
            try:
                self._trials.hear(task.trial, task.run, event)
            except Hopeless:
                self._give_up(task)

    def _give_up(self, task: _Running) -> None:
        if not task.is_hopeless and task.worker is not None:
            task.is_hopeless = True
            self._cluster.ask(task.worker.actor, "give_up")
