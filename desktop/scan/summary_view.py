"""What a scan came to: totals, and where labels are known what the model is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QWidget

from core.reports.tables import rate, result_tables
from core.reports.text import macro_note
from core.words import films as in_films
from desktop.widgets.buttons import button
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption, PlainText, Rule, SectionTitle
from desktop.widgets.layouts import PageScroll, column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.rates import TIPS
from desktop.widgets.result_charts import ReportCharts

_EMPTY: Final = "The totals come when the scan has ended."
_CALLED: Final = (
    "In these figures every film is called by its likeliest label, whether or not it "
    "is likely enough to be stated."
)
#: Films of a label below which its figures are not worth much.
_FEW: Final = 5
#: Width of a heading, of which the tip tells the rest.
_WIDEST_PX: Final = 200
_SHARE: Final = "With the 95 % interval"


class ScanSummaryView(PageScroll):
    """Shows the figures that `core scan --json` writes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scanSummary")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Summary of the scan")
        page = QWidget(self)
        page.setObjectName("reportBody")
        self.headline = PlainText("", page, by_keyboard=True)
        self.headline.setObjectName("reportHeadline")
        tip = "Copy all figures as text"
        self.copy_button = button("Cop&y all", self._on_copy_clicked, page, tip=tip)
        self.parity = NoteRow(page)
        self.note = NoteRow(page)
        self.totals = FiguresTable("Totals", page)
        self.sentences = PlainText("", page, by_keyboard=True)
        self.shares = FiguresTable("What the films of each label were called", page)
        self.shares.horizontalHeader().setMaximumSectionSize(_WIDEST_PX)
        self.overall = PlainText("", page, by_keyboard=True)
        self.figures = FiguresTable("Figures by finding", page)
        self.charts = ReportCharts(page)
        self._total_parts = (self.parity, self.note, self.totals)
        self._label_parts = (
            *(Rule(page), SectionTitle("Against the labels", page)),
            *(self.sentences, self.shares),
        )
        self._figure_parts = (
            *(Rule(page), SectionTitle("Figures by finding", page)),
            *(self.overall, self.figures, Caption(_CALLED, page), self.charts),
        )
        head = row((self.headline, 1), self.copy_button)
        head.setAlignment(self.copy_button, Qt.AlignmentFlag.AlignTop)
        parts = (*self._total_parts, *self._label_parts, *self._figure_parts)
        column(head, *parts, None, of=page, gap=10, margins=(6, 10, 10, 18))
        self.setWidget(page)
        self.set_summary(None)

    def set_summary(self, summary: Mapping[str, Any] | None) -> None:
        """Show figures as `core.scan.figures` makes them.

        Args:
            summary: None where there is none yet, or it is not understood.
        """
        self._known = known = summary if summary and _is_whole(summary) else {}
        by_label, result = known.get("by_label"), known.get("evaluation") or {}
        for parts, has_any in (
            ((self.copy_button, *self._total_parts), known),
            (self._label_parts, by_label),
            (self._figure_parts, result),
        ):
            for part in parts:
                part.setVisible(bool(has_any))
        self.headline.setText(_headline(known) if known else _EMPTY)
        if known:
            self.parity.set_text(_parity(known))
            self.note.set_text(_caution(known), "warn")
            self.totals.set_cells(*_totals(known), tips=["", "", _SHARE])
        if by_label:
            words = (each["in_words"] for each in by_label.values())
            self.sentences.setText("\n\n".join(words))
            head, rows = _shares(known)
            self.shares.set_cells(head, rows, tips=head)
        if result:
            self.overall.setText(_overall(result))
            table = result_tables(result, known["labels"])["findings"]
            self.figures.set_cells(table.head, table.rows, tips=TIPS)
        self.charts.set_result(result, known.get("labels", {}))
        self.verticalScrollBar().setValue(0)

    def as_text(self) -> str:
        """All that is shown, tables with tabs between the cells."""
        known = self._known
        if not known:
            return ""
        said = [self.headline.text(), self.parity.text, self.note.text]
        said.append(self.totals.cells.as_text())
        if known.get("by_label"):
            said += [self.sentences.text(), self.shares.cells.as_text()]
        if result := known.get("evaluation"):
            said += [self.overall.text(), self.figures.cells.as_text()]
            said.append(_matrix_text(result, known["labels"]))
        facts = (known["model"], known["model_sha256"], known["precision"])
        said.append(f"Model {', '.join(facts)}")
        return "\n\n".join(filter(None, said)) + "\n"

    @pyqtSlot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.as_text())


