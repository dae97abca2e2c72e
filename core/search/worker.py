"""What a node of a cluster does for a search: one trial after the other.

Loaded on the node before Keras is, so that it may say what Keras computes with.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.errors import TrainingError
from core.jobs.control import Control
from core.jobs.events import EpochEnded, TrainingEvent
from core.jobs.reporters import StageProgress
from core.runs.config import TrainingConfig
from core.runs.job_folder import JobFolder
from core.search.record import TrialResult

if TYPE_CHECKING:
    from core.training.head_fit import Features
    from core.training.pipeline import Part


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """A trial as a node gets it.

    Attributes:
        train, val: Rows in the films that come with it.
    """

    config: TrainingConfig
    train: Part
    val: Part
    labels: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Ran:
    """What came of a trial on a node.

    Attributes:
        outcome: None where it was given up.
        events: That were not fetched by `news`.
        files: Name -> content, of those that a full run goes on from.
    """

    outcome: TrialResult | TrainingError | None
    events: list[TrainingEvent]
    files: dict[str, bytes]


class TrialRunner:
    """Runs trials; `news` and `give_up` are asked while one runs.

    Args:
        backend: Of Keras.
        cores: That it may use.
    """

    def __init__(self, backend: str, cores: int) -> None:
        os.environ["KERAS_BACKEND"] = backend
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(cores)
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        self._lock = threading.Lock()
        self._events: list[TrainingEvent] = []
        self._is_given_up = threading.Event()

    def open(self) -> None:
        """Load Keras."""
        import core.search.trial  # noqa: F401

    def run(self, task: Task, pixels: NDArray[np.uint8], features: Features) -> Ran:
        """Run a trial.

        Args:
            pixels: (m, s, s) uint8, all films of the search.
            features: Of the frozen backbone.
        """
        from core.search.trial import KEPT, Hopeless, run_trial
        from core.training.features import write_features
        from core.training.pipeline import TrainingFilms
        from core.training.train import TrainingJob

        self._is_given_up.clear()

        def hear(event: TrainingEvent) -> None:
            with self._lock:
                self._events.append(event)
            if isinstance(event, EpochEnded) and self._is_given_up.is_set():
                raise Hopeless

        films = TrainingFilms(pixels, task.train, task.val, len(task.labels))
        with tempfile.TemporaryDirectory(
            prefix="hilum-", ignore_cleanup_errors=True
        ) as scratch:
            work, shared = JobFolder(Path(scratch)), JobFolder(Path(scratch, "shared"))
            write_features(shared, features)
            progress = StageProgress(hear, Control())
            job = TrainingJob(task.config, work, progress, shared)
            outcome: Any = None
            try:
                outcome = run_trial(job, films, task.labels)
            except TrainingError as error:
                outcome = error
            except Hopeless:
                pass
            files = {}
            if isinstance(outcome, TrialResult):
                kept = [work.path / name for name in KEPT]
                files = {p.name: p.read_bytes() for p in kept if p.exists()}
        return Ran(outcome, self.news(), files)

    def news(self) -> list[TrainingEvent]:
        """What the trial has told since this was last asked."""
        with self._lock:
            events, self._events = self._events, []
        return events

    def give_up(self) -> None:
        """End the trial after the epoch that it is in."""
        self._is_given_up.set()
