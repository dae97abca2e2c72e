"""How a candidate differs from the model in use: made, read, and shown."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from core.evaluation.compare_text import difference_name
from core.json_file import read_json
from core.model.bundle import ModelBundle
from core.reports.bar_charts import Measured, interval_chart
from core.runs.run import Run
from core.words import percent
from desktop.widgets.chart_view import ChartView
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import MessageCard

#: Verdict -> severity and the word beside its sign.
_VERDICTS: Final = {
    "better": ("good", "Better"),
    "no clear difference": ("note", "No clear difference"),
    "worse": ("stop", "Worse"),
    "not comparable": ("warn", "Not comparable"),
}
_HEAD: Final = ("", "Candidate", "In use", "Difference (95 %)", "Better in")
_TIPS: Final = (
    "",
    "The new model",
    "The model in use now",
    "Candidate less in use, with its 95 % interval",
    "Share of the resamples of the test films in which the candidate is better",
)
_CHART_TITLE: Final = "Candidate less the model in use"
_ROW_PX: Final = 26
_WIDE_PX: Final = 1000


def compare_command(
    run: Run, candidate: ModelBundle, in_use: ModelBundle, allowed_drop: float
) -> list[str]:
    """Words of the command that compares two models on a run's test films.

    Args:
        allowed_drop: Most by which the recall of a class may fall, a share.
    """
    return [
        *("compare", str(candidate.path), str(in_use.path)),
        *("--data", str(run.split), "--split", "test"),
        *("--allow-drop", str(allowed_drop)),
        *("--json", str(run.comparison(candidate, in_use)), "--overwrite"),
    ]


def read_comparison(
    path: Path, candidate: ModelBundle, in_use: ModelBundle
) -> Mapping[str, Any] | None:
    """The comparison that was kept; None unless it is of these two models."""
    try:
        result = read_json(path)
        hashes = result["candidate"]["sha256"], result["in_use"]["sha256"]
        is_whole = {"verdict", "sentences", "warnings", "differences", "dropped"}
        if hashes == (candidate.sha256, in_use.sha256) and is_whole <= set(result):
            return dict(result)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None


class ComparisonView(QWidget):
    """Shows a comparison as `core.evaluation.compare` makes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = MessageCard("note", self)
        self.warning = MessageCard("warn", self)
        self.table = FiguresTable("Differences between the two models", self)
        self.chart = ChartView(self)
        policy = QSizePolicy.Policy
        self.chart.setSizePolicy(policy.Expanding, policy.Fixed)
        self.foot = Caption("", self)
        self._line = row((self.table, 3), (self.chart, 2), gap=14)
        column(self.card, self.warning, self._line, self.foot, of=self)

    def set_comparison(self, result: Mapping[str, Any]) -> None:
        """Show a comparison."""
        severity, word = _VERDICTS.get(result["verdict"], ("note", result["verdict"]))
        if result["dropped"] and severity != "stop":
            severity, word = "warn", f"{word}, but a class fell too far"
        self.card.set_severity(severity, word)
        # A block of numbers is not read; one point after another is.
        first, *more = result["sentences"] or [""]
        words = "\n".join([first, *(f"•  {sentence}" for sentence in more)])
        # A line must not break between a number and its unit.
        self.card.set_words(words.replace(" %", "\u00a0%"))
        self.warning.set_words("\n".join(result["warnings"]))
        self.warning.setVisible(bool(result["warnings"]))
        shown = {each["name"]: each["display_name"] for each in result["labels"]}
        rows, measured, fallen = [], [], []
        for each in result["differences"]:
            if each["difference"] is None:
                continue
            if each["name"] == "recall" and each["label"] in result["dropped"]:
                fallen.append(len(rows))
            name = difference_name(each, shown)
            rows.append(_cells(name, each))
            bounds = each["difference_ci"]
            measured.append(Measured(name, each["difference"], *bounds))
        self.table.set_cells(_HEAD, rows, bold=fallen, tips=_TIPS)
        draw = functools.partial(interval_chart, measured, _CHART_TITLE)
        parts = (f"{each.name} {each.value:+.3f}" for each in measured)
        self.chart.set_drawing(draw, f"{_CHART_TITLE}: {', '.join(parts)}")
        self.chart.setFixedHeight(70 + _ROW_PX * max(1, len(rows)))
        self.foot.setText(_foot(result))
        for widget in (self.table, self.chart, self.foot):
            widget.setVisible(bool(rows))

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        way, is_wide = QBoxLayout.Direction, self.width() >= _WIDE_PX
        self._line.setDirection(way.LeftToRight if is_wide else way.TopToBottom)


def _cells(name: str, difference: Mapping[str, Any]) -> list[str]:
    low, high = difference["difference_ci"]
    return [
        name,
        f"{difference['candidate']:.3f}",
        f"{difference['in_use']:.3f}",
        f"{difference['difference']:+.3f} ({low:+.3f} to {high:+.3f})",
        percent(difference["better_share"]),
    ]


def _foot(result: Mapping[str, Any]) -> str:
    parts = [
        f"{result['n']} test films of {result.get('data', 'the run')} in "
        f"{result['groups']} independent groups; the same resamples serve both models."
    ]
    for reason, films in result.get("left_out", {}).items():
        if not reason.startswith("split "):  # the other splits, as they should be
            parts.append(f"Left out: {films} ({reason}).")
    return " ".join(parts)
