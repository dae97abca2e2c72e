"""The order in which the Tab key goes through widgets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLayout, QWidget


def order_focus(root: QWidget) -> None:
    """Let the Tab key go through a widget as it is read.

    Widgets that are made later than their surroundings would else be reached last
    of all in the window. The first one in `root` keeps its place.
    """
    for before, after in pairwise(in_reading_order(root)):
        QWidget.setTabOrder(before, after)


def in_reading_order(root: QWidget) -> Iterator[QWidget]:
    """What in a widget can have the focus, in the order of its layouts."""
    if root.focusPolicy() & Qt.FocusPolicy.TabFocus:
        yield root
    elif (layout := root.layout()) is not None:
        yield from _in_layout(layout)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for item in (layout.itemAt(i) for i in range(layout.count())):
        if (widget := item.widget()) is not None:
            yield from in_reading_order(widget)
        elif (inner := item.layout()) is not None:
            yield from _in_layout(inner)
