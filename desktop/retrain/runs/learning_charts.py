"""Loss, accuracy and macro-F1 as a job learns."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from PyQt5.QtWidgets import QWidget

from core.jobs.events import EpochEnded
from core.reports.charts import learning_chart
from desktop.widgets.chart_view import ChartGrid

MEASURES: Final = {"loss": "Loss", "accuracy": "Accuracy", "macro_f1": "Macro-F1"}
_NARROWEST_PX: Final = 260
_HEIGHT_PX: Final = 210


class LearningCharts(ChartGrid):
    """Three charts over the epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tuple(MEASURES), 3, parent=parent)
        self.set_sizes(_NARROWEST_PX, _HEIGHT_PX)
        self.show_only(tuple(MEASURES))
        self.set_history(())

    def set_history(self, history: Sequence[EpochEnded]) -> None:
        """Show these epochs, of both phases."""
        epochs = tuple(history)
        for measure, view in self.views.items():
            draw = functools.partial(learning_chart, epochs, measure)
            view.set_drawing(draw, _in_words(epochs, measure))


def _in_words(history: Sequence[EpochEnded], measure: str) -> str:
    title = MEASURES[measure]
    if not history:
        return f"{title}: no epoch has ended yet"
    last = history[-1]
    value = getattr(last, f"val_{measure}")
    text = f"{title}: {value:.3f} on the validation films after epoch {len(history)}"
    best = max((i for i, epoch in enumerate(history) if epoch.best), default=None)
    if best is None:
        return text
    value = getattr(history[best], f"val_{measure}")
    return f"{text}, {value:.3f} in the best epoch, {best + 1}"
