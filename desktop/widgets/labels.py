"""Small text widgets that Qt does not have."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PyQt5.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

#: Sizes of the letters of a headline, points, the best first.
_HEADLINE_PT: Final = (17.0, 15.0, 13.0, 12.0)


def printable(path: Path) -> str:
    """A whole path for people: what cannot be printed is replaced."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(path)
    )


class PlainText(QLabel):
    """Text that wraps, and is shown as it is.

    Args:
        is_selectable: Whether it can be marked and copied with the mouse.
        by_keyboard: Whether also without it, which puts the text into the order of
            the Tab key.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        is_selectable: bool = False,
        by_keyboard: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if is_selectable or by_keyboard:
            self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if by_keyboard:
            keys = Qt.TextInteractionFlag.TextSelectableByKeyboard
            self.setTextInteractionFlags(self.textInteractionFlags() | keys)

    def set_points(self, sentences: Iterable[str]) -> None:
        """Say several things, one below the other."""
        self.setText("\n".join(f"•  {sentence}" for sentence in sentences))


class Caption(PlainText):
    """Secondary text: as large as its surroundings, and softer by the style sheet."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName("caption")


class Headline(PlainText):
    """A few large sentences: on one line where there is room, else a line for each.

    Attributes:
        sentence: All of them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent, is_selectable=True)
        self.sentence = ""

    def set_sentence(self, sentence: str) -> None:
        """Say something else."""
        self.sentence = sentence
        self.setAccessibleName(sentence)
        self._fit()

    def _fit(self) -> None:
        """The largest letters in which no sentence breaks, if there are any."""
        lines = self.sentence.replace(". ", ".\n")
        font = self.font()
        font.setWeight(QFont.Weight.DemiBold)
        for text, size in product((self.sentence, lines), _HEADLINE_PT):
            font.setPointSizeF(size)
            metrics = QFontMetrics(font)
            widest = max(map(metrics.horizontalAdvance, text.split("\n")))
            if widest <= self.contentsRect().width():
                break
        if font != self.font():
            self.setFont(font)
        if text != self.text():
            self.setText(text)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class SectionTitle(QLabel):
    """The heading of a part of the side panel."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setObjectName("sectionTitle")
        font = self.font()
        font.setBold(True)
        self.setFont(font)


class ElidedLabel(QFrame):
    """One line that is cut in the middle when narrow; its tip holds it whole.

    Attributes:
        text: The whole text.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def set_text(self, text: str, tip: str = "") -> None:
        """Replace the text, which is its own tip where none is given."""
        self.text = text
        self.setToolTip(tip or text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text), metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paint_text(QPainter(self))

    def paint_text(self, painter: QPainter) -> None:
        """Draw the text as it fits, with the painter's pen."""
        shown = self.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideMiddle, self.contentsRect().width()
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
