"""Loss, accuracy and macro-F1 as a job learns."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QWidget

from core.jobs.events import EpochEnded
from core.reports.chart_style import ChartColours
from core.reports.charts import learning_chart
from desktop.widgets.chart_view import ChartView

MEASURES: Final = {"loss": "Loss", "accuracy": "Accuracy", "macro_f1": "Macro-F1"}
_NARROWEST_PX: Final = 260
_HEIGHT_PX: Final = 210


class LearningCharts(QWidget):
    """Three charts, beside each other where there is room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views = {measure: ChartView(self) for measure in MEASURES}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(10)
        self._columns = 0
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.set_history(())
        self._arrange(3)

    def set_history(self, history: Sequence[EpochEnded]) -> None:
        """Show these epochs, of both phases."""
        epochs = tuple(history)
        for measure, view in self.views.items():
            draw = functools.partial(_draw, epochs, measure)
            view.set_drawing(draw, _in_words(epochs, measure))

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for i, view in enumerate(self.views.values()):
            self._grid.addWidget(view, i // columns, i % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        rows = -(-3 // columns)
        for row in range(3):
            self._grid.setRowMinimumHeight(row, _HEIGHT_PX if row < rows else 0)
        self.setFixedHeight(rows * _HEIGHT_PX + (rows - 1) * 10)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        # Not the three side by side: it must be free to become narrow.
        return QSize(_NARROWEST_PX, _HEIGHT_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(max(1, min(3, (self.width() + 10) // (_NARROWEST_PX + 10))))


def _draw(
    history: Sequence[EpochEnded],
    measure: str,
    size: tuple[int, int],
    colours: ChartColours,
) -> Any:
    return learning_chart(history, measure, size=size, colours=colours)


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
