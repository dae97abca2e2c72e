"""Asking for files: only the asking, so that the doing can be tested."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QCheckBox, QFileDialog, QGridLayout, QLabel, QWidget

from core.films.finder import film_stem
from core.films.radiograph import display_name
from desktop.film.thumbnails import PictureRequest, Thumbnails
from desktop.models.file_dialogs import ask_for_file
from desktop.style.overlay_text import GROUND
from desktop.widgets.dialogs import resize_within_screen, run_dialog
from desktop.widgets.labels import Caption, ElidedLabel
from desktop.widgets.layouts import column

_FILMS = (
    "Films (*.dcm *.dicom *.png *.jpg *.jpeg *.jfif *.tif *.tiff *.bmp *.webp *.gif)"
)
_PICTURES = (
    "PNG picture (*.png);;JPEG picture (*.jpg *.jpeg);;TIFF picture (*.tif *.tiff)"
)
_SIDE_PX: Final = 260


class PreviewDialog(QFileDialog):
    """Qt's own dialog with a picture beside the list.

    The system's would look at home, but none of them can show a DICOM film, nor take
    a picture of ours; so this is the same everywhere, in the window's colours.

    Args:
        thumbnails: Makes the pictures; not busy with others'.
    """

    def __init__(
        self,
        parent: QWidget,
        title: str,
        place: Path | str,
        kinds: str,
        thumbnails: Thumbnails,
    ) -> None:
        super().__init__(parent, title, str(place), kinds)
        self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self._thumbnails = thumbnails
        self._keys: dict[Path, int] = {}
        self._shown: Path | None = None
        self.picture = QLabel(self)
        self.picture.setFixedSize(_SIDE_PX, _SIDE_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setStyleSheet(f"background: {GROUND.name()}; border-radius: 5px;")
        self._name = ElidedLabel("", self)
        self.caption = Caption("", self)
        self.side = column(self.picture, self._name, self.caption, None, gap=6)
        grid = self.layout()
        assert isinstance(grid, QGridLayout)
        grid.addLayout(self.side, 0, grid.columnCount(), grid.rowCount(), 1)
        thumbnails.clear()
        thumbnails.set_side(round(_SIDE_PX * self.devicePixelRatioF()))
        thumbnails.made.connect(self._show)
        self.currentChanged.connect(self._on_current_changed)
        self._on_current_changed("")
        resize_within_screen(self, 1000, 580)

    @pyqtSlot(str)
    def _on_current_changed(self, name: str) -> None:
        path = Path(name)
        is_film = bool(name) and path.is_file()
        self._shown = path if is_film else None
        self.picture.setPixmap(QPixmap())
        self._name.set_text(display_name(path) if is_film else "")
        self.caption.setText("Mark a film to see it here.")
        self.caption.show()
        if is_film:
            key = self._keys.setdefault(path, len(self._keys))
            self._thumbnails.want([PictureRequest(key, path)])
            self._show(key)

    @pyqtSlot(int)
    def _show(self, key: int) -> None:
        if self._shown is None or self._keys[self._shown] != key:
            return
        made = self._thumbnails.picture(key)
        if made is not None:
            picture = QPixmap.fromImage(made)
            picture.setDevicePixelRatio(self.devicePixelRatioF())
            self.picture.setPixmap(picture)
            self.caption.hide()
        else:
            is_none = self._thumbnails.is_broken(key)
            self.caption.setText("This is no film." if is_none else "Reading…")


def ask_for_films(parent: QWidget, folder: str, previews: Thumbnails) -> list[Path]:
    """Films the user picks; none when the dialog is cancelled.

    Args:
        parent: The dialog belongs to it.
        folder: Where to begin; may be empty or gone.
        previews: Shows the films.
    """
    # DICOM files often have no suffix at all: the second filter shows them.
    kinds = f"{_FILMS};;All files (*)"
    dialog = PreviewDialog(parent, "Open films", folder, kinds, previews)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    is_accepted = run_dialog(dialog)
    return [Path(name) for name in dialog.selectedFiles()] if is_accepted else []


def ask_for_picture(
    parent: QWidget, suggestion: Path, previews: Thumbnails, *, can_name: bool
) -> tuple[Path, bool] | None:
    """A file to save a picture to; None when the dialog is cancelled.

    Args:
        parent: The dialog belongs to it.
        suggestion: Folder and name to begin with.
        previews: Shows the pictures that are there.
        can_name: Whether the film says whom it is of.

    Returns:
        The file, and whether the picture is to say whom it is of.
    """
    dialog = PreviewDialog(
        parent, "Save picture", suggestion.parent, _PICTURES, previews
    )
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suggestion.suffix)
    dialog.selectFile(suggestion.name)
    name_it = QCheckBox("Patient and date on the &picture", dialog)
    name_it.setVisible(can_name)
    dialog.side.insertWidget(3, name_it)
    if not run_dialog(dialog):
        return None
    return Path(dialog.selectedFiles()[0]), name_it.isChecked()


def ask_for_copy(parent: QWidget, suggestion: Path) -> Path | None:
    """A file to save a copy without the patient to; None when cancelled."""
    kind, suffix = f"Film (*{suggestion.suffix})", suggestion.suffix
    return ask_for_file(parent, "Save without patient", suggestion, kind, suffix)


def suggested_name(film: Path, label: str | None) -> str:
    """A name for the picture that is not the film's own.

    Args:
        film: Where the film came from.
        label: The finding whose heat map is on it; None without one.
    """
    return f"{film_stem(film)[:120]}-{'heat-map-' + label if label else 'film'}.png"
