"""matplotlib's canvas and buttons; imported once matplotlib has been loaded."""

from __future__ import annotations

from typing import Final

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg, NavigationToolbar2QT
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QColor, QResizeEvent, QWheelEvent
from PyQt5.QtWidgets import QToolButton, QWidget

_ICON_PX: Final = 14


class ChartCanvas(FigureCanvasQTAgg):
    """A figure on screen, in the size that it was made for.

    Args:
        figure: As it stands drawn in a `FigureCanvasAgg`, whose picture is shown;
            only zooming draws it anew.
        request: Comes with the figure, to tell it from older ones.
    """

    def __init__(self, figure: Figure, request: int, parent: QWidget) -> None:
        drawn = figure.canvas
        super().__init__(figure)
        self.setParent(parent)
        self._set_device_pixel_ratio(drawn.device_pixel_ratio)
        self.resize(*self.get_width_height())
        self.renderer, self._lastKey = drawn.renderer, drawn._lastKey
        self.request = request
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Else it is white, also where the picture is rounded down to whole pixels.
        palette = self.palette()
        ground = QColor.fromRgbF(*to_rgba(figure.get_facecolor()))
        palette.setColor(self.backgroundRole(), ground)
        self.setPalette(palette)

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        # matplotlib would draw here, in the window's thread; the view has another
        # figure made for another size.
        QWidget.resizeEvent(self, event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the page scrolls


class ChartTools(NavigationToolbar2QT):
    """Zoom, the whole again, and save, over a corner of the chart.

    Args:
        parent: The chart, after which the keyboard comes to the buttons.
    """

    toolitems = [
        item
        for item in NavigationToolbar2QT.toolitems
        if item[0] in ("Home", "Pan", "Zoom", "Save")
    ]

    def __init__(self, canvas: ChartCanvas, parent: QWidget) -> None:
        super().__init__(canvas, parent, coordinates=False)
        self.setAutoFillBackground(True)
        self.setIconSize(QSize(_ICON_PX, _ICON_PX))
        before = parent
        for button in self.findChildren(QToolButton):
            button.setAccessibleName(button.text())
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            QWidget.setTabOrder(before, button)
            before = button
