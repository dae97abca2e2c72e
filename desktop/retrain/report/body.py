"""The parts of a report from the figures down."""

from __future__ import annotations

from typing import Final

from PyQt5.QtWidgets import QWidget

from core.evaluation.findings import SHORTCUT_HEAD, notes_about, shortcut_rows
from core.reports.tables import result_tables
from desktop.retrain.report.data import (
    ReportData,
    changed_names,
    film_rows,
    hash_lines,
    settings_rows,
    source_rows,
)
from desktop.retrain.report.mistakes import MistakesView
from desktop.retrain.runs.learning_charts import LearningCharts
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import (
    Caption,
    PlainText,
    Rule,
    SectionTitle,
)
from desktop.widgets.layouts import column
from desktop.widgets.rates import TIPS
from desktop.widgets.result_charts import ReportCharts

_WITHIN: Final = (
    "Between two labels of one place, where no trace of the source can help. These "
    "figures say more about lungs than those over all films."
)
_CHECK: Final = (
    "How well a program that cannot see the lungs tells the labels of these films "
    "apart; 0.5 is chance."
)
_CHECK_TIPS: Final = (
    "",
    "Each label against the others, averaged, with its 95 % interval",
    "What the same program reaches once the labels are shuffled",
    "The two labels that it tells apart best",
    "How well it tells these two apart",
)
_MISTAKES: Final = (
    "The films that were called wrongly with the highest probability. Press one to "
    "open it in the Diagnose tab, where the model in use reads it."
)


class ReportBody(QWidget):
    """Figures, charts, mistakes, curves, settings, films and hashes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures = FiguresTable("Figures by finding", self)
        self.charts = ReportCharts(self)
        self.check = FiguresTable("Labels told apart without looking at lungs", self)
        self._check_about = Caption(_CHECK, self)
        self.check_notes = PlainText("", self, is_selectable=True)
        self.sources = FiguresTable("Figures by source", self)
        self.within = FiguresTable("Figures within one source", self)
        self.mistakes = MistakesView(self)
        self.learning = LearningCharts(self)
        self.settings = FiguresTable("Settings", self)
        self.films = FiguresTable("Films", self)
        self._hashes = PlainText("", self, by_keyboard=True)
        self._figures_part = self._part("By finding", self.figures)
        check = (self._check_about, self.check, self.check_notes)
        self._check_part = self._part("What the check of its films found", *check)
        self._mistakes_part = self._part(
            "Worst mistakes", Caption(_MISTAKES, self), self.mistakes
        )
        self._sources_part = self._part("By source", self.sources)
        self._within_part = self._part(
            "Within one source", Caption(_WITHIN, self), self.within
        )
        self._learning_part = self._part("How it learned", self.learning)
        self.settings_part = self._fold("Settings", self.settings)
        self._films_part = self._fold("Films", self.films)
        hashes_part = self._fold("Hashes and versions", self._hashes)
        column(
            *(self._figures_part, self.charts, self._check_part, self._mistakes_part),
            *(self._sources_part, self._within_part, self._learning_part, Rule(self)),
            *(self.settings_part, self._films_part, hashes_part),
            of=self,
            margins=(0, 6, 0, 0),
        )

    def set_data(self, data: ReportData) -> None:
        """Show a report."""
        tables = result_tables(data.result, data.names) if data.result else {}
        if "findings" in tables:
            table = tables["findings"]
            self.figures.set_cells(table.head, table.rows, tips=TIPS)
        self.charts.set_result(data.result, data.names)
        self._show_check(data)
        sources, within = source_rows(data), tables.get("within")
        self.sources.set_cells(("Source", "Films", "Accuracy", "Macro-F1"), sources)
        if within is not None:
            self.within.set_cells(within.head, within.rows)
        self.mistakes.set_mistakes(data.mistakes)
        self.learning.set_history(data.history)
        self._show_settings(data)
        head, rows = film_rows(data)
        self.films.set_cells(head, rows, bold=[0])
        for part, has_any in (
            (self._figures_part, data.result),
            (self._sources_part, sources),
            (self._within_part, within),
            (self._mistakes_part, data.mistakes),
            (self._learning_part, data.history),
            (self._films_part, rows),
        ):
            part.setVisible(bool(has_any))
        counts = zip(rows[0][1:], head[1:], strict=True) if rows else ()
        summary = (f"{count} for {split.lower()}" for count, split in counts)
        self._films_part.set_summary(", ".join(summary))
        self._hashes.setText("\n".join(hash_lines(data)))

    def _show_check(self, data: ReportData) -> None:
        found = data.bundle.card.data
        rows, notes = shortcut_rows(found, data.names), notes_about(found, data.names)
        self.check.set_cells(SHORTCUT_HEAD, rows, tips=_CHECK_TIPS)
        self.check_notes.set_points(notes)
        self._check_part.setVisible(bool(notes))
        for part in (self._check_about, self.check):
            part.setVisible(bool(rows))

    def _show_settings(self, data: ReportData) -> None:
        changed = changed_names(data.run.record)
        rows = settings_rows(data.run, changed=changed)
        self.settings.set_cells(("Setting", "Value"), rows, bold=range(len(changed)))
        summary = f"{len(changed)} differ from the preset" if changed else "as preset"
        self.settings_part.set_summary(summary if data.run.record.preset else "")

    def _part(self, title: str, *widgets: QWidget) -> QWidget:
        part = QWidget(self)
        column(Rule(part), SectionTitle(title, part), *widgets, of=part)
        return part

    def _fold(self, title: str, widget: QWidget) -> Disclosure:
        part = Disclosure(title, self)
        column(widget, of=part.body)
        return part
