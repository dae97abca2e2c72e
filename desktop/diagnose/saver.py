"""Copying and saving the picture, in a thread of its own."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PyQt5.QtCore import QMimeData, QObject, pyqtSignal
from PyQt5.QtGui import QGuiApplication, QImage
from PyQt5.QtWidgets import QWidget

from core.errors import CoreError
from core.films.radiograph import display_name
from desktop.diagnose import file_dialogs as film_dialogs
from desktop.diagnose.picture import PictureJob, compose, write_picture
from desktop.film.pyramid import picture_image
from desktop.film.thumbnails import Thumbnails
from desktop.settings import Settings
from desktop.widgets.chart_view import in_turn
from desktop.widgets.labels import printable
from desktop.work.background import Background

logger = logging.getLogger(__name__)


class FilmSaver(QObject):
    """Sends pictures to the clipboard or to a file while the window goes on.

    Attributes:
        previews: Of the films that file dialogs show.

    Signals:
        status_changed: str. What is going on, for the status line.
        failed: CoreError. Nothing was written.
    """

    status_changed = pyqtSignal(str)
    failed = pyqtSignal(object)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._window = parent
        self._pictures = Background(self, "pictures")
        self.previews = Thumbnails(self)

    def ask_and_save(self, job: PictureJob, label: str | None) -> None:
        """Ask for a file, and save unless the user thinks better of it.

        Args:
            job: The picture.
            label: The finding whose heat map is on it; None without one.
        """
        folder = self._settings.save_folder or str(job.source.parent)
        name = film_dialogs.suggested_name(job.source, label)
        asked = film_dialogs.ask_for_picture(
            *(self._window, Path(folder) / name, self.previews),
            can_name=job.identity is not None,
        )
        if asked is not None:
            path, is_named = asked
            self._settings.save_folder = str(path.parent)
            self.save(dataclasses.replace(job, is_named=is_named), path)

    def save(self, job: PictureJob, path: Path) -> None:
        """Write the picture; the status or `failed` tells how it went."""
        self.status_changed.emit(f"Saving {display_name(path)}…")
        written = partial(self._on_written, path)
        task = partial(in_turn, partial(write_picture, job, path))
        self._pictures.ask(task, written, self._on_failed)

    def copy(self, job: PictureJob) -> None:
        """Put the picture, and what is said of it as text, into the clipboard."""
        self.status_changed.emit("Copying…")
        drawn = partial(self._on_drawn, job)
        task = partial(in_turn, partial(_draw, job))
        self._pictures.ask(task, drawn, self._on_failed)

    def save_report(self, task: Callable[[], None], folder: Path) -> None:
        """Write reports into a folder, as `save` does."""
        self.status_changed.emit("Making the report…")
        written = partial(self._on_written, folder)
        self._pictures.ask(partial(in_turn, task), written, self._on_failed)

    def shut_down(self) -> None:
        """End the thread after the picture in hand."""
        self._pictures.shut_down()
        self.previews.shut_down()

    def _on_written(self, path: Path, nothing: None) -> None:
        logger.info("saved a picture or reports")
        logger.debug("saved %s", path)
        self.status_changed.emit(f"Saved {printable(path)}")

    def _on_drawn(self, job: PictureJob, image: QImage) -> None:
        both, said = QMimeData(), "The picture is in the clipboard."
        both.setImageData(image)
        if job.said is not None:
            both.setText(job.said.text)
            said = "The picture and the verdict in words are in the clipboard."
        QGuiApplication.clipboard().setMimeData(both)
        self.status_changed.emit(said)

    def _on_failed(self, error: CoreError) -> None:
        self.status_changed.emit("")
        self.failed.emit(error)


def _draw(job: PictureJob) -> QImage:
    return picture_image(compose(job))
