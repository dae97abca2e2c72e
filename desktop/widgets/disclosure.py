"""A part of a page that unfolds."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QPointF, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QApplication, QSizePolicy, QToolButton, QWidget

from desktop.widgets.labels import muted
from desktop.widgets.layouts import column, row

_ARROW: Final = (QPointF(-2, -4.5), QPointF(2.5, 0), QPointF(-2, 4.5))


class Disclosure(QWidget):
    """A heading that shows and hides what belongs to it.

    Attributes:
        body: Where that goes; has no layout yet.

    Signals:
        toggled: bool. Whether it is open now.
    """

    toggled = pyqtSignal(bool)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._head = _Head(title, self)
        self._head.toggled.connect(self._on_head_toggled)
        self.body = QWidget(self)
        self.body.hide()
        self._inset = row(self.body)
        column(self._head, self._inset, of=self, gap=0)
        self._on_head_toggled(False)

    @property
    def head(self) -> QToolButton:
        """The heading, a button."""
        return self._head

    @property
    def is_open(self) -> bool:
        """Whether the body shows."""
        return self._head.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the body."""
        self._head.setChecked(is_open)

    def set_title(self, title: str) -> None:
        """Change the heading."""
        self._head.set_words(title, self._head.summary)

    def set_summary(self, summary: str) -> None:
        """Say in the heading what is within, while it is folded."""
        self._head.set_words(self._head.title, summary)

    @pyqtSlot(bool)
    def _on_head_toggled(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        self._inset.setContentsMargins(24, 4 if is_open else 0, 0, 10 * is_open)
        self.toggled.emit(is_open)


class _Head(QToolButton):
    """A whole line to click: an arrow, the title, and a summary that is cut."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("disclosureHead")
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.title, self.summary = "", ""
        self.set_words(title, "")
        self.toggled.connect(self._on_toggled)

    def set_words(self, title: str, summary: str) -> None:
        self.title, self.summary = title, summary
        self._on_toggled(self.isChecked())
        self.updateGeometry()
        self.update()

    @pyqtSlot(bool)
    def _on_toggled(self, is_open: bool) -> None:
        self.setAccessibleName(self.title)
        state = "open" if is_open else "closed"
        self.setAccessibleDescription(f"{state}. {self.summary}".strip())

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 14)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_head(painter, self)


def paint_head(painter: QPainter, head: _Head) -> None:
    """Draw the line in the palette's colours."""
    palette, area = head.palette(), head.rect().adjusted(0, 0, -1, -1)
    if head.underMouse() or head.hasFocus():
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.midlight())
        painter.drawRoundedRect(area, 4, 4)
    if head.hasFocus():
        painter.setPen(palette.highlight().color())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(area, 4, 4)
    painter.setPen(palette.windowText().color())
    middle = area.center().y() + 0.5
    painter.save()
    painter.translate(12, middle)
    painter.rotate(90 if head.isChecked() else 0)
    painter.drawPolyline(*_ARROW)
    painter.restore()
    font = head.font()
    font.setBold(True)
    painter.setFont(font)
    left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
    words = area.adjusted(24, 0, -8, 0)
    metrics = painter.fontMetrics()
    right = Qt.TextElideMode.ElideRight
    title = metrics.elidedText(head.title, right, words.width())
    painter.drawText(words, left, title)
    rest = words.adjusted(metrics.horizontalAdvance(title) + 14, 0, 0, 0)
    if head.summary and rest.width() > 60:
        painter.setFont(head.font())
        # A style sheet has its own idea of this button's ground.
        painter.setPen(muted(QApplication.palette(head)))
        text = head.fontMetrics().elidedText(head.summary, right, rest.width())
        painter.drawText(rest, left, text)
