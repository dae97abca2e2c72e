"""How the films will be varied, shown on a film of the user's."""

from __future__ import annotations

import csv
import functools
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QRect, QSize, Qt, pyqtSlot
from PyQt5.QtGui import QColor, QImage, QPainter, QPaintEvent, QShowEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy, QWidget

from core.errors import CoreError, ImageReadError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import display_name, read_radiograph
from core.paths import sample_films
from core.runs.model_settings import Augmentation
from desktop.film.pyramid import picture_image
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column, row
from desktop.work.background import Background

_VARIATIONS: Final = 6
_LARGEST_SIDE: Final = 320
#: Films that are looked for in each label's folder.
_PER_LABEL: Final = 4
#: Lines of a manifest that are read.
_LINES: Final = 400
_MOST: Final = 40


class AugmentationPreview(QWidget):
    """A film and some variations of it, drawn anew as the settings change.

    Drawn while it is on screen only, and off the GUI thread.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._painter = Background(self, "preview")
        self._is_stale = False
        self._films: list[Path] = []
        self._shown = 0
        self._seed = self._failures = 0
        self._how = Augmentation()
        self._side = 224
        self.tiles = _Tiles(self)
        self.about = Caption("", self)
        tip = "Other variations by the same settings"
        again = button("Dra&w again", self._on_again_clicked, self, tip=tip)
        self._next = button("An&other film", self._on_next_clicked, self)
        column(
            QLabel("As the network will see it", self),
            self.tiles,
            row((self.about, 1), again, self._next),
            of=self,
            gap=6,
            margins=(0, 6, 0, 6),
        )
        self.set_films([])

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

    def shut_down(self) -> None:
        """End the thread that draws."""
        self._painter.shut_down()

    def _draw(self) -> None:
        """Draw anew, or once what is being drawn is done."""
        self._is_stale = True
        film = self.film
        if film is None or not self.isVisible() or self._painter.is_busy:
            return
        self._is_stale = False
        what = (film, self._side, self._how, self._seed, _VARIATIONS)
        draw = functools.partial(draw_variations, *what)
        self._painter.ask(draw, self._on_drawn, self._on_failed)

    @pyqtSlot()
    def _on_again_clicked(self) -> None:
        self._seed += 1
        self._draw()

    @pyqtSlot()
    def _on_next_clicked(self) -> None:
        self._shown += 1
        self._failures = 0
        self._draw()

    def _on_drawn(self, images: list[QImage]) -> None:
        if self._is_stale or self.film is None:
            self._draw()
            return
        name = display_name(self.film)
        self.about.setText(
            f"Your film {name}" if self._films else f"A drawn film, {name}"
        )
        self.tiles.set_images(images)

    def _on_failed(self, error: CoreError) -> None:
        if self._is_stale:
            self._draw()
            return
        self._failures += 1
        if self._failures < min(len(self._films), 5):
            self._shown += 1
            self._draw()
        else:
            self.about.setText(str(error))
            self.tiles.set_images([])

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
        count, gap = _VARIATIONS + 1, 6
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
            first = self._places(self.width())[0]
            strip = first.adjusted(0, first.height() - 20, 0, 0)
            painter.fillRect(strip, QColor(10, 14, 20, 190))
            painter.setPen(QColor(240, 244, 248))
            painter.drawText(strip, Qt.AlignmentFlag.AlignCenter, "unchanged")


def draw_variations(
    path: Path, side: int, how: Augmentation, seed: int, count: int
) -> list[QImage]:
    """A film as the network gets it, and variations of that.

    Args:
        side: Of the network's input, pixels.
        seed: Of the variations; the same draws the same.
        count: How many variations.

    Raises:
        ImageReadError: The film cannot be read.
    """
    from core.runs.augment import vary

    try:
        film = _network_input(path, side)
        rng = np.random.default_rng(seed)
        varied = [vary(film, how, rng) for _ in range(count)]
        shades = [film, *(np.rint(one).astype(np.uint8) for one in varied)]
        return [picture_image(one) for one in shades]
    except MemoryError as error:
        raise ImageReadError(
            f"There is not enough memory to show {path.name}.",
            hint="Close other programs.",
        ) from error


@functools.lru_cache(maxsize=1)
def _network_input(path: Path, side: int) -> NDArray[np.uint8]:
    spec = PreprocessSpec(size=side)
    square = to_network_input(read_radiograph(path), spec)[0, :, :, 0]
    return np.rint(square).astype(np.uint8)


def first_films(data: Path) -> list[Path]:
    """A few films of a folder or manifest, of every label in turn.

    Returns:
        At most 40 paths, in an order that shows the labels by turns; none where
        the data cannot be read.
    """
    try:
        if data.is_dir():
            folders = sorted(f for f in data.iterdir() if f.is_dir())
            per_label = [
                list(itertools.islice(_files(folder), _PER_LABEL))
                for folder in folders
                if not folder.name.startswith(".")
            ]
        else:
            per_label = _listed(data)
    except (OSError, UnicodeDecodeError, csv.Error):
        return []
    turns = itertools.zip_longest(*per_label)
    films = [film for turn in turns for film in turn if film is not None]
    return films[:_MOST]


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and name != "Thumbs.db":
                yield Path(where, name)


def _listed(manifest: Path) -> list[list[Path]]:
    per_label: dict[str, list[Path]] = {}
    with open(manifest, encoding="utf-8-sig", newline="") as file:
        for row in itertools.islice(csv.DictReader(file), _LINES):
            films = per_label.setdefault(row.get("label") or "", [])
            if row.get("file") and len(films) < _PER_LABEL:
                films.append(manifest.parent / str(row["file"]))
    return list(per_label.values())
