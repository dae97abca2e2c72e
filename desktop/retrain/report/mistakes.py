"""The worst mistakes as small films that open in the Diagnose tab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QFont, QImage, QKeyEvent, QPainter, QPalette, QPen
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
from desktop.style.item_paint import hover_tint, paint_film
from desktop.widgets.labels import muted
from desktop.work.background import Background

_SIDE_PX: Final = 124
_PAD_PX: Final = 8
_ROOT: Final = QModelIndex()
_MISTAKE_ROLE: Final = Qt.ItemDataRole.UserRole + 1
#: Why there is no picture; empty while it is still to come.
_PROBLEM_ROLE: Final = Qt.ItemDataRole.UserRole + 2


class MistakesModel(QAbstractListModel):
    """Mistakes with their pictures, as these come in."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._mistakes: tuple[Mistake, ...] = ()
        self._pictures: dict[int, QImage] = {}
        self._problems: dict[int, str] = {}

    def set_mistakes(self, mistakes: Sequence[Mistake]) -> None:
        """Show these; pictures follow."""
        self.beginResetModel()
        self._mistakes = tuple(mistakes)
        self._pictures, self._problems = {}, {}
        self.endResetModel()

    def set_picture(self, row: int, picture: QImage) -> None:
        """A film has been read."""
        self._pictures[row] = picture
        self.dataChanged.emit(self.index(row), self.index(row))

    def set_problem(self, row: int, problem: str) -> None:
        """A film cannot be shown, and why."""
        self._problems[row] = problem
        self.dataChanged.emit(self.index(row), self.index(row))

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._mistakes)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        row, mistake = index.row(), self._mistakes[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{mistake.label}, called {mistake.called}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.get(row)
        if role == _MISTAKE_ROLE:
            return mistake
        if role == _PROBLEM_ROLE:
            return self._problems.get(row, "")
        if role in (
            Qt.ItemDataRole.ToolTipRole,
            Qt.ItemDataRole.AccessibleTextRole,
        ):
            source = f"\nSource: {mistake.source}" if mistake.source else ""
            problem = self._problems.get(row)
            end = problem or "Press to open it in the Diagnose tab."
            return (
                f"{mistake.file}\nIs {mistake.label}, was called {mistake.called} "
                f"({percent(mistake.probability)}).{source}\n{end}"
            )
        return None


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
        self._mistakes = MistakesModel(self)
        self._reader = Background(self, "mistakes")
        self.setModel(self._mistakes)
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
        self.clicked.connect(self._on_item_clicked)

    @property
    def is_reading(self) -> bool:
        """Whether pictures are still to come."""
        return self._reader.is_busy

    def set_mistakes(self, mistakes: Sequence[Mistake]) -> None:
        """Show these, and read their films off the GUI thread."""
        self._reader.forget()
        self._mistakes.set_mistakes(mistakes)
        for row, mistake in enumerate(mistakes):
            if mistake.path is None:
                self._mistakes.set_problem(row, "Where it lies is not known.")
                continue
            self._reader.ask(
                _Small(mistake.path, 2 * _SIDE_PX),
                partial(self._mistakes.set_picture, row),
                partial(self._on_film_failed, row),
            )

    def shut_down(self) -> None:
        """End the thread that reads the films."""
        self._reader.shut_down()

    def _on_film_failed(self, row: int, error: CoreError) -> None:
        self._mistakes.set_problem(row, str(error))

    def _on_item_clicked(self, index: QModelIndex) -> None:
        mistake: Mistake = index.data(_MISTAKE_ROLE)
        if mistake.path is not None and mistake.path.is_file():
            self.film_asked.emit(mistake.path)
        else:
            self.film_missed.emit(mistake)

    # Qt overrides

    def sizeHint(self) -> QSize:
        item = self.itemDelegate().sizeHint(self.viewOptions(), _ROOT)
        return QSize(400, item.height() + 4 + self.horizontalScrollBar().height() // 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if event.key() in enter and self.currentIndex().isValid():
            self._on_item_clicked(self.currentIndex())
        else:
            super().keyPressEvent(event)


class _Small:
    """Reads a film and makes it small; for `Background`."""

    def __init__(self, path: Path, side: int) -> None:
        self._path = path
        self._side = side

    def __call__(self) -> QImage:
        return thumbnail(build_pyramid(read_radiograph(self._path)), self._side)


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
        place = QRect(
            option.rect.left() + _PAD_PX,
            option.rect.top() + _PAD_PX,
            _SIDE_PX,
            _SIDE_PX,
        )
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        paint_film(painter, place, picture)
        if picture is None and index.data(_PROBLEM_ROLE):
            painter.setPen(QColor(200, 208, 216))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(place.adjusted(8, 8, -8, -8), int(wrap), "Not there")
        line = QRect(place.left(), place.bottom() + 6, _SIDE_PX, 0)
        line.setHeight(option.fontMetrics.height())
        bold = QFont(option.font)
        bold.setBold(True)
        painter.setPen(option.palette.color(QPalette.ColorRole.WindowText))
        _text(painter, bold, line, f"Is {mistake.label}")
        line.translate(0, line.height() + 2)
        painter.setPen(muted(option.palette))
        sure = percent(mistake.probability)
        _text(painter, option.font, line, f"{sure} {mistake.called}")
        painter.restore()


def _paint_frame(painter: QPainter, option: QStyleOptionViewItem) -> None:
    frame = option.rect.adjusted(1, 1, -2, -2)
    accent = option.palette.color(QPalette.ColorRole.Highlight)
    is_hot = option.state & QStyle.StateFlag.State_MouseOver
    painter.setBrush(hover_tint(option) if is_hot else Qt.BrushStyle.NoBrush)
    has_focus = option.state & QStyle.StateFlag.State_HasFocus
    painter.setPen(QPen(accent, 1.6) if has_focus else Qt.PenStyle.NoPen)
    painter.drawRoundedRect(frame, 6, 6)


def _text(painter: QPainter, font: QFont, place: QRect, text: str) -> None:
    painter.setFont(font)
    shown = painter.fontMetrics().elidedText(
        text, Qt.TextElideMode.ElideRight, place.width()
    )
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft, shown)
