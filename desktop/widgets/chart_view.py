"""Shows charts that `core.reports` draws, to look at closely and to save."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PyQt5.QtCore import QEvent, QObject, QSize, Qt, QTimer, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QPalette, QResizeEvent, QShowEvent
from PyQt5.QtWidgets import QApplication, QGridLayout, QSizePolicy, QWidget

from core.reports.chart_style import DARK, LIGHT, ChartColours, load_matplotlib
from desktop.style.theme import is_dark
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.layouts import column

if TYPE_CHECKING:  # it takes half a second, in a thread of its own
    from matplotlib.figure import Figure

#: Draws a chart of a `size` in pixels and in `colours`, in any thread; as the
#: functions of `core.reports` do once they have their figures.
Draw = Callable[..., "Figure"]

#: A chart is drawn anew once its size has not changed for this long.
_SETTLED_MS: Final = 120
_GAP_PX: Final = 14
#: matplotlib keeps its style in one place, so one chart is made at a time.
_MAKER: Final = ThreadPoolExecutor(1, thread_name_prefix="charts")


def in_turn(task: Callable[[], Any]) -> Any:
    """Do what draws charts while no other is drawn; waits: not for the GUI thread."""
    return _MAKER.submit(task).result()


class ChartView(QWidget):
    """A chart in the size of the widget and the colours of the palette.

    Figures are made, laid out and drawn in a thread; the window only shows the
    picture. The pointer, or the focus, brings up buttons to zoom and to save.

    Attributes:
        canvas, tools: matplotlib's, of the chart that is shown; None before.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._draw: Draw | None = None
        self.canvas: Any = None
        self.tools: Any = None
        self._request = 0
        self._wanted = QTimer(self)
        self._wanted.setSingleShot(True)
        self._wanted.timeout.connect(self._ask)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._place_tools)
        self._made = Made()
        self._made.figure.connect(self._show)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Preferred)
        # A reader reaches what it says through the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @property
    def is_drawn(self) -> bool:
        """Whether the chart that was asked for last stands in the widget."""
        return self.canvas is not None and self._request == self.canvas.request

    def set_drawing(self, draw: Draw, description: str) -> None:
        """Show a chart that is drawn anew, in a thread, for every size and palette."""
        self._draw = draw
        self.setAccessibleName(description)
        self.setToolTip(description)
        self._want(0)

    def _want(self, after_ms: int) -> None:
        self._request += 1
        if self._draw is not None and self.isVisible():
            self._wanted.start(after_ms)

    @pyqtSlot()
    def _ask(self) -> None:
        # A widget that has no place yet may be too small for any chart.
        room = self.size().expandedTo(self.minimumSizeHint())
        draw, size = self._draw, (room.width(), room.height())
        if draw is not None:
            request = self._request
            look = (chart_colours(self.palette()), self.devicePixelRatioF())
            self._made.submit(
                request,
                lambda: _make(draw, size, *look) if request == self._request else None,
            )

    @pyqtSlot(int, object)
    def _show(self, request: int, future: Future[Figure | None]) -> None:
        figure = future.result()  # a bug goes on to the crash hook
        if figure is None or request != self._request:
            return  # another was asked for meanwhile
        from desktop.widgets.chart_canvas import ChartCanvas, ChartTools

        old = (self.tools, self.canvas)
        self.canvas = ChartCanvas(figure, request, self)
        self.tools = ChartTools(self.canvas, self)
        self.canvas.show()
        if old[0] is not None and old[0].isAncestorOf(QApplication.focusWidget()):
            self.setFocus()
        for widget in old:
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._place_tools()

    @pyqtSlot()
    def _place_tools(self) -> None:
        if self.tools is None:
            return
        focus = QApplication.focusWidget()
        is_here = focus is self or self.tools.isAncestorOf(focus)
        self.tools.setVisible(self.underMouse() or is_here)
        size = self.tools.sizeHint()
        corner = (self.width() - size.width(), self.height() - size.height())
        self.tools.setGeometry(*corner, size.width(), size.height())
        self.tools.raise_()

    # Qt overrides

    def sizeHint(self) -> QSize:
        return QSize(320, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 140)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.is_drawn:
            self._want(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._want(_SETTLED_MS)
        self._place_tools()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._want(0)

    def enterEvent(self, event: QEvent) -> None:
        super().enterEvent(event)
        self._place_tools()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._place_tools()


class ChartGrid(QWidget):
    """Charts beside each other where there is room, and in rows where there is not.

    Args:
        names: Of the charts, in order.
        columns: Most beside each other.
        notes: Name -> title above it and words below it.

    Attributes:
        views: Name -> the chart.
    """

    def __init__(
        self,
        names: Sequence[str],
        columns: int,
        notes: Mapping[str, tuple[str, str]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.views = {name: ChartView(self) for name in names}
        self._frames = {
            name: self._framed(view, *(notes or {})[name]) if notes else view
            for name, view in self.views.items()
        }
        self._shown = tuple(names)
        self._most = columns
        self._columns = 0
        self._narrowest = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_sizes(self, narrowest: int, height: int) -> None:
        """Say how wide a chart is at least beside another, and how high; pixels."""
        self._narrowest = narrowest
        for view in self.views.values():
            view.setMinimumHeight(height)

    def show_only(self, names: Sequence[str]) -> None:
        """Show these, in this order."""
        self._shown = tuple(names)
        for name, frame in self._frames.items():
            frame.setVisible(name in names)
        self._columns = 0
        self._arrange()

    def _framed(self, view: ChartView, title: str, note: str) -> QWidget:
        frame = QWidget(self)
        title_label, words = SectionTitle(title, frame), Caption(note, frame)
        column(title_label, (view, 1), words, of=frame, gap=4)
        return frame

    def _arrange(self) -> None:
        room = (self.width() + _GAP_PX) // (self._narrowest + _GAP_PX)
        columns = max(1, min(self._most, room))
        if columns == self._columns:
            return
        self._columns = columns
        for i, name in enumerate(self._shown):
            self._grid.addWidget(self._frames[name], i // columns, i % columns)
        for place in range(self._most):
            self._grid.setColumnStretch(place, 1 if place < columns else 0)
        self.updateGeometry()

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        # Not side by side: it must be free to become narrow.
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()


class Made(QObject):
    """Passes figures on to the thread of the window.

    It has no parent, which could delete it while it speaks: whoever makes a figure
    for it keeps it until that is told, though the chart be gone.
    """

    figure = pyqtSignal(int, object)

    def submit(self, request: int, make: Callable[[], object]) -> None:
        """Have something made when no other chart is; `figure` follows."""
        _MAKER.submit(make).add_done_callback(partial(self.tell, request))

    def tell(self, request: int, future: Future[Figure | None]) -> None:
        """Called in the thread that made the figure."""
        self.figure.emit(request, future)


def _make(
    draw: Draw, size: tuple[int, int], colours: ChartColours, ratio: float
) -> Figure:
    """A figure that stands drawn in its canvas, for a screen of this pixel ratio."""
    load_matplotlib()
    import matplotlib.backends.backend_qtagg  # noqa: F401 - the window needs it next
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = draw(size=size, colours=colours)
    canvas = FigureCanvasAgg(figure)
    canvas._set_device_pixel_ratio(ratio)
    canvas.draw()
    # Zooming must not move what stands around the plot, nor lay it out in the window.
    figure.set_layout_engine("none")
    return figure


def chart_colours(palette: QPalette) -> ChartColours:
    """Colours of charts that go with a palette."""
    colours = DARK if is_dark(palette) else LIGHT
    ink = palette.color(QPalette.ColorRole.WindowText).name()
    ground = palette.color(QPalette.ColorRole.Window).name()
    return ChartColours(ink, colours.faint, ground, colours.series)
