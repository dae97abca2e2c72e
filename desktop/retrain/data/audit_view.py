"""What the check of the films found, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QLabel, QLineEdit, QPushButton, QSizePolicy, QWidget

from desktop.retrain.data.audit import AuditResult, Finding
from desktop.widgets.buttons import button
from desktop.widgets.figures_table import FiguresTable, Rows, RowsDialog
from desktop.widgets.labels import Caption, PlainText, SectionTitle
from desktop.widgets.layouts import WidgetList, column, row
from desktop.widgets.message_card import MessageCard

#: Rows from which the table by source moves to a window of its own.
_MOST_ROWS = 24
_QUESTION: Final = "Could a program tell the labels apart without looking at lungs?"
#: Letters of a reason that says something.
_LEAST_REASON: Final = 10
_KEPT: Final = "Your words go into the record of the run."


class AuditView(QWidget):
    """Films, split, shortcuts and findings; hidden until there is a result."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: AuditResult | None = None
        self.dialog: RowsDialog | None = None
        self.summary = MessageCard("good", self)
        self.leaks = LeakCard(self._show_rows, self)
        self.table = FiguresTable("Films by split", self, are_figures=False)
        self.sources = FiguresTable("Films by source", self, are_figures=False)
        self._sources_button = button(
            "Films by so&urce…", self._on_sources_clicked, self
        )
        self.split = Caption("", self)
        self.split.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        title = SectionTitle(_QUESTION, self)
        title.setWordWrap(True)
        self._probes = WidgetList(self, head=title)
        self._advice = Caption("", self)
        self._findings_title = SectionTitle("What else was found", self)
        self._findings = WidgetList(self)
        self.lists = WidgetList(self, gap=4)
        column(
            column(self.summary, self.leaks),
            column(
                *(SectionTitle("Films", self), self.table, self.split, self.sources),
                row(self._sources_button, None),
            ),
            column(self._probes, self._advice),
            column(self._findings_title, self._findings, self.lists),
            of=self,
            gap=12,
        )
        self.hide()

    def set_result(self, result: AuditResult) -> None:
        """Show what a check found."""
        self.result = result
        self._show_summary(result)
        self.leaks.set_leaks(result.leaks)
        result.by_split().fill(self.table.cells)
        sources = result.by_source()
        has_sources = len(result.sources) > 1
        is_whole = len(sources.rows) <= _MOST_ROWS
        self.sources.setVisible(has_sources and is_whole)
        self._sources_button.setVisible(has_sources and not is_whole)
        if has_sources and is_whole:
            sources.fill(self.sources.cells)
        self.split.setText(_split_words(result))
        self.split.setVisible(bool(result.split_sha256))
        self._probes.set_widgets([self._card(each) for each in result.probes])
        self._advice.setText(result.advice)
        self._advice.setVisible(bool(result.advice))
        self._findings_title.setVisible(bool(result.findings or result.lists))
        found = _with_notes_together(result.findings)
        self._findings.set_widgets([self._card(each) for each in found])
        self.lists.set_widgets([self._list_button(rows) for rows in result.lists])
        self.show()

    def _show_summary(self, result: AuditResult) -> None:
        count, labels = result.films, len(result.labels)
        words = f"{count:,} films of {labels} label{'s' if labels != 1 else ''}"
        # Their own card says it, and where to go from there.
        self.summary.setVisible(result.problem is not None or not result.leaks)
        if result.problem is not None:
            self.summary.set_severity("stop")
            self.summary.set_words(result.problem.text, result.problem.hint)
        elif result.has_shortcut:
            self.summary.set_severity("warn", "Can be used, with care")
            self.summary.set_words(f"{words}; see the shortcuts below.")
        else:
            self.summary.set_severity("good", "Ready")
            self.summary.set_words(f"{words} can be used.")

    def _card(self, finding: Finding) -> MessageCard:
        card = MessageCard(finding.severity, self, finding.word)
        card.set_words(finding.text, finding.hint)
        return card

    def _list_button(self, rows: Rows) -> QPushButton:
        text = f"{rows.title} ({len(rows.rows):,})…"
        made = button(text, partial(self._show_rows, rows), self.lists)
        policy = QSizePolicy.Policy
        made.setSizePolicy(policy.Maximum, policy.Fixed)
        return made

    @pyqtSlot()
    def _on_sources_clicked(self) -> None:
        if self.result is not None:
            self._show_rows(self.result.by_source())

    def _show_rows(self, rows: Rows) -> None:
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.deleteLater()
        self.dialog = RowsDialog(rows, self)
        self.dialog.open()


