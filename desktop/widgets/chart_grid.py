"""Charts beside each other where there is room, and in rows where there is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PyQt5.QtCore import QSize
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from desktop.widgets.chart_view import ChartView
from desktop.widgets.labels import Caption, SectionTitle

_GAP_PX: Final = 14


class ChartGrid(QWidget):
    """Shows all of its charts, or some.

    Args:
        names: Of the charts, in order.
        columns: Most beside each other.
        notes: Name -> title above it and words below it; charts without any stand
            by themselves.

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
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(SectionTitle(title, frame))
        column.addWidget(view, 1)
        column.addWidget(Caption(note, frame))
        return frame

    def _arrange(self) -> None:
        room = (self.width() + _GAP_PX) // (self._narrowest + _GAP_PX)
        columns = max(1, min(self._most, room))
        if columns == self._columns:
            return
        self._columns = columns
        for i, name in enumerate(self._shown):
            self._grid.addWidget(self._frames[name], i // columns, i % columns)
        for column in range(self._most):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self.updateGeometry()

    # Qt overrides

    def minimumSizeHint(self) -> QSize:
        # Not side by side: it must be free to become narrow.
        return QSize(200, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
