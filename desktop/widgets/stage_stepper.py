"""Where a job stands among its stages, and how far it is with one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PyQt5.QtWidgets import QProgressBar, QSizePolicy, QWidget

from desktop.style.severity import severity_colour
from desktop.widgets.labels import muted

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
_RADIUS: Final = 9.0
#: Smallest size of the titles, as a share of the usual.
_SMALLEST: Final = 0.75
#: Of a bar: films may be more than it can count.
_STEPS: Final = 1000


class StageBar(QProgressBar):
    """How far a stage is.

    Args:
        name: For who cannot see it.
    """

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("stageBar")
        self.setTextVisible(False)
        self.setFixedHeight(8)
        self.setAccessibleName(name)

    def set_done(self, done: int = 0, total: int | None = None) -> None:
        """Show so many of all; without all it is busy, and nobody knows how far."""
        self.setRange(0, _STEPS if total else 0)
        if total:
            self.setValue(round(_STEPS * min(1.0, done / total)))


class StageStepper(QWidget):
    """A mark for each stage: done, current, and to come.

    The marks differ in shape, and the current stage is written in bold.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stages: tuple[str, ...] = ()
        self._current = -1
        self._mood = GOING
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
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
        self._stages, self._mood = tuple(stages), mood
        self._current = self._stages.index(current) if current in stages else -1
        if mood == DONE:
            self._current = len(self._stages)
        self.setAccessibleDescription(self._in_words())
        self.setToolTip(self._in_words())
        self.update()

    def _in_words(self) -> str:
        if self._current >= len(self._stages):
            return "All stages are done."
        if self._current < 0:
            return "No stage has begun."
        name = TITLES[self._stages[self._current]]
        number = f"{self._current + 1} of {len(self._stages)}"
        return f"Stage {number}, {name}: {_WORDS[self._mood]}."

    def _title_font(self, room: float) -> QFont:
        """Smaller where the longest title, in bold, would not fit."""
        font = self.font()
        font.setBold(True)
        metrics = QFontMetricsF(font)
        widest = max(metrics.horizontalAdvance(TITLES[name]) for name in self._stages)
        share = max(_SMALLEST, min(1.0, room / widest))
        font.setPointSizeF(font.pointSizeF() * share)
        return font

    def _paint_mark(self, painter: QPainter, at: QPointF, place: int) -> None:
        palette = self.palette()
        is_current = place == self._current
        box = QRectF(0, 0, 2 * _RADIUS, 2 * _RADIUS)
        box.moveCenter(at)
        pen = QPen(muted(palette), 1.5)
        if place > self._current:
            painter.setPen(pen)
            painter.setBrush(palette.window())
            painter.drawEllipse(box)
            return
        ink = palette.highlight().color()
        if is_current and self._mood in (HALTED, BROKEN):
            ink = severity_colour("warn" if self._mood == HALTED else "stop")
        painter.setPen(QPen(ink, 2.0))
        painter.setBrush(palette.window() if is_current else ink)
        painter.drawEllipse(box)
        pen = QPen(ink if is_current else palette.window().color(), 2.0)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = at.x(), at.y()
        if not is_current:  # a tick
            tick = (QPointF(x - 4, y), QPointF(x - 1, y + 3.5), QPointF(x + 4.5, y - 3))
            painter.drawPolyline(*tick)
        elif self._mood == GOING:  # a disc
            painter.setBrush(ink)
            painter.drawEllipse(at, 3.0, 3.0)
        elif self._mood == HALTED:  # two bars
            for dx in (-2.5, 2.5):
                painter.drawLine(QPointF(x + dx, y - 3), QPointF(x + dx, y + 3))
        else:  # a cross
            painter.drawLine(QPointF(x - 3, y - 3), QPointF(x + 3, y + 3))
            painter.drawLine(QPointF(x - 3, y + 3), QPointF(x + 3, y - 3))

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(480, int(2 * _RADIUS) + self.fontMetrics().height() + 12)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._stages:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        step = self.width() / len(self._stages)
        y = _RADIUS + 3
        for place in range(1, len(self._stages)):
            is_done = place <= self._current
            ink = palette.highlight().color() if is_done else muted(palette)
            painter.setPen(QPen(ink, 2.0 if is_done else 1.0))
            left, right = (place - 0.5) * step + _RADIUS, (place + 0.5) * step - _RADIUS
            painter.drawLine(QPointF(left + 4, y), QPointF(right - 4, y))
        for place, stage in enumerate(self._stages):
            self._paint_mark(painter, QPointF((place + 0.5) * step, y), place)
            font = self._title_font(step - 12)
            font.setBold(place == self._current)
            painter.setFont(font)
            has_begun = place <= self._current
            ink = palette.windowText().color() if has_begun else muted(palette)
            painter.setPen(ink)
            area = QRectF(place * step, 2 * _RADIUS + 8, step, self.height())
            text = painter.fontMetrics().elidedText(
                TITLES[stage], Qt.TextElideMode.ElideRight, int(step) - 2
            )
            top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
            painter.drawText(area, top, text)
