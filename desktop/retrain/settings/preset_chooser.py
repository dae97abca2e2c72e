"""The choice of a recipe, and what it stands for."""

from __future__ import annotations

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.runs.config import TrainingConfig
from core.runs.presets import PRESETS, config_from_preset
from desktop.retrain.settings.editors import CalmComboBox
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption


class PresetChooser(QWidget):
    """Names, sums up and explains the recipes.

    Signals:
        preset_chosen: str. Name of a recipe; the settings become its own.
        shares_asked: float, float. The recipe's shares of validation and test
            are wanted for the split.
    """

    preset_chosen = pyqtSignal(str)
    shares_asked = pyqtSignal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: tuple[float, float] | None = None
        self._combo = CalmComboBox(self)
        self._combo.setAccessibleName("Recipe")
        self._fill()
        self._combo.activated.connect(self._on_combo_activated)
        self._back = QPushButton("No changes", self)
        self._back.setToolTip("Back to the recipe in all settings")
        self._back.clicked.connect(self._on_back_clicked)
        self._summary = QLabel(self)
        self._summary.setWordWrap(True)
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._corrections = Disclosure("What was corrected", self)
        self._sentences = QLabel(self._corrections.body)
        self._sentences.setWordWrap(True)
        self._sentences.setTextFormat(Qt.TextFormat.PlainText)
        body = QVBoxLayout(self._corrections.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(self._sentences)
        self._shares_note = Caption("", self)
        self._take_shares = QPushButton("Split so and check again", self)
        self._take_shares.clicked.connect(self._on_take_shares_clicked)
        self._lay_out()
        self.set_preset("default")
        self.set_changed_count(0)

    @property
    def preset(self) -> str:
        """Name of the recipe."""
        return str(self._combo.currentData())

    @property
    def summary(self) -> str:
        """What is said of it."""
        return self._summary.text()

    @property
    def corrections(self) -> str:
        """What was wrong in the original; empty for recipes of our own."""
        return "" if self._corrections.isHidden() else self._sentences.text()

    @property
    def shares_note(self) -> str:
        """What is said of a recipe that splits in another way."""
        return "" if self._shares_note.isHidden() else self._shares_note.text()

    @property
    def combo(self) -> CalmComboBox:
        """The list of recipes."""
        return self._combo

    def set_preset(self, name: str) -> None:
        """Show a recipe, without a signal."""
        preset = PRESETS[name]
        with QSignalBlocker(self._combo):
            self._combo.setCurrentIndex(self._combo.findData(name))
        self._summary.setText(preset.summary)
        count = len(preset.corrections)
        self._corrections.setVisible(count > 0)
        self._corrections.set_title(f"What was corrected ({count})")
        lines = "\n".join(f"•  {sentence}" for sentence in preset.corrections)
        self._sentences.setText(lines)
        self._show_shares()

    def set_changed_count(self, count: int) -> None:
        """Tell how many settings are not the recipe's."""
        self._back.setEnabled(count > 0)
        plural = "" if count == 1 else "s"
        self._back.setText(f"Undo {count} change{plural}" if count else "No changes")

    def set_shares(self, shares: tuple[float, float] | None) -> None:
        """Tell the shares of validation and test of the split.

        Args:
            shares: None where the data brings a split of its own, or is not
                known yet.
        """
        self._shares = shares
        self._show_shares()

    @pyqtSlot(int)
    def _on_combo_activated(self, index: int) -> None:
        self.set_preset(self.preset)
        self.preset_chosen.emit(self.preset)

    @pyqtSlot()
    def _on_back_clicked(self) -> None:
        self._combo.setFocus()
        self.preset_chosen.emit(self.preset)

    @pyqtSlot()
    def _on_take_shares_clicked(self) -> None:
        config = config_from_preset(self.preset)
        self.shares_asked.emit(config.validation, config.test)

    def _show_shares(self) -> None:
        config = config_from_preset(self.preset)
        wanted = (config.validation, config.test)
        differs = self._shares is not None and self._shares != wanted
        self._shares_note.setVisible(differs)
        self._take_shares.setVisible(differs)
        if self._shares is not None:
            self._shares_note.setText(
                f"This recipe splits the films {_ratio(config)}; yours are split "
                f"{_in_parts(*self._shares)} (training, validation, test)."
            )

    def _fill(self) -> None:
        for name, preset in PRESETS.items():
            title = preset.title
            if preset.corrections:  # of a published project, known by its name
                title = f"{title} ({name})"
            self._combo.addItem(title, name)
            index = self._combo.count() - 1
            tip = f"{preset.summary} ({name})"
            self._combo.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        first = next((n for n, p in PRESETS.items() if p.corrections), None)
        if first is not None:
            self._combo.insertSeparator(self._combo.findData(first))

    def _lay_out(self) -> None:
        policy = QSizePolicy.Policy
        self._combo.setSizePolicy(policy.Expanding, policy.Fixed)
        title = QLabel("Recipe", self)
        title.setBuddy(self._combo)
        line = QHBoxLayout()
        line.setSpacing(10)
        line.addWidget(title)
        line.addWidget(self._combo, 1)
        line.addWidget(self._back)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self._summary)
        column.addWidget(self._shares_note)
        column.addWidget(self._take_shares, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._corrections)


def _ratio(config: TrainingConfig) -> str:
    return _in_parts(config.validation, config.test)


def _in_parts(validation: float, test: float) -> str:
    parts = (1 - validation - test, validation, test)
    return " / ".join(f"{100 * part:.3g}" for part in parts)
