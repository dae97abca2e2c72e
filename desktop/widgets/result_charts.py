"""The charts of a report, beside each other where there is room."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from PyQt5.QtWidgets import QWidget

from core.reports.bar_charts import confusion_chart
from core.reports.charts import pr_chart, reliability_chart, roc_chart
from core.reports.tables import rate
from desktop.widgets.chart_view import ChartGrid

_NARROWEST_PX: Final = 380
_HEIGHT_PX: Final = 340
#: More width, and half as much height, for each label beyond five.
_LABEL_PX: Final = 40
#: Chart -> its title, and what to make of it.
_NOTES: Final = {
    "confusion": (
        "What was called what",
        "Rows are what the films are, columns what they were called.",
    ),
    "reliability": (
        "Whether its probabilities can be believed",
        "On the diagonal, a probability means what it says. The temperature is "
        "fitted on validation films.",
    ),
    "roc": ("ROC curves", "The further into the upper left corner, the better."),
    "pr": (
        "Precision-recall curves",
        "The further into the upper right corner, the better; what is good "
        "depends on how common the finding is.",
    ),
}


class ReportCharts(ChartGrid):
    """Confusion matrix, reliability, ROC and precision-recall curves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tuple(_NOTES), 2, _NOTES, parent)

    def set_result(self, result: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Draw an evaluation, if any; of a short one, the confusion matrix alone."""
        charts = {
            "confusion": partial(confusion_chart, result, names),
            "reliability": partial(reliability_chart, result),
            "roc": partial(roc_chart, result, names),
            "pr": partial(pr_chart, result, names),
        }
        # Matrix and keys need room for every label.
        more = _LABEL_PX * max(0, len(names) - 5)
        self.set_sizes(_NARROWEST_PX + more, _HEIGHT_PX + more // 2)
        is_long = "curves" in result
        shown = tuple(charts) if is_long else ("confusion",) if result else ()
        for name in shown:
            self.views[name].set_drawing(charts[name], _in_words(name, result, names))
        self.show_only(shown)


def _in_words(name: str, result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """What a chart shows, for those who cannot see it."""
    title, _ = _NOTES[name]
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
        f"{names.get(label, label)} {rate(part, of)}" for label, part in parts.items()
    ]
    return f"{title}. Area: " + ", ".join(areas)
