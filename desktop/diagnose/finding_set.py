"""The findings that cannot be left out, at a coverage that the user picks."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSlot
from PyQt5.QtWidgets import QComboBox, QLabel, QWidget

from core.model.card import set_in_words
from core.model.conformal import COVERAGE
from core.words import percent
from desktop.diagnose.reading import Reading
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import row

COVERAGES: Final = (0.8, 0.9, 0.95, 0.99)
_NO_SCORES: Final = "No set of findings: the model keeps no conformal scores."


class FindingSet(QWidget):
    """One line: a box with the coverage, and the set.

    Attributes:
        box: The coverages that can be picked.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading: Reading | None = None
        self._name = Caption("Set at", self)
        self._name.setWordWrap(False)
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.box = QComboBox(self)
        self.box.setAccessibleName("Coverage of the set of findings")
        for coverage in COVERAGES:
            self.box.addItem(percent(coverage), coverage)
        self.set_coverage(COVERAGE)
        self.box.currentIndexChanged.connect(self._show)
        row(self._name, self.box, (self._words, 1), of=self)

    @property
    def text(self) -> str:
        """The set as it is shown, or why there is none."""
        return self._words.text()

    @property
    def coverage(self) -> float:
        """Share of sets that hold the true finding."""
        return float(self.box.currentData())

    def set_coverage(self, coverage: float) -> None:
        """Pick a coverage, if it is one of those that can be picked."""
        if coverage in COVERAGES:
            with QSignalBlocker(self.box):
                self.box.setCurrentIndex(COVERAGES.index(coverage))
            self._show()

    def show_reading(self, reading: Reading) -> None:
        """Show the set of a film."""
        self._reading = reading
        self._show()

    @pyqtSlot()
    def _show(self) -> None:
        share = percent(self.coverage)
        tip = (
            f"Of the films of each finding, {share} have the true finding in such a "
            "set, as long as films are like those of validation. “Cannot say”: no "
            "finding can be left out, or none fits."
        )
        self.box.setToolTip(tip)
        self._words.setToolTip(tip)
        if self._reading is None:
            return
        card, shares = self._reading.bundle.card, self._reading.verdict.probabilities
        found = card.set_at(shares, self.coverage)
        for part in (self._name, self.box):
            part.setVisible(found is not None)
        words = _NO_SCORES if shares else ""
        if found is not None:
            words = set_in_words(found, card.names)
        self._words.setText(words[:1].upper() + words[1:])
        self.setAccessibleName(f"Set of findings at {share}: {words}")
