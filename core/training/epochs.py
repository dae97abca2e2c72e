"""What the epochs of a phase came to, and when it ends."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import keras
import numpy as np
from numpy.typing import NDArray

from core.errors import TrainingError
from core.evaluation.metrics import confusion, rates_of
from core.jobs.events import EpochEnded, TrainingEvent
from core.jobs.reporters import Report
from core.model.classifier import probabilities
from core.runs.config import TrainingConfig
from core.training.pipeline import Part

#: Figures of an epoch, by Keras's names.
Logs: TypeAlias = Mapping[str, float]
#: Run of a log for TensorBoard -> its figures -> those of an epoch.
_LOGGED: Final = {
    "train": {
        "loss": "loss",
        "accuracy": "accuracy",
        "macro_f1": "macro_f1",
        "learning_rate": "rate",
    },
    "validation": {
        "loss": "val_loss",
        "accuracy": "val_accuracy",
        "macro_f1": "val_macro_f1",
    },
}


class Phase:
    """The epochs of a phase, which of them is the best, and when to give up.

    Attributes:
        history: What came of each; those before a resume too.
        best_loss: The lowest validation loss so far, or the start's.
        best_epoch: Whose it is, 1-based; 0 for the start.
    """

    def __init__(self, name: str, most: int, patience: int, val: Part) -> None:
        self._name, self._most, self._patience, self._val = name, most, patience, val
        self._began = 0.0
        self.history: list[EpochEnded] = []
        self.best_loss = math.inf
        self.best_epoch = 0

    def epochs(self) -> Iterator[int]:
        """Numbers, from 0, of the epochs to come, until patience runs out."""
        for epoch in range(len(self.history), self._most):
            if 0 < self._patience <= epoch - self.best_epoch:
                return
            self._began = time.monotonic()
            yield epoch

    def end(
        self,
        logs: Logs,
        logits: NDArray[np.float32],
        rate: float,
    ) -> EpochEnded:
        """Sum up the epoch that was the last to begin.

        Args:
            logs: Keras's figures of the epoch.
            logits: (n, c) float32, of the validation films.

        Raises:
            TrainingError: The loss is no number any more.
        """
        epoch, val = len(self.history) + 1, self._val
        if not math.isfinite(logs["loss"]) or not np.isfinite(logits).all():
            raise TrainingError(
                f"The {self._name} phase diverged in epoch {epoch}: "
                "the loss is not a number.",
                hint="Start again with a lower learning rate.",
            )
        called = logits.argmax(axis=1)
        rates = rates_of(confusion(val.truth, called, logits.shape[-1]))
        val_loss = weighted_loss(logits, val)
        is_best = val_loss < self.best_loss
        if is_best:
            self.best_loss, self.best_epoch = val_loss, epoch
        ended = EpochEnded(
            phase=self._name,
            epoch=epoch,
            epochs=self._most,
            loss=round(logs["loss"], 5),
            val_loss=round(val_loss, 5),
            val_accuracy=round(float(rates["accuracy"]), 5),
            val_macro_f1=round(float(rates["macro_f1"]), 5),
            best=is_best,
            accuracy=round(logs["accuracy"], 5),
            macro_f1=round(logs["macro_f1"], 5),
            rate=rate,
            seconds=round(time.monotonic() - self._began, 2),
        )
        self.history.append(ended)
        return ended


def rate_of(
    config: TrainingConfig, highest: float, history: Sequence[EpochEnded]
) -> float | None:
    """The learning rate of the next epoch where epochs, not steps, decide it.

    Args:
        highest: The phase's own, with which it begins.
        history: Every epoch of the phase so far, so that a resumed job goes on at
            the same rate.

    Returns:
        None for a rate that changes with each step, or never.
    """
    if config.schedule != "plateau":
        return None
    rate, waited = highest, 0
    for epoch in history:
        waited = 0 if epoch.best else waited + 1
        if waited == config.plateau_patience:
            rate, waited = rate * config.plateau_factor, 0
    return rate


def weighted_loss(logits: NDArray[np.float32], part: Part) -> float:
    """Mean cross-entropy of (n, c) logits over the films of a part, weighted."""
    p = probabilities(logits, 1.0)[np.arange(len(part.truth)), part.truth]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=part.weights))


@contextlib.contextmanager
def also_to_tensorboard(report: Report, log_dir: Path) -> Iterator[Report]:
    """A report whose epochs go into a log for TensorBoard too.

    As with Keras's own callback one run is named "train" and one "validation". The
    figures of each phase stand in a group of its own.

    Args:
        log_dir: Of `core.training.checks.check_log_dir`.
    """
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":  # which needs the graphics memory
        tf.config.set_visible_devices([], "GPU")
    record = tf.compat.v1.SummaryMetadata
    # As `tf.summary.scalar` writes it, for which the package tensorboard would be
    # needed here; it is only needed where the log is looked at.
    scalar = record(plugin_data=record.PluginData(plugin_name="scalars"), data_class=1)
    with contextlib.ExitStack() as stack:
        writers = {}
        for run in _LOGGED:
            writers[run] = tf.summary.create_file_writer(str(log_dir / run))
            stack.callback(writers[run].close)

        def keep(event: TrainingEvent) -> None:
            for run, fields in _LOGGED.items() if isinstance(event, EpochEnded) else ():
                with tf.device("cpu:0"), writers[run].as_default(step=event.epoch):
                    for name, field in fields.items():
                        if (figure := getattr(event, field)) is not None:
                            value = tf.constant(figure, tf.float32)
                            place = f"{event.phase}/{name}"
                            tf.summary.write(place, value, None, scalar)
                writers[run].flush()
            report(event)

        yield keep
