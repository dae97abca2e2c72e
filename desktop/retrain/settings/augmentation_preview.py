"""How the films will be varied, shown on a film of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QRect, QRectF, QSize, Qt, pyqtSlot
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent, QShowEvent
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.errors import CoreError
from core.films.radiograph import display_name
from core.paths import sample_films
from core.runs.variations import Augmentation
from desktop.retrain.settings.sampler import SamplerThread, Sketch
from desktop.widgets.labels import Caption

VARIATIONS: Final = 6
_LARGEST_SIDE: Final = 320


class AugmentationPreview(QWidget):
    """A film and some variations of it, drawn anew as the settings change.

    Drawn while it is on screen only.
    """

    def __init__(self, sampler: SamplerThread, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sampler = sampler
        self._films: list[Path] = []
        self._shown = 0
        self._seed = 0
        self._newest = 0
        self._failures = 0
        self._how = Augmentation()
        self._side = 224
        self.tiles = _Tiles(self)
        self._about = Caption("", self)
        self._again = QPushButton("Draw &again", self)
        self._again.setToolTip("Other variations by the same settings")
        self._again.clicked.connect(self._on_again_clicked)
        self._next = QPushButton("A&nother film", self)
        self._next.clicked.connect(self._on_next_clicked)
        sampler.sampler.drawn.connect(self._on_drawn)
        sampler.sampler.failed.connect(self._on_failed)
        self._lay_out()
        self.set_films([])

    @property
    def about(self) -> str:
        """What is said of the film that is shown."""
        return self._about.text()

    @property
    def film(self) -> Path | None:
        """The film that is shown, or about to be."""
        films = self._films or sample_films()
        return films[self._shown % len(films)] if films else None

    def set_films(self, films: Sequence[Path]) -> None:
        """Show films of the user's; a drawn one where there are none."""
        self._films, self._shown, self._failures = list(films), 0, 0
        self._next.setVisible(len(self._films or sample_films()) > 1)
        self._draw()

    def set_settings(self, how: Augmentation, side: int) -> None:
        """Show these variations, of films brought to `side` pixels."""
        self._how, self._side = how, min(side, _LARGEST_SIDE)
        self._draw()

    def _draw(self) -> None:
        film = self.film
        if film is None or not self.isVisible():
            return
        self._newest += 1
        self._sampler.draw(
            Sketch(self._newest, film, self._side, self._how, self._seed, VARIATIONS)
        )

    @pyqtSlot()
    def _on_again_clicked(self) -> None:
        self._seed += 1
        self._draw()

    @pyqtSlot()
    def _on_next_clicked(self) -> None:
        self._shown += 1
        self._failures = 0
        self._draw()

    @pyqtSlot(int, list)
    def _on_drawn(self, number: int, images: list[QImage]) -> None:
        if number != self._newest or self.film is None:
            return
        name = display_name(self.film)
        self._about.setText(
            f"Your film {name}" if self._films else f"A drawn film, {name}"
        )
        self.tiles.set_images(images)

    @pyqtSlot(int, object)
    def _on_failed(self, number: int, error: CoreError) -> None:
        if number != self._newest:
            return
        self._failures += 1
        if self._failures < min(len(self._films), 5):
            self._shown += 1
            self._draw()
        else:
            self._about.setText(str(error))
            self.tiles.set_images([])

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._about, 1)
        buttons.addWidget(self._again)
        buttons.addWidget(self._next)
        title = QLabel("As the network will see it", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(6)
        column.addWidget(title)
        column.addWidget(self.tiles)
        column.addLayout(buttons)

    # Qt overrides

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._draw()


class _Tiles(QWidget):
    """Pictures in as many columns as fit."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.images: list[QImage] = []
        self.setAccessibleName("Preview of the variations")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_images(self, images: Sequence[QImage]) -> None:
        self.images = list(images)
        self.setAccessibleDescription(
            f"The film and {len(images) - 1} variations" if images else "No film"
        )
        self.update()

    def _places(self, width: int) -> list[QRect]:
        count, gap = VARIATIONS + 1, 6
        columns = count if width >= count * 104 else (count + 1) // 2
        side = min(150, (width - (columns - 1) * gap) // columns)
        return [
            QRect(i % columns * (side + gap), i // columns * (side + gap), side, side)
            for i in range(count)
        ]

    # Qt overrides

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._places(width)[-1].bottom() + 1

    def sizeHint(self) -> QSize:
        return QSize(560, self.heightForWidth(560))

    def minimumSizeHint(self) -> QSize:
        return QSize(280, 60)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for i, place in enumerate(self._places(self.width())):
            if i < len(self.images):
                painter.drawImage(place, self.images[i])
            else:
                painter.fillRect(place, self.palette().midlight())
        if self.images:
            self._paint_caption(painter, self._places(self.width())[0])

    def _paint_caption(self, painter: QPainter, place: QRect) -> None:
        strip = QRect(place.left(), place.bottom() - 19, place.width(), 20)
        painter.fillRect(strip, QColor(10, 14, 20, 190))
        painter.setPen(QColor(240, 244, 248))
        text = "unchanged"
        painter.drawText(QRectF(strip), Qt.AlignmentFlag.AlignCenter, text)
