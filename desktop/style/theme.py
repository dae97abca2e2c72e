"""Dark and light: the system's palette, or ours where the user wants another."""

from __future__ import annotations

import logging
import sys
from functools import partial
from typing import Final

from PyQt5.QtCore import QSettings, QSignalBlocker
from PyQt5.QtGui import QColor, QPalette
from PyQt5.QtWidgets import QApplication, QStyleFactory

from core import paths

logger = logging.getLogger(__name__)

_ROLE: Final = QPalette.ColorRole

#: Role -> its colour on a light ground, and on a dark one.
_COLOURS: Final = {
    _ROLE.Window: ("#f3f4f6", "#1e2126"),
    _ROLE.WindowText: ("#1c2126", "#e6e9ed"),
    _ROLE.Base: ("#ffffff", "#2a3037"),
    _ROLE.AlternateBase: ("#eceef1", "#252a30"),
    _ROLE.Text: ("#1c2126", "#e6e9ed"),
    _ROLE.PlaceholderText: ("#5d646c", "#a9b1ba"),
    _ROLE.Button: ("#f8f9fa", "#2b3037"),
    _ROLE.ButtonText: ("#1c2126", "#e6e9ed"),
    _ROLE.BrightText: ("#ffffff", "#ffffff"),
    _ROLE.ToolTipBase: ("#ffffff", "#2b3037"),
    _ROLE.ToolTipText: ("#1c2126", "#e6e9ed"),
    _ROLE.Highlight: ("#1f6fc4", "#4a9be8"),
    _ROLE.HighlightedText: ("#ffffff", "#0b0d10"),
    _ROLE.Link: ("#1f6fc4", "#7ab8f5"),
    _ROLE.LinkVisited: ("#6b3fb5", "#b79cf0"),
    _ROLE.Light: ("#ffffff", "#3d444d"),
    _ROLE.Midlight: ("#e4e7eb", "#343a42"),
    _ROLE.Mid: ("#c5cad1", "#3a4048"),
    _ROLE.Dark: ("#9aa1ab", "#121417"),
    _ROLE.Shadow: ("#5b626b", "#000000"),
}
#: The same of a text that is disabled.
_FAINT: Final = ("#8a9099", "#7d858f")


def prepare(application: QApplication) -> None:
    """Choose the style once, at the start.

    Fusion is drawn from the palette alone, so it follows dark and light;
    macOS has its own style, which does so too.
    """
    if sys.platform != "darwin":
        application.setStyle(QStyleFactory.create("Fusion"))
    application.paletteChanged.connect(partial(_follow, application))


def apply(application: QApplication, appearance: str) -> None:
    """Set the palette, for "system", "light" or "dark", and the style sheet."""
    with QSignalBlocker(application):  # the style sheet is set once, below
        application.setPalette(QPalette())  # back to what the desktop gives
        follows = appearance == "system"
        if not (follows and (sys.platform == "darwin" or _palette_is_own())):
            dark = _system_is_dark() if follows else appearance == "dark"
            application.setPalette(_palette(dark=dark))
    # Set anew each time: `palette(...)` in a style sheet is resolved then.
    application.setStyleSheet(_style_sheet(application.palette()))


def _follow(application: QApplication, palette: QPalette) -> None:
    """The desktop has given other colours, as at nightfall."""
    sheet = _style_sheet(palette)
    if application.styleSheet() not in ("", sheet):
        application.setStyleSheet(sheet)


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than its ground."""
    ground, ink = palette.color(_ROLE.Window), palette.color(_ROLE.WindowText)
    return ink.lightness() > ground.lightness()


def muted(palette: QPalette) -> QColor:
    """Text colour for what is secondary; still at least 4.5 : 1 on its ground."""
    ink, ground = palette.color(_ROLE.WindowText), palette.color(_ROLE.Window)
    share = 0.74
    mixed = (
        round(share * a + (1 - share) * b)
        for a, b in zip(ink.getRgb()[:3], ground.getRgb()[:3], strict=True)
    )
    return QColor(*mixed)


def _palette(*, dark: bool) -> QPalette:
    palette = QPalette()
    for role, colours in _COLOURS.items():
        palette.setColor(role, QColor(colours[dark]))
    for role in (_ROLE.WindowText, _ROLE.Text, _ROLE.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FAINT[dark]))
    return palette


def _style_sheet(palette: QPalette) -> str:
    try:
        sheet = paths.resources_dir() / "style.qss"
        text = sheet.read_text(encoding="utf-8")
        return text.replace("@muted", muted(palette).name())
    except OSError as error:
        logger.warning("the style sheet cannot be read: %s", error)
        return ""


def _palette_is_own() -> bool:
    """Whether the desktop gave Qt colours of its own, high contrast for one."""
    palette = QApplication.style().standardPalette()
    given = QApplication.palette()
    roles = (_ROLE.Window, _ROLE.WindowText, _ROLE.Base)
    return any(palette.color(role) != given.color(role) for role in roles)


def _system_is_dark() -> bool:
    """What the desktop prefers, where Qt 5 does not ask by itself."""
    if sys.platform == "win32":
        key = (
            "HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\"
            "Themes\\Personalize"
        )
        store = QSettings(key, QSettings.Format.NativeFormat)
        return store.value("AppsUseLightTheme", 1, type=int) == 0
    return is_dark(QApplication.palette())