class LeakCard(MessageCard):
    """Blocks the start until the films are grouped or the leaks are accepted.

    Hidden while nothing leaks.

    Signals:
        acceptance_changed: the user wrote why, or changed it.
    """

    acceptance_changed = pyqtSignal()

    def __init__(self, show_rows: Callable[[Rows], None], parent: QWidget) -> None:
        super().__init__("stop", parent)
        self._show_rows = show_rows
        self._leaks: tuple[Finding, ...] = ()
        self._rows = WidgetList(self, gap=4)
        self.group = QPushButton("&Group them", self)
        self.group.setToolTip("Check again, and keep what belongs together together")
        self.reason = QLineEdit(self)
        self.reason.setPlaceholderText("Why these leaks do no harm here")
        self.reason.setAccessibleName("Accept the leaks in writing")
        self.reason.setAccessibleDescription(
            "Your words go into the record of the run; at least 10 letters"
        )
        self.reason.textChanged.connect(self._on_reason_changed)
        self._count = Caption("", self)
        about = Caption("Puts films that belong together into one split.", self)
        second = QLabel("Or accept them in writing:", self)
        second.setBuddy(self.reason)
        self.column.addWidget(self._rows)
        self.column.addSpacing(4)
        self.column.addLayout(row(self.group, (about, 1), gap=10))
        self.column.addSpacing(4)
        for widget in (second, self.reason, self._count):
            self.column.addWidget(widget)
        self.set_words(
            "Some films are in two splits, as themselves or as a copy. Figures on "
            "the test films would be better than the model is.",
        )
        self.hide()

    @property
    def acceptance(self) -> str:
        """Why the leaks are accepted; empty while they are not."""
        text = self.reason.text().strip()
        return text if self._leaks and len(text) >= _LEAST_REASON else ""

    @property
    def is_blocking(self) -> bool:
        """Whether a training may not start."""
        return bool(self._leaks) and not self.acceptance

    def set_leaks(self, leaks: Sequence[Finding]) -> None:
        """Show what leaks; the words of an acceptance stay."""
        self._leaks = tuple(leaks)
        self._rows.set_widgets([self._row_of(leak) for leak in leaks])
        self.setVisible(bool(leaks))
        self._on_reason_changed()

    @pyqtSlot()
    def _on_reason_changed(self) -> None:
        missing = _LEAST_REASON - len(self.reason.text().strip())
        if self.acceptance:
            self.set_severity("warn", "Leaks, accepted")
            self._count.setText(f"Accepted. {_KEPT}")
        else:
            self.set_severity("stop", "Leaks: resolve or accept")
            more = f"{missing} more letter{'s' if missing != 1 else ''}."
            self._count.setText(more if 0 < missing < _LEAST_REASON else _KEPT)
        self.acceptance_changed.emit()

    def _row_of(self, leak: Finding) -> QWidget:
        line = QWidget(self._rows)
        words = PlainText(f"•  {leak.text}", line)
        assert leak.details is not None  # every leak lists its films
        show = button("Show…", partial(self._show_rows, leak.details), line)
        show.setAccessibleName(f"Show the films: {leak.text}")
        row((words, 1), show, of=line)
        line.layout().setAlignment(show, Qt.AlignmentFlag.AlignTop)
        return line


def _with_notes_together(findings: Sequence[Finding]) -> list[Finding]:
    """What is only worth knowing goes into one card."""
    graver = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    if notes:
        lines = [f"•  {note.text} {note.hint}".rstrip() for note in notes]
        graver.append(Finding("note", "\n".join(lines), word="Good to know"))
    return graver


def _split_words(result: AuditResult) -> str:
    whose = {
        "given": "The split that the data brings",
        "regrouped": "The split, mended by putting what leaked into training,",
    }.get(result.origin, "The split")
    return (
        f"{whose} has the SHA-256 {result.split_sha256[:12]}…; it is kept with the "
        "run and never changes for it."
    )
