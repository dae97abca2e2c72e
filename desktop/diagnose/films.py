"""The films opened in this session and what was found in them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt5.QtGui import QImage

from core.films.radiograph import display_name
from core.model.bundle import ModelBundle
from core.model.card import HEALTHY
from desktop.diagnose.reading import DiagnosedFilm
from desktop.film.pyramid import thumbnail
from desktop.widgets.labels import printable

THUMBNAIL_SIDE: Final = 160  # twice what is drawn, for dense screens
VERDICT_ROLE: Final = Qt.ItemDataRole.UserRole + 1

#: Memory for films that are not on screen but could be shown again at once in
#: full, bytes. Beyond it they keep a smaller copy until they are chosen.
KEPT_BYTES: Final = 96 * 1024 * 1024
_ROOT: Final = QModelIndex()
_REDUCED_PIXELS: Final = 600_000


@dataclasses.dataclass(eq=False)
class OpenFilm:
    """A film of the list, read or still to be read.

    Attributes:
        path: The file, or the name of a pasted picture.
        pixels: (h, w, 3 or 4) uint8 of a pasted picture; None for a file.
        found: What was found in it; None while it is being read.
        picture: Of the strip.
        is_reduced: Whether only a smaller copy of its pixels was kept.
        label: The finding whose heat map is shown with it; empty for none.
        mends: What the user had done to it before it was read: turned, inverted.
    """

    path: Path
    pixels: NDArray[np.uint8] | None = None
    found: DiagnosedFilm | None = None
    picture: QImage | None = None
    is_reduced: bool = False
    label: str = ""
    mends: tuple[str, ...] = ()


class FilmList(QAbstractListModel):
    """Films in the order they were opened, results kept with them.

    Attributes:
        beside: The film that the one on screen is compared with.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._films: list[OpenFilm] = []
        self._by_path: dict[Path, OpenFilm] = {}
        self._seen: list[OpenFilm] = []  # least recently shown first
        self._shown: OpenFilm | None = None
        self._bundle: ModelBundle | None = None
        self.beside: OpenFilm | None = None

    def __len__(self) -> int:
        return len(self._films)

    def __getitem__(self, row: int) -> OpenFilm:
        return self._films[row]

    @property
    def shown(self) -> OpenFilm | None:
        """The film on screen."""
        return self._shown

    def add(self, path: Path, pixels: NDArray[np.uint8] | None = None) -> OpenFilm:
        """Append a film that is still to be read.

        A file that is in the list already keeps its place.

        Args:
            path: Absolute; a bare name for a pasted picture.
            pixels: Of a pasted picture.
        """
        if film := self._by_path.get(path):
            film.mends = ()  # opened anew: as the file has it
            return film
        film = self._by_path[path] = OpenFilm(path, pixels)
        row = len(self._films)
        self.beginInsertRows(QModelIndex(), row, row)
        self._films.append(film)
        self.endInsertRows()
        return film

    def set_found(self, film: OpenFilm, found: DiagnosedFilm) -> None:
        """Fill in what was found."""
        film.found = found
        film.is_reduced = False
        film.picture = thumbnail(found.pyramid, THUMBNAIL_SIDE)
        self._touch(film)
        self._save_memory()
        index = self.index(self._films.index(film))
        self.dataChanged.emit(index, index)

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Note which model is asked now: what another said is marked as such."""
        self._bundle = bundle
        if self._films:
            last = self.index(len(self._films) - 1)
            self.dataChanged.emit(self.index(0), last)

    def is_outdated(self, film: OpenFilm) -> bool:
        """Whether another model than the present one, or none, gave the verdict."""
        if self._bundle is None or film.found is None:
            return False
        reading = film.found.reading
        return reading is None or reading.bundle is not self._bundle

    def remove(self, film: OpenFilm) -> None:
        """Take a film out of the list; if it was on screen, none is now."""
        row = self._films.index(film)
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._films[row], self._by_path[film.path]
        self._seen = [seen for seen in self._seen if seen is not film]
        if self._shown is film:
            self._shown = None
        if self.beside is film:
            self.beside = None
        self.endRemoveRows()

    def clear(self) -> None:
        """Take all films out of the list."""
        self.beginResetModel()
        self._films, self._seen, self._shown = [], [], None
        self._by_path.clear()
        self.endResetModel()

    def row_of(self, film: OpenFilm) -> int | None:
        """Place in the list; None when it is not in it."""
        return self._films.index(film) if film in self._films else None

    def show(self, film: OpenFilm) -> None:
        """Note that a film is on screen, where it is sure to stay in full."""
        self._shown = film
        self._touch(film)
        self._save_memory()

    def _save_memory(self) -> None:
        left = KEPT_BYTES
        for film in reversed(self._seen):
            if film.found is None or film in (self._shown, self.beside):
                continue
            left -= film.found.pyramid.nbytes
            if left < 0 and film.pixels is None and not film.is_reduced:
                small = film.found.pyramid.reduced(_REDUCED_PIXELS)
                film.found = dataclasses.replace(film.found, pyramid=small)
                film.is_reduced = True

    def _verdict_text(self, film: OpenFilm) -> str:
        text = _verdict_text(film.found)
        has_verdict = film.found is not None and film.found.reading is not None
        return f"Before: {text}" if has_verdict and self.is_outdated(film) else text

    def _touch(self, film: OpenFilm) -> None:
        self._seen = [*(seen for seen in self._seen if seen is not film), film]

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._films)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        film = self._films[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return display_name(film.path)
        if role == Qt.ItemDataRole.DecorationRole:
            return film.picture
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{printable(film.path)}\n{self._verdict_text(film)}"
        if role == VERDICT_ROLE:
            return self._verdict_text(film)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{display_name(film.path)}, {self._verdict_text(film)}"
        return None


def _verdict_text(found: DiagnosedFilm | None) -> str:
    if found is None:
        return "Reading…"
    reading = found.reading
    if reading is None:
        return "No verdict"
    if reading.verdict.refused is not None:
        return "Refused"
    if reading.verdict.is_doubtful:
        return "In doubt"
    finding = reading.verdict.finding
    if finding is None:
        return "Uncertain"
    if finding == HEALTHY:
        return "No sign found"
    card = reading.card
    share = card.percent(finding, reading.verdict.probabilities[finding])
    return f"{card.display_name(finding)} {share}"
