"""Copying and saving the picture, in a thread of its own."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QGuiApplication, QImage
from PyQt5.QtWidgets import QWidget

from core.errors import CoreError
from core.films.radiograph import display_name
from desktop.diagnose import file_dialogs as film_dialogs
from desktop.diagnose.picture import PictureJob, PictureWorker
from desktop.settings import Settings
from desktop.widgets.labels import printable
from desktop.work.threads import give_thread, stop_thread


class FilmSaver(QObject):
    """Sends pictures to the clipboard or to a file while the window goes on.

    Signals:
        status_changed: str. What is going on, for the status line.
        failed: CoreError. Nothing was written.
        saved: Path. The file is whole.
        copied: the picture is in the clipboard.
    """

    status_changed = pyqtSignal(str)
    failed = pyqtSignal(object)
    saved = pyqtSignal(object)
    copied = pyqtSignal()
    _write_wanted = pyqtSignal(object, object)
    _draw_wanted = pyqtSignal(object)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._window = parent
        self._worker = PictureWorker()
        self._thread = give_thread(self._worker, self, "pictures")
        self._write_wanted.connect(self._worker.write)
        self._draw_wanted.connect(self._worker.draw)
        self._worker.written.connect(self._on_written)
        self._worker.composed.connect(self._on_composed)
        self._worker.failed.connect(self._on_failed)

    def ask_and_save(self, job: PictureJob, label: str | None) -> None:
        """Ask for a file, and save unless the user thinks better of it.

        Args:
            job: The picture.
            label: The finding whose heat map is on it; None without one.
        """
        folder = self._settings.save_folder or str(job.source.parent)
        name = film_dialogs.suggested_name(job.source, label)
        path = film_dialogs.ask_for_picture(self._window, Path(folder) / name)
        if path is not None:
            self._settings.save_folder = str(path.parent)
            self.save(job, path)

    def save(self, job: PictureJob, path: Path) -> None:
        """Write the picture; `saved` or `failed` follows."""
        self._thread.start()
        self.status_changed.emit(f"Saving {display_name(path)}…")
        self._write_wanted.emit(job, path)

    def copy(self, job: PictureJob) -> None:
        """Put the picture into the clipboard; `copied` or `failed` follows."""
        self._thread.start()
        self.status_changed.emit("Copying…")
        self._draw_wanted.emit(job)

    def shut_down(self) -> None:
        """End the thread after the picture in hand."""
        stop_thread(self._thread)

    @pyqtSlot(object)
    def _on_written(self, path: Path) -> None:
        self.status_changed.emit(f"Saved {printable(path)}")
        self.saved.emit(path)

    @pyqtSlot(object)
    def _on_composed(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        self.status_changed.emit("The picture is in the clipboard.")
        self.copied.emit()

    @pyqtSlot(object)
    def _on_failed(self, error: CoreError) -> None:
        self.status_changed.emit("")
        self.failed.emit(error)
