"""Widgets beside and below each other, and the order of the Tab key through them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeVar

from PyQt5.QtCore import QEvent, QObject, QSize, Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLayout,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

_GAP_PX: Final = 6
_Box = TypeVar("_Box", bound=QBoxLayout)

#: What stands in a row or a column: a widget, a layout, or None for a room that
#: takes what is left; with a number, its share of the room that is left.
Item = QWidget | QLayout | None | tuple[QWidget | QLayout, int]
Margins = tuple[int, int, int, int]


def column(
    *items: Item,
    of: QWidget | None = None,
    gap: int = 8,
    margins: Margins = (0, 0, 0, 0),
) -> QVBoxLayout:
    """Widgets and layouts below each other.

    Args:
        of: The widget whose layout this is; None for one inside another layout.
        gap: Between them, logical pixels.
        margins: Left, top, right, bottom, logical pixels.
    """
    return _filled(QVBoxLayout(), items, of, gap, margins)


def row(
    *items: Item,
    of: QWidget | None = None,
    gap: int = 8,
    margins: Margins = (0, 0, 0, 0),
) -> QHBoxLayout:
    """Widgets and layouts beside each other, as `column` has them."""
    return _filled(QHBoxLayout(), items, of, gap, margins)


def _filled(
    layout: _Box, items: Sequence[Item], of: QWidget | None, gap: int, margins: Margins
) -> _Box:
    layout.setContentsMargins(*margins)
    layout.setSpacing(gap)
    for item in items:
        part, stretch = item if isinstance(item, tuple) else (item, 0)
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, QWidget):
            layout.addWidget(part, stretch)
        else:
            layout.addLayout(part, stretch)
    if of is not None:
        of.setLayout(layout)
    return layout


class WidgetList(QWidget):
    """Widgets below a head that change all at once; hidden while there are none.

    Attributes:
        widgets: From the top.
    """

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        gap: int = 6,
        head: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._column = column(*([head] if head else []), of=self, gap=gap)
        self.widgets: list[QWidget] = []
        self.hide()

    def set_widgets(self, widgets: Sequence[QWidget]) -> None:
        """Replace them."""
        for old in self.widgets:
            self._column.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.widgets = list(widgets)
        for widget in widgets:
            self._column.addWidget(widget)
        self.setVisible(bool(widgets))


class WrappedLines:
    """Lays out groups of widgets; a group stays on one line.

    The first widget of all takes the room that is left on its line; the last
    one stands at the right.

    Args:
        parent: Has no layout yet.
        groups: Its children, in the order of the keyboard.
        first_px: Room for the first widget where it shares a line.
    """

    def __init__(
        self, parent: QWidget, groups: Sequence[Sequence[QWidget]], first_px: int
    ) -> None:
        self._parent = parent
        self._groups = groups
        self._first_px = first_px
        self._arranged: list[list[QWidget]] = []
        self._lines = column(of=parent, gap=_GAP_PX, margins=(0, _GAP_PX, 0, _GAP_PX))
        for before, after in pairwise(itertools.chain(*groups)):
            QWidget.setTabOrder(before, after)

    @property
    def least_width(self) -> int:
        """What the widest group needs, logical pixels."""
        return max(map(_width_of, self._groups))

    def arrange(self) -> None:
        """Break the lines anew, after the parent or a widget got another width."""
        lines = self._fitting(self._parent.width())
        if lines == self._arranged:
            return
        self._arranged = lines
        while (item := self._lines.takeAt(0)) is not None:
            item.layout().deleteLater()
        first, last = self._groups[0][0], self._groups[-1][-1]
        for widgets in lines:
            items: list[Item] = [(x, 100) if x is first else x for x in widgets]
            if last in widgets:
                items.insert(-1, None)
            elif first not in widgets:
                items.append(None)
            self._lines.addLayout(row(*items, gap=_GAP_PX))
        self._parent.updateGeometry()

    def _fitting(self, width: int) -> list[list[QWidget]]:
        """What each line holds."""
        lines: list[list[QWidget]] = []
        room = 0
        for group in self._groups:
            if all(map(_was_hidden, group)):
                continue
            wanted = _width_of(group) + _GAP_PX
            if not lines:
                wanted += max(0, self._first_px - _least(group[0]))
            if not lines or wanted > room:
                lines.append([])
                room = width
            lines[-1] += group
            room -= wanted
        return lines


def _was_hidden(widget: QWidget) -> bool:
    """Whether somebody hid it; Qt also calls hidden what was never shown yet."""
    is_explicit = widget.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)
    return widget.isHidden() and is_explicit


def _width_of(group: Sequence[QWidget]) -> int:
    return sum(map(_least, group)) + _GAP_PX * (len(group) - 1)


def _least(widget: QWidget) -> int:
    return max(widget.minimumWidth(), widget.minimumSizeHint().width())


class PageScroll(QScrollArea):
    """A page as wide as there is room; what is too high for that scrolls.

    It wants to be as wide as its page must be, unless that scrolls as well.
    """

    def __init__(
        self, parent: QWidget | None = None, *, both_ways: bool = False
    ) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._both_ways = both_ways
        if not both_ways:
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        least, page = super().minimumSizeHint(), self.widget()
        if self._both_ways or page is None:
            return least
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(page.minimumSizeHint().width() + bar, least.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()  # the page may need another width now
        return super().eventFilter(watched, event)


class WindowScroll(QScrollArea):
    """What fills a window, and scrolls where that has less room than is needed.

    Unlike `PageScroll` it takes the least height that does, not the best one.
    """

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)

    def _fit(self) -> None:
        room, least = self.maximumViewportSize(), self.widget().minimumSizeHint()
        bar = self.verticalScrollBar().sizeHint().width()
        if least.height() > room.height():
            room.setWidth(room.width() - bar)
        if least.width() > room.width():
            room.setHeight(room.height() - bar)
        self.widget().resize(room.expandedTo(least))

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)


class PageStack(QStackedWidget):
    """Pages of which one is on screen, that needs no more room than this one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.currentChanged.connect(self.updateGeometry)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else QSize()


