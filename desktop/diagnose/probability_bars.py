"""One labelled bar per finding."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PyQt5.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from core.words import exact_percent, percent
from desktop.widgets.layouts import WidgetList

_PAD_PX: Final = 9
_BAR_PX: Final = 9
_GAP_PX: Final = 5
_TICK_OVER_PX: Final = 4


@dataclasses.dataclass(frozen=True)
class BarRow:
    """What one bar shows.

    Attributes:
        label: The finding's name in data, given back on a click.
        display_name: As people read it.
        probability: 0 to 1.
        threshold: From this probability on, the finding is stated.
        stated: Whether it is the finding of the verdict.
    """

    label: str
    display_name: str
    probability: float
    threshold: float
    stated: bool = False

    @property
    def share(self) -> str:
        """The probability for people, to set beside `point`."""
        return percent(self.probability, self.threshold)

    @property
    def point(self) -> str:
        """The threshold for people."""
        return exact_percent(self.threshold)


class ProbabilityBars(WidgetList):
    """Show the probability of each finding; choose one to explain it.

    Knows no model and opens no file: it is given rows and says what was
    chosen. Each bar is a button of its own, so keyboard and screen reader
    reach it.

    Attributes:
        bars: Label -> its button, which is checked while it is the one explained.

    Signals:
        finding_chosen: str. Label of the row that was clicked or stepped to.
    """

    finding_chosen = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, gap=2)
        self.bars: dict[str, _Bar] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Probabilities")

    def set_rows(self, rows: Sequence[BarRow], chosen: str | None) -> None:
        """Replace the rows.

        Args:
            rows: In the order to draw.
            chosen: Label of the row to outline.
        """
        if [row.label for row in rows] != list(self.bars):
            self.bars = {row.label: _Bar(row, self) for row in rows}
            self.set_widgets(list(self.bars.values()))
            for bar in self.bars.values():
                bar.clicked.connect(self._on_bar_clicked)
            self.updateGeometry()
        for row in rows:
            self.bars[row.label].show_row(row)
        self.choose(chosen)
        # Colour alone must not carry the result: a screen reader gets it too.
        self.setAccessibleDescription(
            ", ".join(f"{row.display_name} {row.share}" for row in rows)
        )

    def choose(self, label: str | None) -> None:
        """Outline one row, without a signal."""
        for name, bar in self.bars.items():
            bar.setChecked(name == label)

    def _on_bar_clicked(self) -> None:
        bar = self.sender()
        if isinstance(bar, _Bar):
            self.choose(bar.row.label)
            self.finding_chosen.emit(bar.row.label)

    # Qt overrides

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        step = steps.get(event.key())
        focused, bars = self.focusWidget(), self.widgets
        if step is None or focused not in bars:
            super().keyPressEvent(event)
            return
        bar = bars[(bars.index(focused) + step) % len(bars)]
        bar.setFocus(Qt.FocusReason.TabFocusReason)
        bar.click()


class _Bar(QAbstractButton):
    """One row: name and percentage above, bar and operating point below."""

    def __init__(self, row: BarRow, parent: QWidget) -> None:
        super().__init__(parent)
        self.row = row
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_row(self, row: BarRow) -> None:
        """Show other numbers for the same label."""
        self.row = row
        share = row.share
        state = "the finding" if row.stated else "not stated"
        self.setAccessibleName(f"{row.display_name} {share}, {state}")
        self.setAccessibleDescription(
            f"Stated from {row.point}. Press to see its heat map."
        )
        self.setToolTip(
            f"{row.display_name}: {share}. Stated from {row.point} "
            "(the mark).\nClick to see where in the film the evidence for it lies."
        )
        self.update()

    def _paint_ground(self, painter: QPainter) -> None:
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        if self.isChecked():
            painter.setPen(QPen(accent, 1.6))
            tint = QColor(accent)
            tint.setAlpha(28)
            painter.setBrush(tint)
            painter.drawRoundedRect(frame, 6, 6)
        elif self.underMouse():
            tint = self.palette().color(QPalette.ColorRole.WindowText)
            tint.setAlpha(18)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawRoundedRect(frame, 6, 6)
        if self.hasFocus():
            ink = self.palette().color(QPalette.ColorRole.WindowText)
            painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), 4, 4)

    def _paint_text(self, painter: QPainter, line: QRectF) -> None:
        font = self.font()
        font.setBold(self.row.stated)
        painter.setFont(font)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, self.row.share)
        metrics = painter.fontMetrics()
        # As wide for every row, so that the points stand below each other.
        widest = max(self.row.share, "100 %", key=metrics.horizontalAdvance)
        beside = QRectF(line)
        beside.setRight(line.right() - metrics.horizontalAdvance(widest) - 12)
        room = beside.width()
        name = metrics.elidedText(
            self.row.display_name, Qt.TextElideMode.ElideRight, int(room)
        )
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignLeft, name)
        room -= metrics.horizontalAdvance(name) + 12
        font.setBold(False)
        painter.setFont(font)
        point = f"from {self.row.point}"
        if painter.fontMetrics().horizontalAdvance(point) <= room:
            soft = self.palette().color(QPalette.ColorRole.WindowText)
            soft.setAlpha(180)
            painter.setPen(soft)
            painter.drawText(beside, middle | Qt.AlignmentFlag.AlignRight, point)

    def _paint_bar(self, painter: QPainter, bar: QRectF) -> None:
        ink = self.palette().color(QPalette.ColorRole.WindowText)
        groove = QColor(ink)
        groove.setAlpha(40)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(groove)
        painter.drawRoundedRect(bar, 3, 3)
        filled = QRectF(bar)
        filled.setWidth(max(2.0, bar.width() * self.row.probability))
        fill = self.palette().color(QPalette.ColorRole.Highlight)
        if not self.row.stated:
            fill.setAlpha(150)
        painter.setBrush(fill)
        painter.drawRoundedRect(filled, 3, 3)
        x = bar.x() + bar.width() * self.row.threshold
        painter.setPen(QPen(ink, 2))
        painter.drawLine(
            QRectF(x, bar.top() - _TICK_OVER_PX, 0, 0).topLeft(),
            QRectF(x, bar.bottom() + _TICK_OVER_PX, 0, 0).topLeft(),
        )

    # Qt overrides

    def sizeHint(self) -> QSize:
        high = self.fontMetrics().height() + _GAP_PX + _BAR_PX + 2 * _PAD_PX
        return QSize(200, high)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def nextCheckState(self) -> None:
        self.setChecked(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            event.ignore()  # to the parent, which steps and chooses
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: object) -> None:
        self.update()

    def leaveEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_ground(painter)
        inner = QRectF(self.rect()).adjusted(_PAD_PX + 1, _PAD_PX, -_PAD_PX - 1, 0)
        line = QRectF(inner)
        line.setHeight(self.fontMetrics().height())
        self._paint_text(painter, line)
        bar = QRectF(inner.x(), line.bottom() + _GAP_PX, inner.width(), _BAR_PX)
        self._paint_bar(painter, bar)
