"""How a candidate differs from the model in use: sentences, table, whiskers."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from core.model.classifier import percent
from core.reports.bar_charts import Measured, interval_chart
from desktop.widgets.chart_view import ChartView
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import MessageCard

#: Verdict -> severity and the word beside its sign.
_VERDICTS: Final = {
    "better": ("good", "Better"),
    "no clear difference": ("note", "No clear difference"),
    "worse": ("stop", "Worse"),
    "not comparable": ("warn", "Not comparable"),
}
_NAMES: Final = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "mean_auc": "Mean AUC",
    "recall": "Recall",
    "auc": "AUC",
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


class ComparisonView(QWidget):
    """Shows a comparison as `core.evaluation.compare` makes it.

    Attributes:
        card: The verdict in words.
        warnings: What makes the comparison doubtful, as it is shown.
        table, chart: The differences.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.card = MessageCard("note", self)
        self.warnings: tuple[str, ...] = ()
        self._warning = MessageCard("warn", self)
        self.table = FiguresTable("Differences between the two models", self)
        self.chart = ChartView(self)
        self._foot = Caption("", self)
        self._grid = QGridLayout()
        self._grid.setSpacing(14)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(8)
        page.addWidget(self.card)
        page.addWidget(self._warning)
        page.addLayout(self._grid)
        page.addWidget(self._foot)
        self._is_wide: bool | None = None
        self._arrange()

    def set_comparison(self, result: Mapping[str, Any]) -> None:
        """Show a comparison."""
        severity, word = _VERDICTS.get(result["verdict"], ("note", result["verdict"]))
        if result["dropped"] and severity != "stop":
            severity, word = "warn", f"{word}, but a class fell too far"
        self.card.set_severity(severity, word)
        # A line must not break between a number and its unit.
        first, *more = result["sentences"] or [""]
        # A block of numbers is not read; one point after another is.
        words = "\n".join([first, *(f"•  {sentence}" for sentence in more)])
        words = words.replace(" %", "\u00a0%")
        self.card.set_words(words)
        self._set_warnings(result["warnings"])
        names = {each["name"]: each["display_name"] for each in result["labels"]}
        known = [row for row in result["differences"] if row["difference"] is not None]
        self.table.set_cells(
            _HEAD,
            [_row(row, names) for row in known],
            bold=[
                i
                for i, row in enumerate(known)
                if row["name"] == "recall" and row["label"] in result["dropped"]
            ],
            tips=_TIPS,
        )
        measured = [_measured(row, names) for row in known]
        draw = functools.partial(interval_chart, measured, _CHART_TITLE)
        self.chart.set_drawing(draw, _in_words(known, names))
        self.chart.setFixedHeight(70 + _ROW_PX * max(1, len(known)))
        for widget in (self.table, self.chart):
            widget.setVisible(bool(known))
        self._foot.setText(_foot(result))
        self._foot.setVisible(bool(known))

    def _set_warnings(self, sentences: Sequence[str]) -> None:
        self.warnings = tuple(sentences)
        self._warning.set_words("\n".join(sentences))
        self._warning.setVisible(bool(sentences))

    def _arrange(self) -> None:
        is_wide = self.width() >= _WIDE_PX
        if is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        self._grid.addWidget(self.table, 0, 0)
        self._grid.addWidget(self.chart, 0 if is_wide else 1, 1 if is_wide else 0)
        self._grid.setColumnStretch(0, 3)
        self._grid.setColumnStretch(1, 2 if is_wide else 0)
        policy = QSizePolicy.Policy
        self.chart.setSizePolicy(policy.Expanding, policy.Fixed)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


def difference_name(row: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """ "Recall, Pneumonia"."""
    name = _NAMES.get(row["name"], row["name"])
    label = row["label"]
    return name if label is None else f"{name}, {names.get(label, label)}"


def _row(row: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    low, high = row["difference_ci"]
    return [
        difference_name(row, names),
        f"{row['candidate']:.3f}",
        f"{row['in_use']:.3f}",
        f"{row['difference']:+.3f} ({low:+.3f} to {high:+.3f})",
        percent(row["better_share"]),
    ]


def _measured(row: Mapping[str, Any], names: Mapping[str, str]) -> Measured:
    low, high = row["difference_ci"]
    return Measured(difference_name(row, names), row["difference"], low, high)


def _in_words(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    parts = [f"{difference_name(row, names)} {row['difference']:+.3f}" for row in rows]
    return f"{_CHART_TITLE}: {', '.join(parts)}"


def _foot(result: Mapping[str, Any]) -> str:
    parts = [
        f"{result['n']} test films of {result.get('data', 'the run')} in "
        f"{result['groups']} independent groups; the same resamples serve both models."
    ]
    apart = result["mcnemar"]
    if apart is not None:
        parts.append(
            f"McNemar: the candidate alone is right {apart['only_candidate_right']} "
            f"times, the model in use alone {apart['only_in_use_right']} times, "
            f"p = {apart['p']:.3g}."
        )
    for reason, films in result.get("left_out", {}).items():
        if not reason.startswith("split "):  # the other splits, as they should be
            parts.append(f"Left out: {films} ({reason}).")
    return " ".join(parts)
