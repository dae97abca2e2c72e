"""Where a job stands among its stages, and how far it is with one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QRectF, Qt, QTimer
from PyQt5.QtGui import (
    QHideEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QShowEvent,
)
from PyQt5.QtWidgets import QLabel, QProgressBar, QWidget

from desktop.style.severity import SeveritySign
from desktop.widgets.labels import Rule
from desktop.widgets.layouts import column, row

#: Stage -> as people read it.
TITLES: Final = {
    "start": "Starting",
    "reading": "Reading",
    "features": "Features",
    "head": "Head",
    "fine-tuning": "Fine-tuning",
    "export": "Export",
    "evaluation": "Evaluation",
}
#: What the mark of the current stage says.
GOING, HALTED, BROKEN, DONE = "going", "halted", "broken", "done"
_WORDS: Final = {GOING: "now", HALTED: "stopped here", BROKEN: "failed here"}
_SIGNS: Final = {GOING: "now", HALTED: "warn", BROKEN: "stop"}
_SIGN_PX: Final = 20
#: Of a bar: films may be more than it can count.
_STEPS: Final = 1000
#: Of a busy bar: between two pictures, once along it, and the part that runs.
_STEP_MS: Final = 40
_LAP_S: Final = 1.6
_RUNNER: Final = 0.3


class StageBar(QProgressBar):
    """How far something is; a part of it runs along while nobody knows how far.

    It is drawn here: styles leave a bar of a style sheet still, and full.

    Args:
        name: For who cannot see it.
    """

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setFixedHeight(8)
        self.setAccessibleName(name)
        self._clock = QTimer(self, interval=_STEP_MS, timeout=self.update)
        self.set_done()

    def set_done(self, done: int = 0, total: int | None = None) -> None:
        """Show so many of all; without all it is busy, and nobody knows how far."""
        self.setRange(0, _STEPS if total else 0)
        if total:
            self.setValue(round(_STEPS * min(1.0, done / total)))
        self._run()

    @property
    def is_busy(self) -> bool:
        """Whether nobody knows how far it is."""
        return not self.maximum()

    def _run(self) -> None:
        if self.is_busy and self.isVisible():
            self._clock.start()
        else:
            self._clock.stop()

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._run()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._run()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, roles = self.palette(), QPalette.ColorRole
        groove = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        whole = QPainterPath()
        whole.addRoundedRect(groove, groove.height() / 2, groove.height() / 2)
        painter.setPen(palette.color(roles.Mid))
        painter.setBrush(palette.color(roles.Base))
        painter.drawPath(whole)
        done = QRectF(groove)
        if self.is_busy:
            done.setWidth(groove.width() * _RUNNER)
            way = groove.width() + done.width()
            done.moveRight(groove.left() + way * (time.monotonic() / _LAP_S % 1))
        else:
            done.setWidth(groove.width() * self.value() / self.maximum())
        painter.setClipPath(whole)
        painter.fillRect(done, palette.color(roles.Highlight))


class StageStepper(QWidget):
    """A mark for each stage: done, current, and to come.

    The marks differ in shape, and the current stage is written in bold.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[str, ...] = ()
        self._marks: list[_Mark] = []
        self._line = row(of=self, gap=0)
        self.setAccessibleName("Stages")

    def set_stages(self, stages: Sequence[str], current: str, mood: str) -> None:
        """Show how far the job is.

        Args:
            stages: All of them, in order.
            current: The one under way; one that is not among them means that
                none has begun.
            mood: `GOING`, `HALTED` or `BROKEN` in the current one, or `DONE`
                with all.
        """
        if self._stages != tuple(stages):
            self._stages = tuple(stages)
            for old in self._marks:
                old.hide()
                old.deleteLater()
            self._marks = [_Mark(TITLES[stage], self) for stage in stages]
            for mark in self._marks:
                self._line.addWidget(mark, 1)
            for outer in (self._marks[0].before, self._marks[-1].after):
                outer.setStyleSheet("background: transparent")
        at = self._stages.index(current) if current in stages else -1
        if mood == DONE:
            at = len(stages)
        for place, mark in enumerate(self._marks):
            mark.title.setEnabled(place <= at)
            font = mark.title.font()
            font.setBold(place == at)
            mark.title.setFont(font)
            sign = "good" if place < at else "to come" if place > at else _SIGNS[mood]
            mark.sign.set_severity(sign)
        words = "No stage has begun."
        if at >= len(stages):
            words = "All stages are done."
        elif at >= 0:
            stage = f"Stage {at + 1} of {len(stages)}, {TITLES[current]}"
            words = f"{stage}: {_WORDS[mood]}."
        self.setAccessibleDescription(words)
        self.setToolTip(words)


class _Mark(QWidget):
    """A sign on a line, and the name of the stage below it."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.sign = SeveritySign("to come", _SIGN_PX, self)
        self.before, self.after = Rule(self), Rule(self)
        self.title = QLabel(title, self)
        self.title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        line = row((self.before, 1), self.sign, (self.after, 1), gap=4)
        column(line, self.title, of=self, gap=4)
