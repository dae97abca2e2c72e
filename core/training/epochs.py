"""What an epoch came to, and whether there is a better one."""

from __future__ import annotations

import math
import time

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from core.errors import TrainingError
from core.jobs.events import EpochEnded
from core.model.classifier import probabilities
from core.training.pipeline import Part


class Best:
    """Which epoch had the lowest validation loss, and whether to give up.

    Attributes:
        loss: The lowest so far.
        epoch: Whose it is, 1-based; 0 for the start.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self.loss = math.inf
        self.epoch = 0

    def take(self, epoch: int, loss: float) -> bool:
        """Whether the epoch, 0-based, is the best so far."""
        if not loss < self.loss:
            return False
        self.loss, self.epoch = loss, epoch + 1
        return True

    def is_stale(self, epoch: int) -> bool:
        """Whether patience has run out after the epoch, 0-based."""
        return 0 < self._patience <= epoch + 1 - self.epoch


def weighted_loss(logits: NDArray[np.float32], part: Part) -> float:
    """Mean cross-entropy of (n, c) logits over the films of a part, weighted."""
    p = probabilities(logits, 1.0)[np.arange(len(part.truth)), part.truth]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=part.weights))


def ended_epoch(
    epoch: int,
    fitted: keras.callbacks.History,
    logits: NDArray[np.float32],
    val: Part,
    best: Best,
    began: float,
    *,
    phase: str,
    epochs: int,
    rate: float,
) -> EpochEnded:
    """Sum up an epoch.

    Args:
        epoch: 0-based, within its phase.
        logits: (n, c) float32, of the validation films.
        began: When it did, by `time.monotonic`.

    Raises:
        TrainingError: The loss is no number any more.
    """
    logs = {name: float(values[-1]) for name, values in fitted.history.items()}
    if not math.isfinite(logs["loss"]) or not np.isfinite(logits).all():
        raise TrainingError(
            f"The {phase} phase diverged in epoch {epoch + 1}: "
            "the loss is not a number.",
            hint="Start again with a lower learning rate.",
        )
    called = logits.argmax(axis=1)
    known = np.unique(val.truth)
    macro_f1 = f1_score(val.truth, called, labels=known, average="macro")
    val_loss = weighted_loss(logits, val)
    return EpochEnded(
        phase=phase,
        epoch=epoch + 1,
        epochs=epochs,
        loss=round(logs["loss"], 5),
        val_loss=round(val_loss, 5),
        val_accuracy=round(float((called == val.truth).mean()), 5),
        val_macro_f1=round(float(macro_f1), 5),
        best=best.take(epoch, val_loss),
        accuracy=round(logs["accuracy"], 5),
        macro_f1=round(logs["macro_f1"], 5),
        rate=rate,
        seconds=round(time.monotonic() - began, 2),
    )
