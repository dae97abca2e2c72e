"""Choosing between all films of a scan, those shown, and those selected."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QButtonGroup, QRadioButton, QVBoxLayout, QWidget

from desktop.scan.export_jobs import ALL, SELECTED, SHOWN, Choice


class FilmChoice(QWidget):
    """Three lines to choose from, each with the number of its films.

    Signals:
        changed: another line was chosen.
    """

    changed = pyqtSignal()

    def __init__(
        self,
        selected: Sequence[str],
        shown: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.choices = (
            Choice(SELECTED, selected),
            Choice(SHOWN, shown),
            Choice(ALL),
        )
        texts = (
            f"The &selected films: {len(selected):,}",
            f"The films sho&wn in the table: {len(shown):,}",
            "&All films of the scan",
        )
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for number, text in enumerate(texts):
            button = QRadioButton(text, self)
            self._group.addButton(button, number)
            column.addWidget(button)
        self._group.button(0).setEnabled(bool(selected))
        self._group.button(1).setEnabled(bool(shown))
        # One row is always current: only several were selected on purpose.
        first = 0 if len(selected) > 1 else 1 if shown else 2
        self._group.button(first).setChecked(True)
        self._group.buttonToggled.connect(self._on_button_toggled)

    @property
    def chosen(self) -> Choice:
        """The films of the line that is chosen."""
        return self.choices[self._group.checkedId()]

    def choose(self, which: str) -> None:
        """Choose a line by its name."""
        for number, choice in enumerate(self.choices):
            if choice.which == which:
                self._group.button(number).setChecked(True)

    def set_total(self, films: int) -> None:
        """Say how many films the scan has so far."""
        self._group.button(2).setText(f"&All films of the scan: {films:,}")

    @pyqtSlot()
    def _on_button_toggled(self) -> None:
        if self._group.checkedId() >= 0:
            self.changed.emit()
