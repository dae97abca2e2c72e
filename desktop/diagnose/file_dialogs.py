"""Asking for files: only the asking, so that the doing can be tested."""

from __future__ import annotations

from pathlib import Path

from PyQt5.QtWidgets import QFileDialog, QWidget

from desktop.diagnose.picture import FORMATS

_FILMS = (
    "Films (*.dcm *.dicom *.png *.jpg *.jpeg *.jfif *.tif *.tiff *.bmp *.webp *.gif)"
)
_PICTURES = (
    "PNG picture (*.png);;JPEG picture (*.jpg *.jpeg);;TIFF picture (*.tif *.tiff)"
)


def ask_for_films(parent: QWidget, folder: str) -> list[Path]:
    """Films the user picks; none when the dialog is cancelled.

    Args:
        parent: The dialog belongs to it.
        folder: Where to begin; may be empty or gone.
    """
    # DICOM files often have no suffix at all: the second filter shows them.
    names, _ = QFileDialog.getOpenFileNames(
        parent, "Open films", folder, f"{_FILMS};;All files (*)"
    )
    return [Path(name) for name in names]


def ask_for_picture(parent: QWidget, suggestion: Path) -> Path | None:
    """A file to save a picture to; None when the dialog is cancelled.

    Args:
        parent: The dialog belongs to it.
        suggestion: Folder and name to begin with.
    """
    dialog = QFileDialog(parent, "Save picture", str(suggestion.parent), _PICTURES)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    dialog.selectFile(suggestion.name)
    accepted = dialog.exec() == QFileDialog.DialogCode.Accepted
    chosen = Path(dialog.selectedFiles()[0]) if accepted else None
    dialog.deleteLater()
    return chosen


def suggested_name(film: Path, label: str | None) -> str:
    """A name for the picture that is not the film's own.

    Args:
        film: Where the film came from.
        label: The finding whose heat map is on it; None without one.
    """
    stem = film.stem if film.suffix.lower() in {*FORMATS, ".dcm"} else film.name
    return f"{stem[:120]}-{'heat-map-' + label if label else 'film'}.png"
