"""A dialog that shows the film whose name is marked."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, pyqtSlot
from PyQt5.QtGui import QPixmap
from PyQt5.QtWidgets import QFileDialog, QGridLayout, QLabel, QWidget

from core.films.radiograph import display_name
from desktop.film.thumbnails import PictureRequest, Thumbnails
from desktop.style.overlay_text import GROUND
from desktop.widgets.dialogs import resize_within_screen
from desktop.widgets.labels import Caption, ElidedLabel
from desktop.widgets.layouts import column

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
