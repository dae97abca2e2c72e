"""How far a comparison is, and the button that stops it."""

from __future__ import annotations

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)


class ComparisonProgress(QWidget):
    """Hidden while nothing is compared.

    Signals:
        stop_asked: the comparison is to end without a result.
    """

    stop_asked = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._activity = QLabel(self)
        self._activity.setWordWrap(True)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setAccessibleName("Comparison")
        self.stop_button = QPushButton("S&top comparing", self)
        self.stop_button.clicked.connect(self.stop_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        column = QVBoxLayout()
        column.addWidget(self._activity)
        column.addWidget(self._bar)
        row.addLayout(column, 1)
        row.addWidget(self.stop_button)
        self.hide()

    def show_activity(self, text: str) -> None:
        """Say what is being done; how much of it is not known."""
        self._activity.setText(text)
        self._bar.setRange(0, 0)
        self.show()

    def show_stopping(self) -> None:
        """Say that the end was asked for."""
        self._activity.setText("Stopping…")

    def show_done(self, done: int, total: int) -> None:
        """Show how much of it is done."""
        self._bar.setRange(0, total)
        self._bar.setValue(done)
