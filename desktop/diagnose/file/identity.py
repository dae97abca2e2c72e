"""Patient, date, age and view in the corners of a film."""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QEvent, QObject, QPointF, QRect, Qt
from PyQt5.QtGui import (
    QColor,
    QFont,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PyQt5.QtWidgets import QWidget

from core.films.pixels import FilmIdentity
from desktop.film.incoming import image_pixels
from desktop.film.pyramid import picture_image
from desktop.style.overlay_text import INK

_MARGIN_PX: Final = 10
#: Round the letters: a bright film would hide them.
_EDGE: Final = QColor(0, 0, 0, 225)
_EDGE_SHARE: Final = 0.26
#: Of the view's width, so much for a corner where the other needs the rest.
_WIDTH_SHARE: Final = 0.46
#: Lines of letters that a saved picture is high.
_LINES_HIGH: Final = 48


def corners(identity: FilmIdentity) -> tuple[list[str], list[str], list[str]]:
    """Lines of the upper left, the upper right and the lower right corner."""
    birth = f"born {identity.born}" if identity.born else ""
    person = "   ".join(filter(None, (identity.sex, identity.age)))
    moment = "   ".join(filter(None, (identity.date, identity.time)))
    lines = (
        [identity.name, identity.patient_id, person, birth],
        [identity.institution, identity.study, moment],
        [identity.view],
    )
    left, right, below = ([line for line in corner if line] for corner in lines)
    return left, right, below


class IdentityOverlay(QWidget):
    """Lies over a film's view and lets the mouse through.

    A widget of its own: whatever takes the film as a picture does not take this.
    """

    def __init__(self, view: QWidget) -> None:
        super().__init__(view)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._identity: FilmIdentity | None = None
        self._drawn: QPixmap | None = None
        view.installEventFilter(self)
        self.hide()

    def show_identity(self, identity: FilmIdentity | None) -> None:
        """Say whom the film is of; None hides it."""
        self._identity, self._drawn = identity, None
        lines = sum(corners(identity), []) if identity is not None else []
        self.setAccessibleName("; ".join(lines))
        self.setGeometry(self.parentWidget().rect())
        self.setVisible(bool(lines))
        self.raise_()
        self.update()

    # Qt overrides

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._drawn = None
            self.setGeometry(self.parentWidget().rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._drawn is None and self._identity is not None:
            # Once: edges of letters are slow, and this is painted with each zoom.
            scale = self.devicePixelRatioF()
            self._drawn = QPixmap(self.size() * scale)
            self._drawn.setDevicePixelRatio(scale)
            self._drawn.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._drawn)
            painter.setFont(self.font())
            _paint(painter, self.rect(), self._identity, _MARGIN_PX)
            painter.end()
        if self._drawn is not None:
            QPainter(self).drawPixmap(0, 0, self._drawn)


def draw_identity(
    picture: NDArray[np.uint8], identity: FilmIdentity
) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB: a grey or coloured picture with whom it is of."""
    image = picture_image(picture).convertToFormat(QImage.Format.Format_RGB32)
    painter = QPainter(image)
    font = QFont(painter.font())
    font.setPixelSize(max(8, image.height() // _LINES_HIGH))
    painter.setFont(font)
    _paint(painter, image.rect(), identity, font.pixelSize())
    painter.end()
    return np.ascontiguousarray(image_pixels(image)[..., :3])


def _paint(painter: QPainter, view: QRect, identity: FilmIdentity, margin: int) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left, right, below = corners(identity)
    metrics, high = painter.fontMetrics(), painter.fontMetrics().lineSpacing()
    room = view.adjusted(margin, margin, -margin, -margin)
    fair = int(room.width() * _WIDTH_SHARE)
    for place, (one, other) in enumerate(zip_longest(left, right, fillvalue="")):
        # What one side does not need, the other may have.
        needs = [metrics.horizontalAdvance(line) for line in (one, other)]
        free = [room.width() - need - 2 * margin for need in reversed(needs)]
        row = QRect(room.left(), room.top() + place * high, room.width(), high)
        _write(painter, one, row, max(fair, free[0]), to_right=False)
        _write(painter, other, row, max(fair, free[1]), to_right=True)
    for place, line in enumerate(reversed(below), start=1):
        row = QRect(room.left(), room.bottom() - place * high, room.width(), high)
        _write(painter, line, row, fair, to_right=True)


def _write(
    painter: QPainter, line: str, row: QRect, widest: int, *, to_right: bool
) -> None:
    metrics = painter.fontMetrics()
    edge = QPen(_EDGE, metrics.ascent() * _EDGE_SHARE)
    edge.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, widest)
    x = row.right() - metrics.horizontalAdvance(shown) if to_right else row.left()
    letters = QPainterPath()
    letters.addText(QPointF(x, row.top() + metrics.ascent()), painter.font(), shown)
    painter.strokePath(letters, edge)
    painter.fillPath(letters, INK)
