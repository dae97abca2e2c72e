"""The worst mistakes as small films that open in the Diagnose tab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import (
    QIcon,
    QImage,
    QKeyEvent,
    QPainter,
    QPixmap,
    QStandardItem,
    QStandardItemModel,
    QWheelEvent,
)
from PyQt5.QtWidgets import QFrame, QListView, QSizePolicy, QWidget

from core.errors import CoreError
from core.films.radiograph import read_radiograph
from core.words import percent
from desktop.film.pyramid import build_pyramid, thumbnail
from desktop.retrain.report.data import Mistake
from desktop.style.item_paint import paint_film
from desktop.style.overlay_text import SOFT_INK
from desktop.work.background import Background

_SIDE_PX: Final = 124
_PAD_PX: Final = 8
_MISTAKE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
_TO_OPEN: Final = "Press to open it in the Diagnose tab."


class MistakesView(QListView):
    """Small films from left to right; click or Enter opens one.

    Signals:
        films_asked: list[Path]. One film that is there, to be opened.
        status_changed: str. That one is not there.
    """

    films_asked = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mistakesView")
        self._items = QStandardItemModel(self)
        self._reader = Background(self, "mistakes")
        self.setModel(self._items)
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setWrapping(False)
        self.setWordWrap(True)
        self.setIconSize(QSize(_SIDE_PX, _SIDE_PX))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Worst mistakes")
        self.clicked.connect(self._open)

    @property
    def is_reading(self) -> bool:
        """Whether pictures are still to come."""
        return self._reader.is_busy

    def set_mistakes(self, mistakes: Sequence[Mistake]) -> None:
        """Show these, and read their films off the GUI thread."""
        self._reader.forget()
        self._items.clear()
        for mistake in mistakes:
            share = percent(mistake.probability)
            item = QStandardItem(f"Is {mistake.label}\n{share} {mistake.called}")
            item.setData(mistake, _MISTAKE_ROLE)
            item.setSizeHint(self._item_size())
            _show_picture(item, None)
            _say(item, _TO_OPEN)
            self._items.appendRow(item)
            if mistake.path is None:
                _show_missing(item, "Where it lies is not known.")
                continue
            self._reader.ask(
                partial(_small, mistake.path, 2 * _SIDE_PX),
                partial(_show_picture, item),
                partial(_show_missing, item),
            )

    def shut_down(self) -> None:
        """End the thread that reads the films."""
        self._reader.shut_down()

    @pyqtSlot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        mistake: Mistake = index.data(_MISTAKE_ROLE)
        if mistake.path is not None and mistake.path.is_file():
            self.films_asked.emit([mistake.path])
        else:
            self.status_changed.emit(
                f"{mistake.file} is no longer where it was when the model was trained."
            )

    def _item_size(self) -> QSize:
        lines = 2 * self.fontMetrics().lineSpacing()
        return QSize(_SIDE_PX + 2 * _PAD_PX, _SIDE_PX + lines + 2 * _PAD_PX)

    # Qt overrides

    def sizeHint(self) -> QSize:
        bar = self.horizontalScrollBar().height()
        return QSize(400, self._item_size().height() + 4 + bar)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.angleDelta().x():  # along the films
            super().wheelEvent(event)
        else:
            event.ignore()  # the page scrolls

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in enter and self.currentIndex().isValid():
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)


def _small(path: Path, side: int) -> QImage:
    return thumbnail(build_pyramid(read_radiograph(path)), side)


def _show_picture(item: QStandardItem, picture: QImage | None, why: str = "") -> None:
    # Twice as large, for screens with small pixels.
    tile = QPixmap(2 * _SIDE_PX, 2 * _SIDE_PX)
    painter = QPainter(tile)
    painter.scale(2, 2)
    place = QRect(0, 0, _SIDE_PX, _SIDE_PX)
    paint_film(painter, place, picture)
    painter.setPen(SOFT_INK)
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, why)
    painter.end()
    item.setIcon(QIcon(tile))


def _show_missing(item: QStandardItem, why: CoreError | str) -> None:
    _show_picture(item, None, "Not there")
    _say(item, str(why))


def _say(item: QStandardItem, end: str) -> None:
    mistake: Mistake = item.data(_MISTAKE_ROLE)
    source = f"\nSource: {mistake.source}" if mistake.source else ""
    words = (
        f"{mistake.file}\nIs {mistake.label}, was called {mistake.called} "
        f"({percent(mistake.probability)}).{source}\n{end}"
    )
    item.setToolTip(words)
    item.setAccessibleText(words)
