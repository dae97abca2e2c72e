"""How long a phase may still go without getting better."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QSizePolicy, QWidget

from desktop.style.severity import severity_colour
from desktop.widgets.labels import muted

_BAR_PX: Final = 8
_MOST_CELLS: Final = 20


class PatienceGauge(QWidget):
    """Epochs since the best against those after which a phase ends.

    One cell per epoch, filled from the left; the words say the same.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._since = self._patience = 0
        self._text = ""
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.set_epochs(0, 0)

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def set_epochs(self, since: int, patience: int) -> None:
        """Show how many epochs there were since the best.

        Args:
            since: Epochs without a better validation loss.
            patience: As many end the phase; 0 for never.
        """
        self._since, self._patience = since, patience
        self._text = f"Epochs since the best: {since}"
        if patience:
            self._text += f" of {patience}"
        self.setAccessibleName(self._text)
        tip = "The phase ends early when this many epochs brought nothing better."
        self.setToolTip(tip if patience else "No phase ends early.")
        self.updateGeometry()
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(
            metrics.horizontalAdvance(self._text) + 4, metrics.height() + _BAR_PX + 8
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.setPen(palette.windowText().color())
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), top, self._text)
        if not self._patience:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cells = min(self._patience, _MOST_CELLS)
        filled = min(cells, round(cells * self._since / self._patience))
        is_near = self._since >= self._patience - 1 and self._since > 0
        ink = severity_colour("warn") if is_near else palette.highlight().color()
        width = min(260.0, self.width() - 2.0) / cells
        y = self.fontMetrics().height() + 5.0
        painter.setPen(muted(palette))
        for cell in range(cells):
            box = QRectF(cell * width + 0.5, y + 0.5, max(2.0, width - 3), _BAR_PX - 1)
            painter.setBrush(ink if cell < filled else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 2, 2)
