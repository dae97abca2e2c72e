"""The parts of a report from the figures down."""

from __future__ import annotations

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QLabel, QVBoxLayout, QWidget

from core.evaluation.findings import SHORTCUT_HEAD, notes_about, shortcut_rows
from desktop.retrain.report.data import (
    ReportData,
    class_rows,
    film_rows,
    settings_rows,
    source_rows,
    within_rows,
)
from desktop.retrain.report.mistakes import MistakesView
from desktop.retrain.runs.learning_charts import LearningCharts
from desktop.retrain.runs.request import changed_settings
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption, Rule, SectionTitle
from desktop.widgets.rates import RATES, TIPS, TITLES
from desktop.widgets.result_charts import ReportCharts

_WITHIN = (
    "Between two labels of one place, where no trace of the source can help. These "
    "figures say more about lungs than those over all films."
)
_CHECK = (
    "How well a program that cannot see the lungs tells the labels of these films "
    "apart; 0.5 is chance."
)
_CHECK_TIPS = (
    "",
    "Each label against the others, averaged, with its 95 % interval",
    "What the same program reaches once the labels are shuffled",
    "The two labels that it tells apart best",
    "How well it tells these two apart",
)


class ReportBody(QWidget):
    """Figures, charts, mistakes, curves, settings, films and hashes.

    Signals:
        film_asked: Path. A mistake is to be looked at.
        film_missed: Mistake. It was asked for, and its film is gone.
    """

    film_asked = pyqtSignal(object)
    film_missed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = FiguresTable("Figures by finding", self)
        self.charts = ReportCharts(self)
        self.check = FiguresTable("Labels told apart without looking at lungs", self)
        self.check_notes = QLabel(self)
        self.check_notes.setWordWrap(True)
        self.check_notes.setTextFormat(Qt.TextFormat.PlainText)
        self.check_notes.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.sources = FiguresTable("Figures by source", self)
        self.within = FiguresTable("Figures within one source", self)
        self.mistakes = MistakesView(self)
        self.mistakes.film_asked.connect(self.film_asked)
        self.mistakes.film_missed.connect(self.film_missed)
        self.learning = LearningCharts(self)
        self.settings = FiguresTable("Settings", self)
        self.films = FiguresTable("Films", self)
        self._hashes = QLabel(self)
        self._hashes.setWordWrap(True)
        self._hashes.setTextFormat(Qt.TextFormat.PlainText)
        self._hashes.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 6, 0, 0)
        self._column.setSpacing(8)
        self._lay_out()

    def set_data(self, data: ReportData) -> None:
        """Show a report."""
        has_result = bool(data.result)
        for part in self._figure_parts:
            part.setVisible(has_result)
        if has_result:
            head = ["", "Films", *(TITLES[name] for name in RATES)]
            tips = ["", "", *(TIPS[name] for name in RATES)]
            self.figures.set_cells(head, class_rows(data), tips=tips)
        self.charts.set_result(data.result, data.names)
        self._show_check(data)
        self._show_sources(data)
        self.mistakes.set_mistakes(data.mistakes)
        for part in self._mistake_parts:
            part.setVisible(bool(data.mistakes))
        self.learning.set_history(data.history)
        for part in self._learning_parts:
            part.setVisible(bool(data.history))
        self._show_settings(data)
        head, rows = film_rows(data)
        self.films.set_cells(head, rows, bold=[0])
        self._films_part.setVisible(bool(rows))
        self._films_part.set_summary(_films_summary(head, rows))
        self._hashes.setText(_hashes(data))

    def shut_down(self) -> None:
        """End the thread that reads films."""
        self.mistakes.shut_down()

    def _show_check(self, data: ReportData) -> None:
        found = data.bundle.card.data
        rows, notes = shortcut_rows(found, data.names), notes_about(found, data.names)
        self.check.set_cells(SHORTCUT_HEAD, rows, tips=_CHECK_TIPS)
        self.check_notes.setText("\n".join(f"•  {note}" for note in notes))
        for part in self._check_parts:
            part.setVisible(bool(notes))
        for part in (self._check_about, self.check):
            part.setVisible(bool(rows))

    def _show_sources(self, data: ReportData) -> None:
        sources, within = source_rows(data), within_rows(data)
        self.sources.set_cells(["Source", "Films", "Accuracy", "Macro-F1"], sources)
        self.within.set_cells(["Within", "Labels", "Films", "AUC"], within)
        for part in self._source_parts:
            part.setVisible(bool(sources))
        for part in self._within_parts:
            part.setVisible(bool(within))

    def _show_settings(self, data: ReportData) -> None:
        record = data.run.record
        changed: list[str] = []
        if record.preset:
            settings = changed_settings(record.config, record.preset)
            changed = [setting.split("=", 1)[0] for setting in settings]
            changed = [name for name in changed if name != "name"]
        rows = settings_rows(data.run, changed=changed)
        self.settings.set_cells(["Setting", "Value"], rows, bold=range(len(changed)))
        summary = f"{len(changed)} differ from the preset" if changed else "as preset"
        self._settings_part.set_summary(summary if record.preset else "")

    def _lay_out(self) -> None:
        self._figure_parts = self._add("By finding", "", self.figures)
        self._column.addWidget(self.charts)
        self._check_about = Caption(_CHECK, self)
        title = "What the check of its films found"
        self._check_parts = self._add(title, "", self._check_about)
        for part in (self.check, self.check_notes):
            self._check_parts.append(part)
            self._column.addWidget(part)
        note = (
            "The films that were called wrongly with the highest probability. Press "
            "one to open it in the Diagnose tab, where the model in use reads it."
        )
        self._mistake_parts = self._add("Worst mistakes", note, self.mistakes)
        self._source_parts = self._add("By source", "", self.sources)
        self._within_parts = self._add("Within one source", _WITHIN, self.within)
        self._learning_parts = self._add("How it learned", "", self.learning)
        self._column.addWidget(Rule(self))
        self._settings_part = self._fold("Settings", self.settings)
        self._films_part = self._fold("Films", self.films)
        self._hashes_part = self._fold("Hashes and versions", self._hashes)

    def _add(self, title: str, note: str, body: QWidget) -> list[QWidget]:
        parts: list[QWidget] = [Rule(self), SectionTitle(title, self)]
        parts += [Caption(note, self)] if note else []
        parts.append(body)
        for part in parts:
            self._column.addWidget(part)
        return parts

    def _fold(self, title: str, body: QWidget) -> Disclosure:
        part = Disclosure(title, self)
        inner = QVBoxLayout(part.body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(body)
        self._column.addWidget(part)
        return part


def _films_summary(head: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return ""
    counts = zip(rows[0][1:], head[1:], strict=True)
    return ", ".join(f"{count} for {split.lower()}" for count, split in counts)


def _hashes(data: ReportData) -> str:
    card = data.bundle.card
    lines = [f"Model SHA-256: {data.bundle.sha256}"]
    if split := card.data.get("split_sha256"):
        lines.append(f"Split SHA-256: {split}")
    lines += [f"{name}: {value}" for name, value in card.files.items()]
    versions = card.training.get("versions", {})
    if versions:
        lines += ["", "Versions"]
        lines += [f"{name}: {value}" for name, value in versions.items()]
    if command := card.training.get("command"):
        lines += ["", f"Made by: {command}"]
    lines += ["", f"Folder: {data.run.path}"]
    return "\n".join(lines)
