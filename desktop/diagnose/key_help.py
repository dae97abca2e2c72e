"""What mouse and keys do on a film, shown until there is one."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QGridLayout, QLabel, QWidget

from desktop.widgets.labels import Caption

_ROWS: Final = (
    ("Wheel", "zoom at the mouse"),
    ("Left drag", "move the film"),
    ("Right drag", "window and level"),
    ("F", "fit to the window"),
    ("I", "invert"),
    ("H", "heat map on or off"),
    ("1, 2, 3 …", "explain a finding"),
    ("PgUp, PgDn", "go through the films"),
)


class KeyHelp(QWidget):
    """A short table of the keys worth knowing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        for row, (key, effect) in enumerate(_ROWS):
            name = QLabel(key, self)
            name.setWordWrap(True)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Caption(effect, self), row, 1, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName("Mouse and keys")
        self.setAccessibleDescription(", ".join(f"{k}: {e}" for k, e in _ROWS))
