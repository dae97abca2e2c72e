"""How a scan stands, and the buttons that change it."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from core.scan.progress import LISTING, READING, STOPPING, WATCHING, ScanProgress
from core.scan.record import FINISHED, FROM_FOLDERS, FROM_LIST, PAUSED, ScanRecord
from core.words import duration_in_words
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, ElidedLabel, PlainText, printable
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import StageBar
from desktop.widgets.times import when_in_words

_NOTE_ROWS: Final = 5
_COMPACT_ROWS: Final = 2
_KEEPS_ON: Final = (
    "You can close the window: the scan goes on when Hilum is opened again."
)
_CANCEL_TIP: Final = "End the scan; what was done is kept, and it can go on later"
_LABELS: Final = {FROM_FOLDERS: "labels from folders", FROM_LIST: "labels from a list"}


class ScanHead(QWidget):
    """The head of a scan's page; whoever holds it listens to its buttons.

    Attributes:
        words: How it stands.
        line: Why it does.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_refused = self._is_compact = self._may_close_now = False
        self.back_button = QPushButton("Sc&ans", self)
        self.back_button.setToolTip("New scan, and the list of all (this one goes on)")
        self.title = ElidedLabel("", self)
        self.title.setObjectName("scanTitle")
        self.facts = ElidedLabel("", self)
        self.bar = StageBar("Progress of the scan", self)
        self.words = PlainText("", self)
        self.keeps_on = Caption(_KEEPS_ON, self)
        self.line = NoteRow(self)
        self.notes = Disclosure("Notes", self)
        self.note_text = QPlainTextEdit(self.notes.body)
        self.note_text.setReadOnly(True)
        self.note_text.setObjectName("logText")
        self.note_text.setAccessibleName("Notes of the scan")
        self.note_text.setTabChangesFocus(True)
        column(self.note_text, of=self.notes.body)
        self.notes.hide()
        self.pause_button = QPushButton("&Pause", self)
        self.cancel_button = QPushButton("&Cancel", self)
        self.anew_button = QPushButton("Scan ane&w…", self)
        self.resume_button = QPushButton("&Go on", self)
        names = column(self.title, self.facts, gap=0)
        column(
            row(
                *(self.back_button, (names, 1)),
                *(self.anew_button, self.resume_button),
                *(self.pause_button, self.cancel_button),
            ),
            *(self.bar, self.words, self.keeps_on, self.line, self.notes),
            of=self,
            gap=5,
        )
        self._fit()

    def set_compact(self, is_compact: bool) -> None:
        """Take less room, for a low window."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self._fit()

    def begin(self, record: ScanRecord) -> None:
        """Say which scan is shown from now on."""
        self._is_refused = False
        self._keep_room(False)
        self.line.set_text("")
        self.note_text.clear()
        self.notes.hide()
        self.title.set_text(printable(record.folder))
        parts = [
            f"Model: {record.model}",
            record.precision,
            _LABELS.get(record.labels, ""),
            "watching" if record.watch else "",
            "hidden files too" if record.hidden else "",
            f"started {when_in_words(record.started)}",
        ]
        self.facts.set_text(" · ".join(part for part in parts if part))

    def show_progress(self, progress: ScanProgress, rows: int = 0) -> None:
        """Say how far the scan under way is; it may not have told of all its rows."""
        is_stopping = progress.stage == STOPPING
        is_watching = progress.stage == WATCHING
        self._keep_room(True)
        self._show_buttons(under_way=True)
        self.pause_button.setText("&Go on" if progress.is_paused else "&Pause")
        self.cancel_button.setText("Stop &watching" if is_watching else "&Cancel")
        self.cancel_button.setToolTip("" if is_watching else _CANCEL_TIP)
        for button in (self.pause_button, self.cancel_button):
            button.setEnabled(not is_stopping)
        self._show_bar(progress)
        words = progress_in_words(progress, rows)
        self.words.setText(words)
        self.bar.setAccessibleDescription(words)
        self._may_close_now = not is_stopping and not progress.is_paused
        self._fit()
        self._show_notes(progress)

    def _keep_room(self, keeps: bool) -> None:
        """Once a scan was under way here, its end moves nothing below."""
        for widget in (self.bar, self.keeps_on):
            policy = widget.sizePolicy()
            has_room = widget is self.bar or not self._is_compact
            policy.setRetainSizeWhenHidden(keeps and has_room)
            widget.setSizePolicy(policy)

    def show_elsewhere(self) -> None:
        """Another window has it under way."""
        self._show_buttons(under_way=False)
        self.resume_button.hide()
        self.anew_button.hide()
        self.words.setText("Under way in another window; its films appear here too.")

    def show_rest(self, record: ScanRecord, words: str, *, may_resume: bool) -> None:
        """It is not under way; say what came of it, and whether it can go on here."""
        had_focus = self.pause_button.hasFocus() or self.cancel_button.hasFocus()
        self._show_buttons(under_way=False)
        is_done = record.status == FINISHED
        self.resume_button.setText("Look for &new films" if is_done else "&Go on")
        # The next thing to do, unless all is done.
        self.resume_button.setObjectName("" if is_done else "startButton")
        self.resume_button.style().polish(self.resume_button)
        self.resume_button.setEnabled(may_resume)
        self.resume_button.setToolTip("" if may_resume else "Another scan is under way")
        self.words.setText(f"Paused. {words}" if record.status == PAUSED else words)
        if had_focus and not is_done:
            self.resume_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def refuse_resume(self) -> None:
        """It cannot go on, only be done anew."""
        self._is_refused = True
        self.resume_button.hide()

    def _show_buttons(self, *, under_way: bool) -> None:
        for widget in (self.pause_button, self.cancel_button, self.bar):
            widget.setVisible(under_way)
        self.anew_button.setVisible(not under_way)
        self.resume_button.setVisible(not under_way and not self._is_refused)
        if not under_way:
            self._may_close_now = False
            self.keeps_on.hide()
            self.line.set_text("")

    def _show_bar(self, progress: ScanProgress) -> None:
        if progress.stage == WATCHING:
            self.bar.hide()
        elif progress.stage == READING and progress.total:
            self.bar.set_done(progress.done, progress.total)
        elif not progress.is_paused:
            self.bar.set_done()

    def _show_notes(self, progress: ScanProgress) -> None:
        lines = list(progress.notes)
        if progress.dropped:
            lines.insert(0, f"{progress.dropped:,} older notes are not shown.")
        text = "\n".join(lines)
        self.notes.setVisible(bool(lines))
        if text != self.note_text.toPlainText():
            self.note_text.setPlainText(text)
            self.notes.set_title(f"Notes ({len(lines):,})")
            self.notes.set_summary(lines[-1] if lines else "")

    def _fit(self) -> None:
        rows = _COMPACT_ROWS if self._is_compact else _NOTE_ROWS
        self.note_text.setFixedHeight(rows * self.fontMetrics().lineSpacing() + 14)
        self.keeps_on.setVisible(self._may_close_now and not self._is_compact)


def progress_in_words(progress: ScanProgress, rows: int = 0) -> str:
    """How far a scan is, in a line."""
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
