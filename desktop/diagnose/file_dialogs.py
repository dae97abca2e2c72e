"""Asking for files: only the asking, so that the doing can be tested."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtWidgets import QCheckBox, QFileDialog, QWidget

from core.films.finder import film_stem
from desktop.film.preview_dialog import PreviewDialog
from desktop.film.thumbnails import Thumbnails
from desktop.widgets.dialogs import run_dialog

_FILMS = (
    "Films (*.dcm *.dicom *.png *.jpg *.jpeg *.jfif *.tif *.tiff *.bmp *.webp *.gif)"
)
_PICTURES = (
    "PNG picture (*.png);;JPEG picture (*.jpg *.jpeg);;TIFF picture (*.tif *.tiff)"
)


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
    _save_to(dialog, suggestion)
    name_it = QCheckBox("Patient and date on the &picture", dialog)
    name_it.setVisible(can_name)
    dialog.side.insertWidget(3, name_it)
    if not run_dialog(dialog):
        return None
    return Path(dialog.selectedFiles()[0]), name_it.isChecked()


def ask_for_copy(parent: QWidget, suggestion: Path) -> Path | None:
    """A file to save a copy without the patient to; None when cancelled."""
    kind = f"Film (*{suggestion.suffix})"
    dialog = QFileDialog(parent, "Save without patient", str(suggestion.parent), kind)
    _save_to(dialog, suggestion)
    return Path(dialog.selectedFiles()[0]) if run_dialog(dialog) else None


def _save_to(dialog: QFileDialog, suggestion: Path) -> None:
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suggestion.suffix)
    dialog.selectFile(suggestion.name)


def suggested_name(film: Path, label: str | None) -> str:
    """A name for the picture that is not the film's own.

    Args:
        film: Where the film came from.
        label: The finding whose heat map is on it; None without one.
    """
    return f"{film_stem(film)[:120]}-{'heat-map-' + label if label else 'film'}.png"
