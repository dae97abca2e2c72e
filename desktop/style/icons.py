"""The icons of buttons and menus, and the program's own."""

from __future__ import annotations

from functools import partial
from typing import Final

from PyQt5.QtGui import QColor, QGuiApplication, QIcon, QPalette

from core import paths
from desktop.style.glyphs import glyph_icon

#: Name -> that of the glyph.
_GLYPHS: Final = {
    "open": "folder-open-line",
    "fit": "fullscreen-line",
    "actual_size": "aspect-ratio-line",
    "zoom_in": "zoom-in-line",
    "zoom_out": "zoom-out-line",
    "invert": "contrast-line",
    "reset": "restart-line",
    "turn_left": "anticlockwise-line",
    "turn_right": "clockwise-line",
    "flip": "arrow-left-right-line",
    "magnifier": "search-eye-line",
    "ruler": "ruler-line",
    "compare": "layout-column-line",
    "linked": "link",
    "heatmap": "fire-line",
    "lungs": "lungs-line",
    "copy": "file-copy-line",
    "save": "download-2-line",
    "label": "price-tag-3-line",
    "warning": "alert-fill",
    "close": "close-line",
    "samples": "lungs-line",
    "film": "lungs-fill",
}
NAMES: Final = tuple(_GLYPHS)
_AMBER: Final = QColor(230, 160, 30)
#: Of the program's icon; `packaging/icons.py` draws them.
APP_SIZES: Final = (16, 24, 32, 48, 64, 128, 256, 512)


def app_icon() -> QIcon:
    """The icon of windows and of the task bar."""
    found = QIcon()
    for size in APP_SIZES:
        found.addFile(str(paths.resources_dir() / f"icons/hilum-{size}.png"))
    return found


def icon(name: str, *, colour: QColor | None = None) -> QIcon:
    """An icon by name.

    Args:
        name: One of `NAMES`.
        colour: Ink; the palette's text colour, followed as it changes, when
            not given.

    Raises:
        ValueError: There is no such icon.
    """
    if name not in _GLYPHS:
        raise ValueError(f"expected one of {NAMES}. Received: name={name!r}")
    if name == "warning":
        colour = _AMBER
    return glyph_icon(_GLYPHS[name], partial(_ink, colour))


def _ink(colour: QColor | None, mode: QIcon.Mode) -> QColor:
    palette = QGuiApplication.palette()
    if mode == QIcon.Mode.Disabled:
        group = QPalette.ColorGroup.Disabled
        return palette.color(group, QPalette.ColorRole.ButtonText)
    return colour or palette.color(QPalette.ColorRole.ButtonText)
