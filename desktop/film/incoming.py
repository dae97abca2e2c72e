"""Films out of what is dropped or pasted."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QMimeData, QRectF, Qt
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen
from PyQt5.QtWidgets import QWidget


@dataclasses.dataclass(frozen=True, eq=False)
class DroppedItems:
    """What was handed over.

    Attributes:
        paths: Files and folders of this computer.
        picture: A picture without a file; only looked at when there is no path.
        elsewhere: How many addresses do not lie on this computer.
    """

    paths: tuple[Path, ...] = ()
    picture: QImage | None = None
    elsewhere: int = 0


def may_hold_films(mime: QMimeData) -> bool:
    """Whether a drag or the clipboard is worth accepting; reads no data."""
    return mime.hasUrls() or mime.hasImage()


def films_in(mime: QMimeData | None) -> DroppedItems:
    """Take the films out of a drop or the clipboard."""
    if mime is None:  # an empty clipboard, on some systems
        return DroppedItems()
    local = [url for url in mime.urls() if url.isLocalFile()]
    paths = tuple(Path(url.toLocalFile()) for url in local)
    picture = None
    if not paths and mime.hasImage():
        image = QImage(mime.imageData())
        picture = None if image.isNull() else image
    return DroppedItems(paths, picture, len(mime.urls()) - len(local))


def image_pixels(image: QImage) -> NDArray[np.uint8]:
    """(h, w, 4) uint8 RGBA of an image; a new array."""
    rgba = image.convertToFormat(QImage.Format.Format_RGBA8888)
    memory = rgba.constBits()
    memory.setsize(rgba.sizeInBytes())
    rows = np.frombuffer(memory, np.uint8).reshape(rgba.height(), rgba.bytesPerLine())
    pixels = rows[:, : 4 * rgba.width()].reshape(rgba.height(), rgba.width(), 4)
    return pixels.copy()


class DropHighlight(QWidget):
    """Covers its parent while films are dragged over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        # The drag goes on to the parent underneath.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    def show_for(self, count: int) -> None:
        """Cover the parent and say what letting go would do."""
        self._text = f"Drop to read {count} films" if count > 1 else "Drop to read"
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.show()

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(8, 12, 18, 190))
        accent = self.palette().color(QPalette.ColorRole.Highlight)
        frame = QRectF(self.rect()).adjusted(14, 14, -14, -14)
        pen = QPen(accent, 3, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        tint = QColor(accent)
        tint.setAlpha(50)
        painter.setBrush(tint)
        painter.drawRoundedRect(frame, 12, 12)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 2.0)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(245, 248, 250))
        painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, self._text)
