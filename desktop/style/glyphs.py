"""Icons of QtAwesome whose ink follows the palette, sharp at any scale.

Of its fonts Remix Icon alone is loaded, and that when a first icon is shown.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QRect, QSize, Qt
from PyQt5.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap

if TYPE_CHECKING:
    from qtawesome.iconic_font import IconicFont


def glyph_icon(glyph: str, ink: Callable[[QIcon.Mode], QColor], **how: Any) -> QIcon:
    """An icon of Remix Icon.

    Args:
        glyph: Its name there.
        ink: Asked for each time that the icon is shown.
        how: Options of `qtawesome.icon`, as `rotated`.
    """
    return QIcon(_GlyphIcon(glyph, ink, how))


@functools.cache
def _font() -> IconicFont:
    from qtawesome.iconic_font import IconicFont

    name = "remixicon-{}2.5.0.{}"
    return IconicFont(("ri", name.format("", "ttf"), name.format("charmap-", "json")))


class _GlyphIcon(QIconEngine):
    """QtAwesome's icons keep the ink that they were made with; this one asks."""

    def __init__(
        self, glyph: str, ink: Callable[[QIcon.Mode], QColor], how: dict[str, Any]
    ) -> None:
        super().__init__()
        self._glyph = glyph
        self._ink = ink
        self._how = how

    # Qt overrides

    def paint(
        self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State
    ) -> None:
        side = min(rect.width(), rect.height())
        colour = self._ink(mode).name(QColor.NameFormat.HexArgb)
        icon = _font().icon(f"ri.{self._glyph}", color=colour, **self._how)
        painter.save()
        # QtAwesome turns a glyph about the middle of a square at the origin.
        painter.translate(
            rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2
        )
        icon.paint(painter, QRect(0, 0, side, side))
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _GlyphIcon(self._glyph, self._ink, self._how)
