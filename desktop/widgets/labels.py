"""Small text widgets that Qt does not have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PyQt5.QtCore import QEvent, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QApplication, QFrame, QLabel, QSizePolicy, QWidget


def printable(path: Path) -> str:
    """A whole path for people: what cannot be printed is replaced."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(path)
    )


def muted(palette: QPalette) -> QColor:
    """Text colour for what is secondary; still at least 4.5 : 1 on its ground."""
    ink = palette.color(QPalette.ColorRole.WindowText)
    ground = palette.color(QPalette.ColorRole.Window)
    share = 0.74
    mixed = (
        round(share * a + (1 - share) * b)
        for a, b in zip(ink.getRgb()[:3], ground.getRgb()[:3], strict=True)
    )
    return QColor(*mixed)


class Caption(QLabel):
    """Secondary text: smaller and softer than its surroundings."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName("caption")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        self.setFont(font)
        self._soften()

    def _soften(self) -> None:
        soft = self.palette()
        colour = muted(QApplication.palette(self))
        if soft.color(QPalette.ColorRole.WindowText) != colour:
            soft.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(soft)

    # Qt overrides

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._soften()


def wrapped_label(
    parent: QWidget, text: str = "", *, style: str = "", by_keyboard: bool = False
) -> QLabel:
    """Plain text that wraps and can be selected.

    Args:
        style: Name in the style sheet.
        by_keyboard: Whether it can also be selected without the mouse, which puts
            it into the order of the Tab key.
    """
    label = QLabel(text, parent)
    label.setObjectName(style)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    mouse = Qt.TextInteractionFlag.TextSelectableByMouse
    keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
    label.setTextInteractionFlags(mouse | keys if by_keyboard else mouse)
    return label


class PlainText(QLabel):
    """Text that wraps, and is shown as it is.

    Args:
        is_selectable: Whether it can be marked and copied with the mouse.
    """

    def __init__(
        self, text: str, parent: QWidget, *, is_selectable: bool = False
    ) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if is_selectable:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def set_points(self, sentences: Iterable[str]) -> None:
        """Say several things, one below the other."""
        self.setText("\n".join(f"•  {sentence}" for sentence in sentences))


class SectionTitle(QLabel):
    """The heading of a part of the side panel."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName("sectionTitle")
        font = self.font()
        font.setBold(True)
        self.setFont(font)


class ElidedLabel(QFrame):
    """One line that is cut in the middle when narrow; its tip holds it whole."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str, tip: str = "") -> None:
        """Replace the text.

        Args:
            text: One line.
            tip: Shown on hovering; the text itself when not given.
        """
        self._text = text
        self.setToolTip(tip or text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text), metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shown = self.fontMetrics().elidedText(
            self._text, Qt.TextElideMode.ElideMiddle, self.contentsRect().width()
        )
        alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.contentsRect(), alignment, shown)


class Rule(QFrame):
    """A thin line between two parts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rule")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFixedHeight(1)