class PageTabs(QTabWidget):
    """Pages with tabs that need no more room than the page on screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDocumentMode(True)
        self.currentChanged.connect(self.updateGeometry)

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        page, tabs = self.currentWidget(), self.tabBar().minimumSizeHint()
        least = page.minimumSizeHint() if page is not None else QSize(0, 0)
        width = max(least.width(), tabs.width())
        return QSize(width, least.height() + tabs.height())


def centred_page(widget: QWidget, widest_px: int, parent: QWidget) -> PageScroll:
    """A page around a widget that scrolls as a whole, no wider than reads well."""
    area = PageScroll(parent)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    frame = QWidget(area)
    widget.setMaximumWidth(widest_px)
    row(None, (widget, 100), None, of=frame, margins=(20, 14, 20, 14))
    area.setWidget(frame)
    return area


def scrolling_column(
    *items: Item, of: QWidget, gap: int, margins: Margins
) -> PageScroll:
    """As `column`, of a widget that scrolls where it is too low for them."""
    area, page = PageScroll(of), QWidget(of)
    column(*items, of=page, gap=gap, margins=margins)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(page)
    column(area, of=of, gap=0)
    return area


def order_focus(root: QWidget) -> None:
    """Let the Tab key go through a widget as it is read.

    Widgets that are made later than their surroundings would else be reached last
    of all in the window. The first one in `root` keeps its place.
    """
    for before, after in pairwise(in_reading_order(root)):
        QWidget.setTabOrder(before, after)


def in_reading_order(root: QWidget | QLayout | None) -> Iterator[QWidget]:
    """What in a widget can have the focus, in the order of its layouts."""
    if isinstance(root, QWidget) and root.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield root
    elif root is not None and (layout := root.layout()) is not None:
        for item in (layout.itemAt(i) for i in range(layout.count())):
            yield from in_reading_order(item.widget() or item.layout())