def _is_whole(summary: Mapping[str, Any]) -> bool:
    """Whether it has what is shown of it; another version may have written it."""
    wanted = {"labels", "films", "read", "not_read", "findings", "uncertain"}
    wanted |= {"with_warnings", "model", "model_sha256", "precision"}
    return wanted <= summary.keys()


def _headline(known: Mapping[str, Any]) -> str:
    films, refused = known["films"], known.get("refused", 0)
    text = f"{in_films(films)}, of which {known['read'] + refused:,} could be read."
    if refused:
        text += f" {in_films(refused)} refused: not of a kind that the model knows."
    if known["with_warnings"]:
        text += f" {in_films(known['with_warnings'])} with a warning."
    if known.get("unlabelled"):
        text += f" {in_films(known['unlabelled'])} without a label, so not measured."
    left_out = known.get("left_out")
    if isinstance(left_out, dict) and left_out.get("in_words"):
        text += f" {left_out['in_words']}"
    if known.get("normal_note"):
        text += f" {known['normal_note']}"
    return text


def _caution(known: Mapping[str, Any]) -> str:
    by_label = known.get("by_label", {}).items()
    few = [known["labels"][label] for label, n in by_label if n["read"] < _FEW]
    words = f"Fewer than {_FEW} films of {', '.join(few)}: such figures say little."
    return words if few else ""


def _parity(known: Mapping[str, Any]) -> str:
    """How far a fast precision agrees with the exact one, if one was used."""
    parity = known.get("parity")
    return str(parity["in_words"]) if isinstance(parity, dict) else ""


def _totals(known: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [known["labels"][label], f"{each['n']:,}", _percent(each)]
        for label, each in known["findings"].items()
    ]
    unsure = known["uncertain"]
    rows.append(["Uncertain", f"{unsure['n']:,}", _percent(unsure)])
    if known.get("refused"):
        rows.append(["Refused", f"{known['refused']:,}", ""])
    rows.append(["Not read", f"{known['not_read']:,}", ""])
    return ["Finding", "Films", "Share of verdicts"], rows


def _shares(known: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A row per true label: films, share of each verdict, what was not said."""
    names, by_label = known["labels"], known["by_label"]
    ruled_out = [
        label
        for label in names
        if any(label in each["not_called"] for each in by_label.values())
    ]
    head = ["Label", "Films read", *names.values(), "Uncertain"]
    head += [f"Not {names[label]}" for label in ruled_out]
    rows = []
    for label, each in by_label.items():
        row = [names[label], f"{each['read']:,}"]
        row += [_percent(each["called"][name]) for name in names]
        row.append(_percent(each["uncertain"]))
        row += [_percent(each["not_called"].get(name)) for name in ruled_out]
        rows.append(row)
    return head, rows


def _matrix_text(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    called = [names[label] for label in result["per_class"]]
    lines = [["Truth in rows, called in columns", *called]]
    for name, counts in zip(called, result["confusion_matrix"], strict=True):
        lines.append([name, *map(str, counts)])
    return "\n".join("\t".join(line) for line in lines)


def _overall(result: Mapping[str, Any]) -> str:
    accuracy, f1, ece = (rate(result, x) for x in ("accuracy", "macro_f1", "ece"))
    return (
        f"With a label and read: {in_films(result['n'])}. Accuracy {accuracy}, "
        f"Macro-F1 {f1}{macro_note(result)}, Calibration error {ece}."
    )


def _percent(each: Mapping[str, Any] | None) -> str:
    if each is None or each["share"] is None:
        return "–"
    low, high = (f"{100 * bound:.0f}" for bound in each["share_ci"])
    return f"{100 * each['share']:.0f} % ({low} to {high})"
