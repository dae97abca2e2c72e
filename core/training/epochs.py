"""What the epochs of a phase came to, and when it ends."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from core.errors import TrainingError
from core.jobs.events import EpochEnded
from core.model.classifier import probabilities
from core.training.pipeline import Part


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
        fitted: keras.callbacks.History,
        logits: NDArray[np.float32],
        rate: float,
    ) -> EpochEnded:
        """Sum up the epoch that was the last to begin.

        Args:
            logits: (n, c) float32, of the validation films.

        Raises:
            TrainingError: The loss is no number any more.
        """
        epoch, val = len(self.history) + 1, self._val
        logs = {name: float(values[-1]) for name, values in fitted.history.items()}
        if not math.isfinite(logs["loss"]) or not np.isfinite(logits).all():
            raise TrainingError(
                f"The {self._name} phase diverged in epoch {epoch}: "
                "the loss is not a number.",
                hint="Start again with a lower learning rate.",
            )
        called = logits.argmax(axis=1)
        known = np.unique(val.truth)
        macro_f1 = f1_score(val.truth, called, labels=known, average="macro")
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
            val_accuracy=round(float((called == val.truth).mean()), 5),
            val_macro_f1=round(float(macro_f1), 5),
            best=is_best,
            accuracy=round(logs["accuracy"], 5),
            macro_f1=round(logs["macro_f1"], 5),
            rate=rate,
            seconds=round(time.monotonic() - self._began, 2),
        )
        self.history.append(ended)
        return ended


def weighted_loss(logits: NDArray[np.float32], part: Part) -> float:
    """Mean cross-entropy of (n, c) logits over the films of a part, weighted."""
    p = probabilities(logits, 1.0)[np.arange(len(part.truth)), part.truth]
    return float(np.average(-np.log(np.maximum(p, 1e-12)), weights=part.weights))
