"""How a scan stands, and the buttons that change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.scan.progress import LISTING, READING, STOPPING, WATCHING, ScanProgress
from core.scan.record import FINISHED, FROM_FOLDERS, FROM_LIST, PAUSED, ScanRecord
from core.words import duration_in_words
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, ElidedLabel, printable
from desktop.widgets.message_card import NoteRow
from desktop.widgets.times import when_in_words

_STEPS: Final = 1000
_NOTE_ROWS: Final = 5
_COMPACT_ROWS: Final = 2
_KEEPS_ON: Final = (
    "You can close the window: the scan goes on when Hilum is opened again."
)
_CANCEL_TIP: Final = "End the scan; what was done is kept, and it can go on later"


class ScanHead(QWidget):
    """The head of a scan's page.

    Signals:
        back_asked: to the start page.
        pause_asked, go_on_asked, cancel_asked: of the scan under way.
        resume_asked: a scan that is not under way is to go on.
        anew_asked: its folder is to be scanned with the model in use.
    """

    back_asked = pyqtSignal()
    pause_asked = pyqtSignal()
    go_on_asked = pyqtSignal()
    cancel_asked = pyqtSignal()
    resume_asked = pyqtSignal()
    anew_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_paused = self._is_refused = self._is_compact = False
        self._may_close_now = False
        self.back_button = _button(self, "Sc&ans", self.back_asked)
        self.back_button.setToolTip("New scan, and the list of all (this one goes on)")
        self.title = ElidedLabel("", self)
        self.title.setObjectName("scanTitle")
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.title.setFont(font)
        self.facts = ElidedLabel("", self)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("stageBar")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName("Progress of the scan")
        self._words = QLabel("", self)
        self._words.setWordWrap(True)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self.keeps_on = Caption(_KEEPS_ON, self)
        self.line = NoteRow(self)
        self.notes = Disclosure("Notes", self)
        self.note_text = QPlainTextEdit(self.notes.body)
        self.pause_button = _button(self, "&Pause", None)
        self.pause_button.clicked.connect(self._on_pause_clicked)
        self.cancel_button = _button(self, "&Cancel", self.cancel_asked)
        self.anew_button = _button(self, "Scan ane&w…", self.anew_asked)
        self.resume_button = _button(self, "&Go on", self.resume_asked)
        self._lay_out()

    @property
    def words(self) -> str:
        """What is said of how it stands."""
        return self._words.text()

    def set_compact(self, is_compact: bool) -> None:
        """Take less room, for a low window."""
        if is_compact == self._is_compact:
            return
        self._is_compact = is_compact
        self.keeps_on.setVisible(self._may_close_now and not is_compact)
        self._set_note_rows()

    def set_record(self, record: ScanRecord) -> None:
        """Say which scan it is."""
        self.title.set_text(printable(record.folder))
        labels = {FROM_FOLDERS: "labels from folders", FROM_LIST: "labels from a list"}
        parts = [
            f"Model: {record.model}",
            record.precision,
            labels.get(record.labels, ""),
            "watching" if record.watch else "",
            "hidden files too" if record.hidden else "",
            f"started {when_in_words(record.started)}",
        ]
        self.facts.set_text(" · ".join(part for part in parts if part))

    def show_progress(self, progress: ScanProgress, rows: int = 0) -> None:
        """Say how far the scan under way is.

        Args:
            progress: What it has told.
            rows: Films that are listed; it may not have told of all.
        """
        self._is_paused = progress.is_paused
        is_stopping = progress.stage == STOPPING
        self._show_buttons(under_way=True)
        self.pause_button.setText("&Go on" if progress.is_paused else "&Pause")
        is_watching = progress.stage == WATCHING
        self.cancel_button.setText("Stop &watching" if is_watching else "&Cancel")
        self.cancel_button.setToolTip("" if is_watching else _CANCEL_TIP)
        for button in (self.pause_button, self.cancel_button):
            button.setEnabled(not is_stopping)
        self._show_bar(progress)
        words = progress_in_words(progress, rows)
        self._words.setText(words)
        self.bar.setAccessibleDescription(words)
        self._may_close_now = not is_stopping and not progress.is_paused
        self.keeps_on.setVisible(self._may_close_now and not self._is_compact)
        self._show_notes(progress)

    def show_elsewhere(self) -> None:
        """Another window has it under way."""
        self._show_buttons(under_way=False)
        self.resume_button.hide()
        self.anew_button.hide()
        self._words.setText("Under way in another window; its films appear here too.")

    def show_rest(self, record: ScanRecord, words: str, *, may_resume: bool) -> None:
        """It is not under way.

        Args:
            record: How it ended.
            words: What came of it.
            may_resume: Whether this window could go on with it now.
        """
        had_focus = self.pause_button.hasFocus() or self.cancel_button.hasFocus()
        self._show_buttons(under_way=False)
        is_done = record.status == FINISHED
        self.resume_button.setText("Look for &new films" if is_done else "&Go on")
        # The next thing to do, unless all is done.
        self.resume_button.setObjectName("" if is_done else "startButton")
        self.resume_button.style().polish(self.resume_button)
        self.resume_button.setEnabled(may_resume)
        wait = "Another scan is under way"
        self.resume_button.setToolTip("" if may_resume else wait)
        if record.status == PAUSED:
            words = f"Paused. {words}"
        self._words.setText(words)
        if had_focus and not is_done:
            self.resume_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def refuse_resume(self) -> None:
        """It cannot go on, only be done anew."""
        self._is_refused = True
        self.resume_button.hide()

    def forget(self) -> None:
        """Another scan is shown from now on."""
        self._is_refused = False
        self.line.set_text("")
        self.note_text.clear()
        self.notes.hide()

    def _show_buttons(self, *, under_way: bool) -> None:
        for widget in (self.pause_button, self.cancel_button, self.bar):
            widget.setVisible(under_way)
        for button in (self.resume_button, self.anew_button):
            button.setVisible(not under_way)
        if self._is_refused:
            self.resume_button.hide()
        if not under_way:
            self._may_close_now = False
            self.keeps_on.hide()
            self.line.set_text("")

    def _show_bar(self, progress: ScanProgress) -> None:
        if progress.stage == WATCHING:
            self.bar.hide()
        elif progress.stage == READING and progress.total:
            self.bar.setRange(0, _STEPS)
            self.bar.setValue(round(_STEPS * min(1.0, progress.done / progress.total)))
        elif not progress.is_paused:
            self.bar.setRange(0, 0)  # busy; it cannot be said how far

    def _show_notes(self, progress: ScanProgress) -> None:
        lines = list(progress.notes)
        if progress.dropped:
            lines.insert(0, f"{progress.dropped:,} older notes are not shown.")
        self.set_notes(lines)

    def set_notes(self, lines: Sequence[str]) -> None:
        """Show these notes, folded unless the user unfolded them."""
        text = "\n".join(lines)
        self.notes.setVisible(bool(lines))
        if text != self.note_text.toPlainText():
            self.note_text.setPlainText(text)
            self.notes.set_title(f"Notes ({len(lines):,})")
            self.notes.set_summary(lines[-1] if lines else "")

    def _set_note_rows(self) -> None:
        rows = _COMPACT_ROWS if self._is_compact else _NOTE_ROWS
        height = rows * self.fontMetrics().lineSpacing() + 14
        self.note_text.setFixedHeight(height)

    @pyqtSlot()
    def _on_pause_clicked(self) -> None:
        if self._is_paused:
            self.go_on_asked.emit()
        else:
            self.pause_asked.emit()

    def _lay_out(self) -> None:
        self.note_text.setReadOnly(True)
        self.note_text.setObjectName("logText")
        self.note_text.setAccessibleName("Notes of the scan")
        self.note_text.setTabChangesFocus(True)
        self._set_note_rows()
        inner = QVBoxLayout(self.notes.body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.note_text)
        self.notes.hide()
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.back_button)
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(self.title)
        names.addWidget(self.facts)
        top.addLayout(names, 1)
        for button in (
            *(self.anew_button, self.resume_button),
            *(self.pause_button, self.cancel_button),
        ):
            top.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(top)
        for widget in (self.bar, self._words, self.keeps_on, self.line, self.notes):
            column.addWidget(widget)


def progress_in_words(progress: ScanProgress, rows: int = 0) -> str:
    """How far a scan is, in a line."""
    if progress.stage == STOPPING:
        return progress.detail
    if progress.stage == WATCHING:
        latest = f" The last one: {progress.latest}" if progress.latest else ""
        return f"Watching the folder for new films.{latest}"
    if progress.stage == LISTING:
        return "Looking for films."
    if progress.stage != READING or progress.total is None:
        return progress.detail
    done = min(max(progress.done, rows), progress.total)
    parts = [f"{done:,} of {progress.total:,} films"]
    if progress.is_paused:
        return f"Paused at {parts[0]}."
    if speed := progress.films_per_s:
        rate = f"{speed:.0f}" if speed >= 10 else f"{speed:.1f}"
        parts.append(f"{rate} per second")
    left = progress.seconds_left
    if left is not None:
        parts.append(f"{duration_in_words(left)} left")
    return " · ".join(parts)


def _button(parent: QWidget, words: str, asked: pyqtSignal | None) -> QPushButton:
    button = QPushButton(words, parent)
    if asked is not None:
        button.clicked.connect(asked)
    return button
