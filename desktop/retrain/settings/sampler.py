"""A few of the user's films, found and varied off the GUI thread."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QObject, QThread, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QImage

from core.errors import CoreError, ImageReadError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.runs.variations import Augmentation
from desktop.film.pyramid import picture_image
from desktop.work.threads import give_thread, stop_thread

#: Films that are looked for in each label's folder.
_PER_LABEL: Final = 4
#: Lines of a manifest that are read.
_LINES: Final = 400
_MOST: Final = 40


@dataclasses.dataclass(frozen=True)
class Sketch:
    """What is to be drawn.

    Attributes:
        id: Comes back with the reply.
        path: The film.
        side: Of the network's input, pixels.
        how: The variations.
        seed: Of the variations; the same draws the same.
        count: How many variations.
    """

    id: int
    path: Path
    side: int
    how: Augmentation
    seed: int
    count: int


class FilmSampler(QObject):
    """Finds films of the user's, and draws variations of one.

    Only the newest request of each kind is served; older ones get no reply.

    Signals:
        films_found: Path, list[Path]. The data, and a few of its films; none
            where it cannot be read.
        drawn: int, list[QImage]. Reply to a sketch: the film, then its
            variations.
        failed: int, CoreError. Reply to a sketch of a film that cannot be read.
    """

    films_found = pyqtSignal(object, list)
    drawn = pyqtSignal(int, list)
    failed = pyqtSignal(int, object)
    _woken = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()  # no parent: it moves to a thread
        self._lock = threading.Lock()
        self._data: Path | None = None
        self._sketch: Sketch | None = None
        self._film: tuple[Path, int, NDArray[np.uint8]] | None = None
        self._woken.connect(self._serve)

    def find(self, data: Path) -> None:
        """Look for films in a folder or manifest. Safe from any thread."""
        with self._lock:
            self._data = data
        self._woken.emit()

    def draw(self, sketch: Sketch) -> None:
        """Draw variations. Safe from any thread."""
        with self._lock:
            self._sketch = sketch
        self._woken.emit()

    @pyqtSlot()
    def _serve(self) -> None:
        with self._lock:
            data, self._data = self._data, None
            sketch, self._sketch = self._sketch, None
        if data is not None:
            self.films_found.emit(data, first_films(data))
        if sketch is None:
            return
        try:
            self.drawn.emit(sketch.id, self._images(sketch))
        except MemoryError:
            error = ImageReadError(
                f"There is not enough memory to show {sketch.path.name}.",
                hint="Close other programs.",
            )
            self.failed.emit(sketch.id, error)
        except CoreError as error:
            self.failed.emit(sketch.id, error)

    def _images(self, sketch: Sketch) -> list[QImage]:
        from core.runs.augment import vary

        if self._film is None or self._film[:2] != (sketch.path, sketch.side):
            spec = PreprocessSpec(size=sketch.side)
            square = to_network_input(read_radiograph(sketch.path), spec)[0, :, :, 0]
            self._film = (sketch.path, sketch.side, np.rint(square).astype(np.uint8))
        film = self._film[2]
        rng = np.random.default_rng(sketch.seed)
        varied = [vary(film, sketch.how, rng) for _ in range(sketch.count)]
        shades = [film, *(np.rint(one).astype(np.uint8) for one in varied)]
        return [picture_image(one) for one in shades]


class SamplerThread(QObject):
    """A sampler and its thread, started when it is first needed.

    Attributes:
        sampler: The worker.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sampler = FilmSampler()
        self._thread: QThread = give_thread(self.sampler, self, "film sampler")
        self._has_ended = False

    def find(self, data: Path) -> None:
        """As `FilmSampler.find`."""
        self._begin()
        self.sampler.find(data)

    def draw(self, sketch: Sketch) -> None:
        """As `FilmSampler.draw`."""
        self._begin()
        self.sampler.draw(sketch)

    def shut_down(self) -> None:
        """End the thread after the work in hand; nothing is served afterwards."""
        self._has_ended = True
        stop_thread(self._thread)

    def _begin(self) -> None:
        if not self._has_ended and not self._thread.isRunning():
            self._thread.start()


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
