"""Films that were opened before."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QAction, QMenu, QWidget

from core.films.radiograph import display_name
from core.json_file import parse_json
from core.paths import is_sample
from desktop.settings import Settings
from desktop.widgets.labels import printable
from desktop.work.background import Background

_MOST: Final = 12


class RecentFilms(QMenu):
    """Menu of films, the last one first; those that are gone drop out.

    Signals:
        film_asked: Path. One is to be opened again.
    """

    film_asked = pyqtSignal(object)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__("&Recent films", parent)
        self.setToolTipsVisible(True)
        self._settings = settings
        # A network folder may take long to say what is there.
        self._looking = Background(self, "recent films")
        self.triggered.connect(self._on_triggered)
        self.aboutToShow.connect(self.drop_missing)
        self._show(self.paths)

    @property
    def paths(self) -> list[Path]:
        """The films."""
        try:
            kept = parse_json(self._settings.recent_films)
            return [Path(name) for name in kept]
        except (ValueError, TypeError):  # edited by hand
            return []

    def add(self, path: Path) -> None:
        """Put a film first; those that come with the program are no news."""
        if not is_sample(path):
            others = [other for other in self.paths if other != path]
            self._keep([path, *others][:_MOST])

    @pyqtSlot()
    def drop_missing(self) -> None:
        """Look which films are still there, in a thread."""
        paths = self.paths
        if paths and not self._looking.is_busy:
            self._looking.ask(lambda: _missing(paths), self._drop, lambda error: None)

    def shut_down(self) -> None:
        """End the thread."""
        self._looking.shut_down()

    def _drop(self, missing: set[Path]) -> None:
        if missing:
            self._keep([path for path in self.paths if path not in missing])

    def _keep(self, paths: Sequence[Path]) -> None:
        self._settings.recent_films = json.dumps([str(path) for path in paths])
        self._show(paths)

    def _show(self, paths: Sequence[Path]) -> None:
        self.clear()
        for number, path in enumerate(paths, start=1):
            key = f"&{number} " if number < 10 else ""
            name = display_name(path).replace("&", "&&")
            entry = self.addAction(f"{key}{name}")
            entry.setData(path)
            entry.setToolTip(printable(path))
        self.addSeparator()
        self.addAction("&Clear")
        self.menuAction().setEnabled(bool(paths))

    def _on_triggered(self, entry: QAction) -> None:
        if entry.data() is None:
            self._keep([])
        else:
            self.film_asked.emit(entry.data())


def _missing(paths: Sequence[Path]) -> set[Path]:
    return {path for path in paths if not os.path.isfile(path)}
