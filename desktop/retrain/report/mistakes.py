"""The worst mistakes as small films that open in the Diagnose tab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QPainter,
    QPalette,
    QPen,
    QStandardItem,
    QStandardItemModel,
)
from PyQt5.QtWidgets import (
    QFrame,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from core.errors import CoreError
from core.films.radiograph import read_radiograph
from core.model.classifier import percent
from desktop.film.pyramid import build_pyramid, thumbnail
from desktop.retrain.report.data import Mistake
from desktop.style.item_paint import hover_tint, paint_film, paint_line
from desktop.style.theme import muted
from desktop.work.background import Background

_SIDE_PX: Final = 124
_PAD_PX: Final = 8
_ROOT: Final = QModelIndex()
_MISTAKE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
#: Whether there is no picture; unset while it is still to come.
_MISSING_ROLE: Final = Qt.ItemDataRole.UserRole + 2
_TO_OPEN: Final = "Press to open it in the Diagnose tab."


class MistakesView(QListView):
    """Small films from left to right; click or Enter opens one.

    Signals:
        film_asked: Path. Of a film that is there.
        film_missed: Mistake. It was asked for and is not there.
    """

    film_asked = pyqtSignal(object)
    film_missed = pyqtSignal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mistakesView")
        self._items = QStandardItemModel(self)
        self._reader = Background(self, "mistakes")
        self.setModel(self._items)
        self.setItemDelegate(_MistakeDelegate(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
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
            item = QStandardItem(f"{mistake.label}, called {mistake.called}")
            item.setData(mistake, _MISTAKE_ROLE)
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
            self.film_asked.emit(mistake.path)
        else:
            self.film_missed.emit(mistake)

    # Qt overrides

    def sizeHint(self) -> QSize:
        item = self.itemDelegate().sizeHint(self.viewOptions(), _ROOT)
        return QSize(400, item.height() + 4 + self.horizontalScrollBar().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in enter and self.currentIndex().isValid():
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)


def _small(path: Path, side: int) -> QImage:
    return thumbnail(build_pyramid(read_radiograph(path)), side)


def _show_picture(item: QStandardItem, picture: QImage) -> None:
    item.setData(picture, Qt.ItemDataRole.DecorationRole)


def _show_missing(item: QStandardItem, why: CoreError | str) -> None:
    item.setData(True, _MISSING_ROLE)
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


class _MistakeDelegate(QStyledItemDelegate):
    """Draws the film, what it is, and what it was called."""

    # Qt overrides

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        line = option.fontMetrics.height()
        return QSize(_SIDE_PX + 2 * _PAD_PX, _SIDE_PX + 2 * line + 3 * _PAD_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        mistake: Mistake = index.data(_MISTAKE_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_frame(painter, option)
        place = QRect(option.rect.topLeft(), QSize(_SIDE_PX, _SIDE_PX))
        place.translate(_PAD_PX, _PAD_PX)
        paint_film(painter, place, index.data(Qt.ItemDataRole.DecorationRole))
        if index.data(_MISSING_ROLE):
            painter.setPen(QColor(200, 208, 216))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, "Not there")
        high = option.fontMetrics.height()
        line = QRect(place.left(), place.bottom() + 6, _SIDE_PX, high)
        bold = QFont(option.font)
        bold.setBold(True)
        painter.setPen(option.palette.color(QPalette.ColorRole.WindowText))
        paint_line(painter, bold, line, f"Is {mistake.label}")
        line.translate(0, high + 2)
        painter.setPen(muted(option.palette))
        called = f"{percent(mistake.probability)} {mistake.called}"
        paint_line(painter, option.font, line, called)
        painter.restore()


def _paint_frame(painter: QPainter, option: QStyleOptionViewItem) -> None:
    accent = option.palette.color(QPalette.ColorRole.Highlight)
    is_hot = option.state & QStyle.StateFlag.State_MouseOver
    painter.setBrush(hover_tint(option) if is_hot else Qt.BrushStyle.NoBrush)
    has_focus = option.state & QStyle.StateFlag.State_HasFocus
    painter.setPen(QPen(accent, 1.6) if has_focus else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(option.rect.adjusted(1, 1, -2, -2), 6, 6)
