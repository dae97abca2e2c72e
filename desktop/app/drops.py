"""What is dropped on the window goes to the tab that is open."""

from __future__ import annotations

from PyQt5.QtCore import QMimeData
from PyQt5.QtWidgets import QTabWidget

from core.model.archive import is_model_file
from desktop.diagnose.tab import DiagnoseTab
from desktop.film.incoming import films_in, may_hold_films
from desktop.models.menu import ModelFiles
from desktop.retrain.tab import RetrainTab
from desktop.scan.tab import ScanTab


class WindowDrops:
    """Hands films, folders and models to whoever takes them.

    Args:
        tabs: That hold the others.
        diagnose: Takes films.
        scan: Takes a folder.
        retrain: Takes a folder or a list.
        files: Takes models, whichever tab is open.
    """

    def __init__(
        self,
        tabs: QTabWidget,
        diagnose: DiagnoseTab,
        scan: ScanTab,
        retrain: RetrainTab,
        files: ModelFiles,
    ) -> None:
        self._tabs = tabs
        self._diagnose = diagnose
        self._scan = scan
        self._retrain = retrain
        self._files = files

    def enter(self, mime: QMimeData) -> bool:
        """Show what letting go would do.

        Returns:
            Whether it would do anything.
        """
        tab = self._tabs.currentWidget()
        paths = films_in(mime).paths if mime.hasUrls() else ()
        if tab is self._scan and paths:
            self._scan.show_drop(not is_model_file(paths[0]))
            return True
        if tab is self._retrain or tab is self._scan:
            return len(paths) == 1
        if not may_hold_films(mime):
            return False
        self._diagnose.show_drop(mime)
        return True

    def leave(self) -> None:
        """It is dragged elsewhere."""
        self._scan.show_drop(False)
        self._diagnose.show_drop(None)

    def take(self, mime: QMimeData) -> None:
        """It was let go of."""
        self.leave()
        tab = self._tabs.currentWidget()
        paths = films_in(mime).paths
        if tab not in (self._scan, self._retrain) or not paths:
            self._diagnose.take_mime(mime)
        elif is_model_file(paths[0]):
            self._files.import_file(paths[0])
        elif tab is self._scan:
            self._scan.take_paths(paths)
        else:
            self._retrain.take_data(paths[0])
