"""Shows a chart that `core.reports.charts` drew."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QByteArray, QEvent, QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PyQt5.QtSvg import QSvgRenderer
from PyQt5.QtWidgets import QSizePolicy, QWidget

from core.reports.charts import DARK, LIGHT, ChartColours
from desktop.style.theme import is_dark

#: Draws a chart as SVG text for (width, height) in pixels and colours.
Draw = Callable[[tuple[int, int], ChartColours], str]


class ChartView(QWidget):
    """Shows SVG, as sharp as the screen is.

    A chart given as a function is drawn anew in the size of the widget and the
    colours of the palette; one given as text is scaled as it is.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draw: Draw | None = None
        self._renderer = QSvgRenderer(self)
        self._is_stale = False
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Preferred)
        # A reader reaches what it says through the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def set_svg(self, text: str, description: str) -> None:
        """Show a chart as it is.

        Args:
            text: An SVG document.
            description: What it shows, in words, for a screen reader.
        """
        self._draw, self._is_stale = None, False
        self._renderer.load(QByteArray(text.encode("utf-8")))
        self._describe(description)

    def set_drawing(self, draw: Draw, description: str) -> None:
        """Show a chart that is drawn anew for every size and palette.

        Args:
            draw: Draws it; called while painting, so it must be quick.
            description: As in `set_svg`.
        """
        self._draw, self._is_stale = draw, True
        self._describe(description)

    def _describe(self, description: str) -> None:
        self.setAccessibleName(description)
        self.setToolTip(description)
        self.update()

    def _redraw(self) -> None:
        self._is_stale = False
        if self._draw is not None:
            size = (self.width(), self.height())
            text = self._draw(size, chart_colours(self.palette()))
            self._renderer.load(QByteArray(text.encode("utf-8")))

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 140)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._is_stale = self._draw is not None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._is_stale = self._draw is not None
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_stale:
            self._redraw()
        if not self._renderer.isValid():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._renderer.render(painter, self._place())
        if self.hasFocus():
            painter.setPen(self.palette().highlight().color())
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _place(self) -> QRectF:
        """Where the chart goes: as large as it can be in its own shape."""
        size = self._renderer.defaultSize()
        scaled = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, scaled.width(), scaled.height())
        place.moveCenter(QRectF(self.rect()).center())
        return place


def chart_colours(palette: QPalette) -> ChartColours:
    """Colours of charts that go with a palette."""
    colours = DARK if is_dark(palette) else LIGHT
    ink = palette.color(QPalette.ColorRole.WindowText).name()
    ground = palette.color(QPalette.ColorRole.Window).name()
    return ChartColours(ink, colours.faint, ground, colours.series)
