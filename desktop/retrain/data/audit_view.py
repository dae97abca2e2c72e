"""What the check of the films found, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QButtonGroup,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop.retrain.data.audit_result import (
    AuditResult,
    Finding,
    table_by_source,
    table_by_split,
)
from desktop.retrain.data.leak_card import LeakCard
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.message_card import MessageCard
from desktop.widgets.row_table import Rows, RowsDialog, WholeTable

#: Rows from which the table by source moves to a window of its own.
_MOST_ROWS = 24


class AuditView(QWidget):
    """Films, split, shortcuts and findings; hidden until there is a result.

    Signals:
        group_asked: films that belong together are to stay in one split.
        acceptance_changed: the user wrote why leaks are accepted, or changed it.
    """

    group_asked = pyqtSignal()
    acceptance_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._result: AuditResult | None = None
        self._dialog: RowsDialog | None = None
        self.summary = MessageCard("good", self)
        self.leaks = LeakCard(self)
        self.leaks.group_asked.connect(self.group_asked)
        self.leaks.acceptance_changed.connect(self.acceptance_changed)
        self.leaks.details_asked.connect(self._show_rows)
        self.table = WholeTable(self)
        self.sources = WholeTable(self)
        self._sources_button = QPushButton("Films by so&urce…", self)
        self._sources_button.clicked.connect(self._on_sources_clicked)
        self._split = Caption("", self)
        self._split.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.probes = _Cards(self)
        self._advice = Caption("", self)
        self.findings = _Cards(self)
        self.findings.details_asked.connect(self._show_rows)
        self.lists = _Lists(self)
        self.lists.details_asked.connect(self._show_rows)
        self._findings_title = SectionTitle("What else was found", self)
        self._probes_title = SectionTitle(
            "Could a program tell the labels apart without looking at lungs?", self
        )
        self._probes_title.setWordWrap(True)
        self._lay_out()
        self.hide()

    @property
    def result(self) -> AuditResult | None:
        """What is shown."""
        return self._result

    @property
    def split_words(self) -> str:
        """What is said of the split."""
        return self._split.text()

    @property
    def dialog(self) -> RowsDialog | None:
        """The window with the last details that were asked for."""
        return self._dialog

    def set_result(self, result: AuditResult) -> None:
        """Show what a check found."""
        self._result = result
        self._show_summary(result)
        self.leaks.set_leaks(result.leaks)
        self.table.set_rows(table_by_split(result))
        sources = table_by_source(result)
        is_whole = len(sources.rows) <= _MOST_ROWS
        has_sources = len(result.sources) > 1
        self.sources.setVisible(has_sources and is_whole)
        self._sources_button.setVisible(has_sources and not is_whole)
        if has_sources and is_whole:
            self.sources.set_rows(sources)
        self._split.setText(_split_words(result))
        self._split.setVisible(bool(result.split_sha256))
        self.probes.set_findings(result.probes)
        self._advice.setText(result.advice)
        self._advice.setVisible(bool(result.advice))
        self._probes_title.setVisible(bool(result.probes))
        self.findings.set_findings(_with_notes_together(result.findings))
        self._findings_title.setVisible(bool(result.findings or result.lists))
        self.lists.set_lists(result.lists)
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

    @pyqtSlot()
    def _on_sources_clicked(self) -> None:
        if self._result is not None:
            self._show_rows(table_by_source(self._result))

    @pyqtSlot(object)
    def _show_rows(self, rows: Rows) -> None:
        if self._dialog is not None:
            self._dialog.close()
            self._dialog.deleteLater()
        self._dialog = RowsDialog(rows, self)
        self._dialog.open()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.leaks)
        column.addSpacing(4)
        column.addWidget(SectionTitle("Films", self))
        column.addWidget(self.table)
        column.addWidget(self._split)
        column.addWidget(self.sources)
        column.addWidget(self._sources_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(4)
        column.addWidget(self._probes_title)
        column.addWidget(self.probes)
        column.addWidget(self._advice)
        column.addSpacing(4)
        column.addWidget(self._findings_title)
        column.addWidget(self.findings)
        column.addWidget(self.lists)


class _Cards(QWidget):
    """Findings below each other; a button opens the films of one."""

    details_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self.cards: list[_FindingCard] = []

    def set_findings(self, findings: Sequence[Finding]) -> None:
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [_FindingCard(finding, self) for finding in findings]
        for card in self.cards:
            card.details_asked.connect(self.details_asked)
            self._column.addWidget(card)
        self.setVisible(bool(findings))


def _with_notes_together(findings: Sequence[Finding]) -> list[Finding]:
    """What is only worth knowing goes into one card."""
    graver = [finding for finding in findings if finding.severity != "note"]
    notes = [finding for finding in findings if finding.severity == "note"]
    if notes:
        lines = [f"•  {note.text} {note.hint}".rstrip() for note in notes]
        graver.append(Finding("note", "\n".join(lines), word="Good to know"))
    return graver


class _FindingCard(MessageCard):
    details_asked = pyqtSignal(object)

    def __init__(self, finding: Finding, parent: QWidget) -> None:
        super().__init__(finding.severity, parent)
        self.finding = finding
        self.set_severity(finding.severity, finding.word)
        self.set_words(finding.text, finding.hint)
        if finding.details is not None:
            self.details = QPushButton("Show the films…", self)
            self.details.setAccessibleName(f"Show the films: {finding.text}")
            self.details.clicked.connect(self._on_details_clicked)
            self.column.addWidget(self.details, 0, Qt.AlignmentFlag.AlignLeft)

    @pyqtSlot()
    def _on_details_clicked(self) -> None:
        self.details_asked.emit(self.finding.details)


class _Lists(QWidget):
    """A button for each list of films."""

    details_asked = pyqtSignal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._tables: list[Rows] = []
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        self._group.idClicked.connect(self._on_group_clicked)
        self.buttons: list[QPushButton] = []

    def set_lists(self, tables: Sequence[Rows]) -> None:
        for button in self.buttons:
            self._group.removeButton(button)
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._tables, self.buttons = list(tables), []
        for i, table in enumerate(tables):
            button = QPushButton(f"{table.title} ({len(table.rows):,})…", self)
            self._group.addButton(button, i)
            self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            self.buttons.append(button)
        self.setVisible(bool(tables))

    @pyqtSlot(int)
    def _on_group_clicked(self, number: int) -> None:
        self.details_asked.emit(self._tables[number])


def _split_words(result: AuditResult) -> str:
    whose = {
        "given": "The split that the data brings",
        "regrouped": "The split, mended by putting what leaked into training,",
    }.get(result.origin, "The split")
    return (
        f"{whose} has the SHA-256 {result.split_sha256[:12]}…; it is kept with the "
        "run and never changes for it."
    )
