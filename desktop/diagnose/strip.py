"""A row of small films, to go back to one at a click."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QFont, QKeyEvent, QPainter, QPalette
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from desktop.diagnose.films import VERDICT_ROLE, FilmList, OpenFilm
from desktop.style.item_paint import paint_film, paint_frame, paint_line
from desktop.style.theme import muted

_PICTURE_PX: Final = 60
_PAD_PX: Final = 6
_EDGE_PX: Final = 4
_WORDS: Final = 20  # characters of the name and of the verdict that fit


class FilmStrip(QListView):
    """Show a `FilmList` from left to right.

    Signals:
        film_chosen: OpenFilm. It became current by mouse or key.
        removal_asked: OpenFilm. Delete was pressed on it.
    """

    film_chosen = pyqtSignal(object)
    removal_asked = pyqtSignal(object)

    def __init__(self, films: FilmList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filmStrip")
        self._films = films
        self._is_quiet = False
        self.setModel(films)
        self.setItemDelegate(_FilmDelegate(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAccessibleName("Films opened in this session")
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    def show_current(self, film: OpenFilm) -> None:
        """Mark a film as the one on screen, without a signal."""
        row = self._films.row_of(film)
        if row is None:
            return
        self._is_quiet = True
        self.setCurrentIndex(self._films.index(row))
        self._is_quiet = False
        self.scrollTo(self._films.index(row))

    @pyqtSlot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, old: QModelIndex) -> None:
        if current.isValid() and not self._is_quiet:
            self.film_chosen.emit(self._films[current.row()])

    # Qt overrides

    def sizeHint(self) -> QSize:
        high = _PICTURE_PX + 2 * _PAD_PX + 2 * _EDGE_PX
        return QSize(400, high + self.horizontalScrollBar().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() == Qt.Key.Key_Delete and current.isValid():
            self.removal_asked.emit(self._films[current.row()])
        else:
            super().keyPressEvent(event)


class _FilmDelegate(QStyledItemDelegate):
    """Draws a thumbnail with the name and the verdict beside it."""

    def _paint_words(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        words = option.rect.adjusted(
            2 * _PAD_PX + _PICTURE_PX, _PAD_PX, -_PAD_PX - 4, 0
        )
        height = option.fontMetrics.height()
        top = option.rect.center().y() - height - 1
        line = QRect(words.left(), top, words.width(), height)
        name, middle = str(index.data()), Qt.TextElideMode.ElideMiddle
        painter.setPen(muted(option.palette))
        paint_line(painter, option.font, line, name, middle)
        painter.setPen(option.palette.color(QPalette.ColorRole.WindowText))
        bold = QFont(option.font)
        bold.setBold(True)
        line.translate(0, height + 3)
        paint_line(painter, bold, line, str(index.data(VERDICT_ROLE)))

    # Qt overrides

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        words = _WORDS * option.fontMetrics.horizontalAdvance("n")
        return QSize(_PICTURE_PX + words + 3 * _PAD_PX, _PICTURE_PX + 2 * _PAD_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_frame(painter, option.rect.adjusted(2, 1, -2, -2), option)
        place = QRect(
            option.rect.left() + _PAD_PX,
            option.rect.top() + _PAD_PX,
            _PICTURE_PX,
            _PICTURE_PX,
        )
        paint_film(painter, place, index.data(Qt.ItemDataRole.DecorationRole))
        self._paint_words(painter, option, index)
        painter.restore()
