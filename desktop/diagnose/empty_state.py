"""What stands in the place of the film before the first one is opened."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PyQt5.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from desktop.style import icons
from desktop.style.overlay_text import GROUND, INK, SOFT_INK
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import row, scrolling_column


class EmptyState(QWidget):
    """An invitation to open a film; whoever opens films listens to its buttons."""

    def __init__(self, *, has_samples: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setAccessibleName("No film is open")
        picture = QLabel(self)
        picture.setPixmap(icons.icon("film", colour=SOFT_INK).pixmap(QSize(96, 96)))
        title = _text(self, "Drop a chest X-ray here", INK, 1.75, bold=True)
        kinds = _text(
            self,
            "DICOM, PNG, JPEG, TIFF, BMP, WebP or GIF, one film or several",
            SOFT_INK,
            1.0,
        )
        privacy = _text(
            self,
            "Films stay on this computer: nothing is sent anywhere.",
            SOFT_INK,
            0.95,
        )
        self.open_button = QPushButton("&Open a film…", self)
        self.open_button.setDefault(True)
        self.sample_button = QPushButton("&Try a sample film", self)
        self.sample_button.setToolTip("Open a drawn film that comes with Hilum")
        self.sample_button.setVisible(has_samples)
        for each in (self.open_button, self.sample_button):
            each.setObjectName("emptyStateButton")
            each.setCursor(Qt.CursorShape.PointingHandCursor)
        buttons = row(None, self.open_button, self.sample_button, None, gap=12)
        buttons.setContentsMargins(0, 12, 0, 18)
        area = scrolling_column(
            *(None, row(None, picture, None, margins=(0, 0, 0, 6))),
            *(title, kinds, buttons, privacy, None),
            of=self,
            gap=10,
            margins=(9, 9, 9, 9),
        )
        whole = area.widget().layout()
        for place, share in ((0, 3), (whole.count() - 1, 4)):  # above the middle
            whole.setStretch(place, share)
        for each in (area.widget(), area.viewport()):  # on the dark ground
            each.setAutoFillBackground(False)

    # Qt overrides

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), GROUND)


def _text(
    parent: QWidget, text: str, colour: QColor, scale: float, *, bold: bool = False
) -> QLabel:
    label = QLabel(text, parent)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    palette = label.palette()
    palette.setColor(QPalette.ColorRole.WindowText, colour)
    label.setPalette(palette)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(bold)
    label.setFont(font)
    return label


_ROWS: Final = (
    ("Wheel", "zoom at the mouse"),
    ("Left drag", "move the film"),
    ("Right drag", "window and level"),
    ("Right click", "menu of the film"),
    ("F", "fit to the window"),
    ("I", "invert"),
    ("H", "heat map; hold to peek"),
    ("L", "lung outline on or off"),
    ("M", "magnifier; hold to peek"),
    ("D", "ruler"),
    ("C", "compare two films"),
    ("1, 2, 3 …", "explain a finding"),
    ("PgUp, PgDn", "go through the films"),
    ("F1", "all keys"),
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
        for place, (key, effect) in enumerate(_ROWS):
            name = QLabel(key, self)
            name.setWordWrap(True)
            grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(Caption(effect, self), place, 1, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName("Mouse and keys")
        self.setAccessibleDescription(", ".join(f"{k}: {e}" for k, e in _ROWS))
