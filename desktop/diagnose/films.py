"""The films opened in this session and what was found in them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PyQt5.QtGui import QImage

from core.films.radiograph import display_name
from core.model.bundle import ModelBundle
from core.model.classifier import percent
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


@dataclasses.dataclass
class _Entry:
    id: int
    path: Path
    film: DiagnosedFilm | None = None
    picture: QImage | None = None
    is_reduced: bool = False


class FilmList(QAbstractListModel):
    """Films in the order they were opened, results kept with them."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[_Entry] = []
        self._seen: list[int] = []  # ids, least recently shown first
        self._shown: int | None = None
        self._next_id = 1
        self._bundle: ModelBundle | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, path: Path) -> int:
        """Append a film that is still to be read; its id.

        A file that is in the list already keeps its place and gets its old id.
        """
        for entry in self._entries:
            if entry.path == path and (entry.film is None or entry.film.is_file):
                return entry.id
        row = len(self._entries)
        self.beginInsertRows(QModelIndex(), row, row)
        entry = _Entry(self._next_id, path)
        self._next_id += 1
        self._entries.append(entry)
        self.endInsertRows()
        return entry.id

    def set_film(self, film_id: int, film: DiagnosedFilm) -> None:
        """Fill in what was found; nothing happens for an id that was removed."""
        row = self.row_of(film_id)
        if row is None:
            return
        entry = self._entries[row]
        entry.film = film
        entry.is_reduced = False
        entry.picture = thumbnail(film.pyramid, THUMBNAIL_SIDE)
        self._touch(film_id)
        self._save_memory()
        index = self.index(row)
        self.dataChanged.emit(index, index)

    def set_bundle(self, bundle: ModelBundle) -> None:
        """Note which model is asked now: what another said is marked as such."""
        self._bundle = bundle
        if self._entries:
            last = self.index(len(self._entries) - 1)
            self.dataChanged.emit(self.index(0), last)

    def is_outdated(self, film_id: int) -> bool:
        """Whether another model than the present one, or none, gave the verdict."""
        row = self.row_of(film_id)
        return row is not None and self._is_outdated(self._entries[row])

    def remove(self, film_id: int) -> None:
        """Take a film out of the list."""
        row = self.row_of(film_id)
        if row is not None:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._entries[row]
            self._seen = [seen for seen in self._seen if seen != film_id]
            self.endRemoveRows()

    def film(self, film_id: int) -> DiagnosedFilm | None:
        """What was found, or None while it is being read."""
        row = self.row_of(film_id)
        return self._entries[row].film if row is not None else None

    def path(self, film_id: int) -> Path | None:
        """Where a film came from."""
        row = self.row_of(film_id)
        return self._entries[row].path if row is not None else None

    def is_reduced(self, film_id: int) -> bool:
        """Whether only a smaller copy of its pixels was kept."""
        row = self.row_of(film_id)
        return row is not None and self._entries[row].is_reduced

    def row_of(self, film_id: int) -> int | None:
        """Place in the list; None when it is not in it."""
        for row, entry in enumerate(self._entries):
            if entry.id == film_id:
                return row
        return None

    def id_at(self, row: int) -> int:
        """Id of the film in a row."""
        return self._entries[row].id

    def show(self, film_id: int) -> None:
        """Note that a film is on screen: it alone is sure to stay in full."""
        self._shown = film_id
        self._touch(film_id)
        self._save_memory()

    def _save_memory(self) -> None:
        left = KEPT_BYTES
        for seen in reversed(self._seen):
            row = self.row_of(seen)
            entry = self._entries[row] if row is not None else None
            if entry is None or entry.film is None or seen == self._shown:
                continue
            left -= entry.film.pyramid.nbytes
            if left < 0 and entry.film.is_file and not entry.is_reduced:
                small = entry.film.pyramid.reduced(_REDUCED_PIXELS)
                entry.film = dataclasses.replace(entry.film, pyramid=small)
                entry.is_reduced = True

    def _is_outdated(self, entry: _Entry) -> bool:
        if self._bundle is None or entry.film is None:
            return False
        reading = entry.film.reading
        return reading is None or reading.bundle is not self._bundle

    def _verdict_text(self, entry: _Entry) -> str:
        text = _verdict_text(entry)
        has_verdict = entry.film is not None and entry.film.reading is not None
        return f"Before: {text}" if has_verdict and self._is_outdated(entry) else text

    def _touch(self, film_id: int) -> None:
        self._seen = [seen for seen in self._seen if seen != film_id] + [film_id]

    # Qt overrides

    def rowCount(self, parent: QModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def data(
        self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return display_name(entry.path)
        if role == Qt.ItemDataRole.DecorationRole:
            return entry.picture
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{printable(entry.path)}\n{self._verdict_text(entry)}"
        if role == VERDICT_ROLE:
            return self._verdict_text(entry)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{display_name(entry.path)}, {self._verdict_text(entry)}"
        return None


def _verdict_text(entry: _Entry) -> str:
    if entry.film is None:
        return "Reading…"
    reading = entry.film.reading
    if reading is None:
        return "No verdict"
    finding = reading.verdict.finding
    if finding is None:
        return "Uncertain"
    share = percent(reading.verdict.probabilities[finding])
    return f"{reading.bundle.card.display_name(finding)} {share}"
