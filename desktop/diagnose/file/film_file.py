"""The file of the film on screen: its tags, whom it is of, a copy without that."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot

from core.errors import CoreError
from core.films.deidentify import (
    LOOK,
    DeidentifiedFilm,
    deidentify,
    write_deidentified,
)
from core.films.patient_id import installation_salt
from core.films.radiograph import display_name
from desktop.diagnose import file_dialogs as film_dialogs
from desktop.diagnose.actions import DiagnoseActions
from desktop.diagnose.file.identity import IdentityOverlay
from desktop.diagnose.file.recent import RecentFilms
from desktop.diagnose.file.tags_dialog import TagsDialog
from desktop.diagnose.films import OpenFilm
from desktop.diagnose.layout import DiagnoseLayout
from desktop.diagnose.session import FilmSession
from desktop.settings import Settings
from desktop.widgets.notify import Notice
from desktop.work.background import Background


class FilmFile(QObject):
    """Ties the file's actions to the film on screen.

    Attributes:
        recent: Films that were opened before.
        tags: The dialog with all tags; None before it is first asked for.
        overlay, beside: Whom the film is of, and the one that it is compared with.

    Signals:
        status_changed: str. What is going on, for the status line.
    """

    status_changed = pyqtSignal(str)

    def __init__(
        self,
        session: FilmSession,
        ui: DiagnoseLayout,
        commands: DiagnoseActions,
        settings: Settings,
    ) -> None:
        super().__init__(ui)
        self._session = session
        self._commands = commands
        self._settings = settings
        self._banner, self._view = ui.banner, ui.view
        self._copying = Background(self, "copies")
        self.overlay = IdentityOverlay(ui.pair.view)
        self.beside = IdentityOverlay(ui.pair.other)
        self.tags: TagsDialog | None = None
        self.recent = RecentFilms(settings, ui.view)
        commands.set_recent(self.recent)
        session.film_shown.connect(self._on_film_shown)
        session.film_refined.connect(self._show_identity)
        session.beside_changed.connect(self._show_identity)
        session.emptied.connect(self._on_emptied)
        commands.close.triggered.connect(self._on_close)
        commands.close_all.triggered.connect(session.close_all)
        commands.tags.triggered.connect(self._on_tags)
        commands.deidentify.triggered.connect(self._on_deidentify)
        commands.identity.setChecked(settings.identity_shown)
        commands.identity.toggled.connect(self._on_identity_toggled)

    def shut_down(self) -> None:
        """End the threads, after what they have in hand."""
        self.recent.shut_down()
        if self.tags is not None:
            self.tags.shut_down()
        self._copying.shut_down()

    @pyqtSlot(object)
    def _on_film_shown(self, film: OpenFilm) -> None:
        is_file = film.pixels is None
        if is_file:
            self.recent.add(film.path)
        is_dicom = film.found is not None and film.found.facts.format == "DICOM"
        self._commands.set_file(is_file=is_file, is_dicom=is_dicom)
        self._refresh()

    @pyqtSlot()
    def _on_emptied(self) -> None:
        self._commands.set_file(is_file=False, is_dicom=False)
        self._refresh()

    @pyqtSlot()
    def _on_close(self) -> None:
        if self._session.current is not None:
            self._session.close(self._session.current)

    @pyqtSlot()
    def _on_tags(self) -> None:
        if self.tags is None:
            self.tags = TagsDialog(self._view)
            self._refresh()
        elif self.tags.isVisible():
            self.tags.raise_()
        self.tags.show()
        self.tags.activateWindow()

    @pyqtSlot(bool)
    def _on_identity_toggled(self, is_shown: bool) -> None:
        self._settings.identity_shown = is_shown
        self._show_identity()

    def _refresh(self) -> None:
        """Speak of another film on screen."""
        self._show_identity()
        film = self._session.shown_film
        if self.tags is not None:
            has_tags = film is not None and film.facts.format == "DICOM"
            self.tags.show_film(film.path if has_tags else None)

    @pyqtSlot()
    def _show_identity(self) -> None:
        """Say whose the film on screen is, and the one beside it."""
        film, beside = self._session.shown_film, self._session.films.beside
        compared = beside.found if beside is not None else None
        for overlay, found in ((self.overlay, film), (self.beside, compared)):
            has_one = found is not None and self._settings.identity_shown
            overlay.show_identity(found.identity if has_one else None)

    # A copy without the patient

    @pyqtSlot()
    def _on_deidentify(self) -> None:
        film = self._session.shown
        is_file = film is not None and film.pixels is None
        if film is not None and is_file and not self._copying.is_busy:
            self.status_changed.emit("Removing what names the patient…")
            self._copying.ask(
                partial(_deidentified, film.path),
                partial(self._on_deidentified, film.path),
                self._on_failed,
            )

    def _on_deidentified(self, source: Path, copy: DeidentifiedFilm) -> None:
        self.status_changed.emit("")
        folder = self._settings.save_folder or str(source.parent)
        path = film_dialogs.ask_for_copy(self._view, Path(folder) / copy.name)
        if path is not None:
            self._settings.save_folder = str(path.parent)
            self._copying.ask(
                partial(write_deidentified, copy, path, source),
                partial(self._on_written, path, copy.warnings),
                self._on_failed,
            )

    def _on_written(self, path: Path, warnings: tuple[str, ...], _: None) -> None:
        self.status_changed.emit(f"Saved {display_name(path)}")
        text = f"Saved without patient: {display_name(path)}."
        self._banner.show_notice(Notice(text, " ".join((*warnings, LOOK))))

    def _on_failed(self, error: CoreError) -> None:
        self.status_changed.emit("")
        self._banner.show_error(error)


def _deidentified(path: Path) -> DeidentifiedFilm:
    return deidentify(path, installation_salt())
