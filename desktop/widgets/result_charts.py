"""The charts of a report, beside each other where there is room."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from core.reports.bar_charts import confusion_chart
from core.reports.chart_style import ChartColours
from core.reports.charts import pr_chart, reliability_chart, roc_chart
from desktop.widgets.chart_view import ChartView
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.rates import figure, rate_of

_NARROWEST_PX: Final = 380
_HEIGHT_PX: Final = 340
_GAP_PX: Final = 18
#: More width, and half as much height, for each label beyond five.
_LABEL_PX: Final = 40
_NOTES: Final = {
    "confusion": "Rows are what the films are, columns what they were called.",
    "reliability": "On the diagonal, a probability means what it says. The "
    "temperature is fitted on validation films.",
    "roc": "The further into the upper left corner, the better.",
    "pr": "The further into the upper right corner, the better; what is good "
    "depends on how common the finding is.",
}
_TITLES: Final = {
    "confusion": "What was called what",
    "reliability": "Whether its probabilities can be believed",
    "roc": "ROC curves",
    "pr": "Precision-recall curves",
}


class ReportCharts(QWidget):
    """Confusion matrix, reliability, ROC and precision-recall curves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views = {name: ChartView(self) for name in _TITLES}
        self._frames = {name: self._frame(name) for name in _TITLES}
        self._shown: tuple[str, ...] = ()
        self._columns = 0
        self._narrowest = _NARROWEST_PX
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(_GAP_PX)
        self._grid.setVerticalSpacing(_GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_result(self, result: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Draw an evaluation; of a short one, the confusion matrix alone.

        Args:
            result: As `core.evaluation.evaluate.evaluate` makes it, or empty.
            names: Label -> as people read it.
        """
        charts = {
            "confusion": (confusion_chart, (result, names)),
            "reliability": (reliability_chart, (result,)),
            "roc": (roc_chart, (result, names)),
            "pr": (pr_chart, (result, names)),
        }
        # Matrix and keys need room for every label.
        more = max(0, len(names) - 5)
        self._narrowest = _NARROWEST_PX + _LABEL_PX * more
        for view in self.views.values():
            view.setMinimumHeight(_HEIGHT_PX + _LABEL_PX * more // 2)
        is_long = "curves" in result
        self._shown = tuple(charts) if is_long else ("confusion",) if result else ()
        for name, (chart, arguments) in charts.items():
            self._frames[name].setVisible(name in self._shown)
            if name in self._shown:
                draw = functools.partial(_draw, chart, arguments)
                words = _in_words(name, result, names)
                self.views[name].set_drawing(draw, words)
        self._columns = 0
        self._arrange()

    def _frame(self, name: str) -> QWidget:
        frame = QWidget(self)
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(SectionTitle(_TITLES[name], frame))
        column.addWidget(self.views[name], 1)
        column.addWidget(Caption(_NOTES[name], frame))
        return frame

    def _arrange(self) -> None:
        columns = 2 if self.width() >= 2 * self._narrowest + _GAP_PX else 1
        if columns == self._columns:
            return
        self._columns = columns
        for i, name in enumerate(self._shown):
            self._grid.addWidget(self._frames[name], i // columns, i % columns)
        for column in range(2):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self.updateGeometry()

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        # Not two side by side: it must be free to become narrow.
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def _draw(
    chart: Any, arguments: tuple[Any, ...], size: tuple[int, int], colours: ChartColours
) -> Any:
    return chart(*arguments, size=size, colours=colours)


def _in_words(name: str, result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a chart shows, for those who cannot see it."""
    title = _TITLES[name]
    if name == "confusion":
        called = [names.get(label, label) for label in result["per_class"]]
        rows = [
            f"{truth}: "
            + ", ".join(f"{n} {c}" for n, c in zip(row, called, strict=True))
            for truth, row in zip(called, result["confusion_matrix"], strict=True)
        ]
        return f"{title}. " + "; ".join(rows)
    if name == "reliability":
        return (
            f"{title}. Calibration error {result['ece']:.3f}, "
            f"before the temperature {result['ece_uncalibrated']:.3f}."
        )
    of = "auc" if name == "roc" else "average_precision"
    parts = result["per_class"] if name == "roc" else result["curves"]
    areas = [
        f"{names.get(label, label)} {figure(rate_of(part, of))}"
        for label, part in parts.items()
    ]
    return f"{title}. Area: " + ", ".join(areas)
