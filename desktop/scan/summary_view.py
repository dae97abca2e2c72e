"""What a scan came to: totals, and where labels are known what the model is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QGuiApplication
from PyQt5.QtWidgets import QWidget

from core.reports.text import macro_note
from core.words import films as in_films
from desktop.widgets.buttons import button
from desktop.widgets.figures_table import FiguresTable
from desktop.widgets.labels import Caption, PlainText, Rule, SectionTitle
from desktop.widgets.layouts import PageScroll, column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.rates import RATES, TIPS, TITLES, figure, rate_of
from desktop.widgets.result_charts import ReportCharts

_EMPTY: Final = "The totals come when the scan has ended."
_CALLED: Final = (
    "In these figures every film is called by its likeliest label, whether or not it "
    "is likely enough to be stated."
)
#: Films of a label below which its figures are not worth much.
_FEW: Final = 5
#: Letters of a heading.
_LONGEST: Final = 24
#: Size of the headline to that of other text, whichever that is.
_HEADLINE: Final = 1.3
_SHARE: Final = "With the 95 % interval"


class ScanSummaryView(PageScroll):
    """Shows the figures that `core scan --json` writes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("scanSummary")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Summary of the scan")
        self._said: list[str] = []
        page = QWidget(self)
        page.setObjectName("reportBody")
        self.headline = PlainText("", page, by_keyboard=True)
        font = self.headline.font()
        font.setPointSizeF(font.pointSizeF() * _HEADLINE)
        self.headline.setFont(font)
        tip = "Copy all figures as text"
        self.copy_button = button("Cop&y all", self._on_copy_clicked, page, tip=tip)
        self.parity = NoteRow(page)
        self.note = NoteRow(page)
        self.totals = FiguresTable("Totals", page)
        self.sentences = PlainText("", page, by_keyboard=True)
        self.shares = FiguresTable("What the films of each label were called", page)
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
        """Show figures.

        Args:
            summary: As `core.scan.figures` makes it; None where there is none yet,
                or it is not understood.
        """
        known: Mapping[str, Any] = summary if summary and _is_whole(summary) else {}
        by_label, result = known.get("by_label"), known.get("evaluation") or {}
        for parts, has_any in (
            ((self.copy_button, *self._total_parts), known),
            (self._label_parts, by_label),
            (self._figure_parts, result),
        ):
            for part in parts:
                part.setVisible(bool(has_any))
        headline = _headline(known) if known else _EMPTY
        self.headline.setText(headline)
        self._said = []
        if known:
            parity, caution = _parity(known), _caution(known)
            self.parity.set_text(parity)
            self.note.set_text(caution, "warn")
            self._said += [headline, parity, caution]
            self._fill(self.totals, *_totals(known), tips=["", "", _SHARE])
        if by_label:
            words = "\n\n".join(each["in_words"] for each in by_label.values())
            self.sentences.setText(words)
            self._said.append(words)
            head, rows = _shares(known)
            self._fill(self.shares, head, rows, tips=head)
        if result:
            names = known["labels"]
            self.overall.setText(_overall(result))
            self._said.append(_overall(result))
            tips = ["", "", *(TIPS[name] for name in RATES)]
            self._fill(self.figures, *_figures(result, names), tips=tips)
            self._said.append(_matrix_text(result, names))
        if known:
            facts = (known["model"], known["model_sha256"], known["precision"])
            self._said.append(f"Model {', '.join(facts)}")
        self.charts.set_result(result, known.get("labels", {}))
        self.verticalScrollBar().setValue(0)

    def as_text(self) -> str:
        """All that is shown, tables with tabs between the cells."""
        said = [part for part in self._said if part]
        return "\n\n".join(said) + "\n" if said else ""

    def _fill(
        self,
        table: FiguresTable,
        head: Sequence[str],
        rows: Sequence[Sequence[str]],
        tips: Sequence[str],
    ) -> None:
        table.set_cells([_short(name) for name in head], rows, tips=tips)
        self._said.append("\n".join("\t".join(line) for line in (head, *rows)))

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
    names = known["labels"]
    few = [
        names[label]
        for label, counts in known.get("by_label", {}).items()
        if counts["read"] < _FEW
    ]
    if not few:
        return ""
    return f"Fewer than {_FEW} films of {', '.join(few)}: its figures say little."


def _parity(known: Mapping[str, Any]) -> str:
    """How far a fast precision agrees with the exact one, if one was used."""
    parity = known.get("parity")
    return str(parity["in_words"]) if isinstance(parity, dict) else ""


def _totals(known: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    rows = [
        [known["labels"][label], f"{each['n']:,}", _percent(each)]
        for label, each in known["findings"].items()
    ]
    rows.append(
        ["Uncertain", f"{known['uncertain']['n']:,}", _percent(known["uncertain"])]
    )
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


def _figures(
    result: Mapping[str, Any], names: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    head = ["", "Films", *(TITLES[name] for name in RATES)]
    rows = [
        [
            names[label],
            f"{rates['n']:,}",
            *(figure(rate_of(rates, name)) for name in RATES),
        ]
        for label, rates in result["per_class"].items()
    ]
    return head, rows


def _matrix_text(result: Mapping[str, Any], names: Mapping[str, str]) -> str:
    called = [names[label] for label in result["per_class"]]
    lines = [["Truth in rows, called in columns", *called]]
    for name, counts in zip(called, result["confusion_matrix"], strict=True):
        lines.append([name, *map(str, counts)])
    return "\n".join("\t".join(line) for line in lines)


def _overall(result: Mapping[str, Any]) -> str:
    rates = {
        "Accuracy": "accuracy",
        "Macro-F1": "macro_f1",
        "Calibration error": "ece",
    }
    words = [f"{word} {figure(rate_of(result, name))}" for word, name in rates.items()]
    words[1] += macro_note(result)
    return f"{in_films(result['n'])} with a label were read. {', '.join(words)}."


def _percent(each: Mapping[str, Any] | None) -> str:
    if each is None or each["share"] is None:
        return "–"
    low, high = (f"{100 * bound:.0f}" for bound in each["share_ci"])
    return f"{100 * each['share']:.0f} % ({low} to {high})"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1].rstrip()}…"
