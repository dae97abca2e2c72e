"""Every setting of a training, from a recipe on."""

from __future__ import annotations

from typing import Any, Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QLabel, QSizePolicy, QWidget

from core.errors import TrainingError
from core.runs.config import USUAL_LAYERS, TrainingConfig, flat_settings
from core.runs.presets import PRESETS, config_from_preset
from desktop.retrain.settings.augmentation_preview import AugmentationPreview
from desktop.retrain.settings.editors import CalmComboBox
from desktop.retrain.settings.fields import BACKEND, GROUPS, config_of
from desktop.retrain.settings.row import GroupSection, SettingRow
from desktop.widgets.buttons import button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row

#: Named weights that no other backbone can start from.
_OF_DENSENET: Final = ("default", "chexnet")


class SettingsForm(QWidget):
    """A recipe and its settings; generated from `desktop.retrain.settings.fields`.

    What concerns the films and their split is not here, and left as it is in
    the recipe.

    Attributes:
        chooser: The recipe.
        preview: How the films are varied.
        sections, rows: Groups and settings by name.

    Signals:
        settings_changed: a setting was changed, by whatever way.
    """

    settings_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = PresetChooser(self)
        self.preview = AugmentationPreview(self)
        self.sections = {group.name: GroupSection(group, self) for group in GROUPS}
        self.rows: dict[str, SettingRow] = {}
        for section in self.sections.values():
            self.rows |= section.rows
        for each in self.rows.values():
            each.value_changed.connect(self._on_value_changed)
        self._values: dict[str, Any] = {}
        self._preset_values: dict[str, Any] = {}
        self._good = TrainingConfig()
        self.chooser.preset_chosen.connect(self.set_preset)
        column(self.chooser, *self.sections.values(), None, of=self, gap=4)
        self.sections["films"].column.insertWidget(0, self.preview)
        self.set_preset("default")

    @property
    def backend(self) -> str:
        """Keras's backend; empty for automatic."""
        return str(self._values[BACKEND])

    @property
    def config(self) -> TrainingConfig:
        """The job; a setting that cannot be used is left as it last could."""
        return self._good

    @property
    def error(self) -> str:
        """Why the settings cannot be used; empty if they can."""
        for each in self.rows.values():
            if each.error:
                return f"{each.field.setting.title}: {each.error}"
        return ""

    @pyqtSlot(str)
    def set_preset(self, name: str) -> None:
        """Take a recipe's settings; the model's name stays."""
        self.chooser.set_preset(name)
        config = config_from_preset(name)
        kept = {key: self._values[key] for key in ("name", BACKEND) if self._values}
        self._preset_values = {**flat_settings(config), BACKEND: ""}
        self._values = {**self._preset_values, **kept}
        for key, each in self.rows.items():
            each.set_preset_value(self._preset_values[key])
            each.set_value(self._values[key])
            each.set_error("")
        self._good = config_of(self._values)
        self._after_change()

    @pyqtSlot(str, object)
    def _on_value_changed(self, name: str, value: Any) -> None:
        before = str(self._values["backbone"])
        self._take(name, value)
        if name == "backbone":
            self._suit_layer(before)
        self._after_change()

    def _suit_layer(self, before: str) -> None:
        """Unfreeze the backbone where it usually is, unless the user chose where."""
        if self._values["unfreeze_from"] == self._usual_layer(before):
            usual = self._usual_layer(str(self._values["backbone"]))
            self.rows["unfreeze_from"].set_value(usual)
            self._take("unfreeze_from", usual)

    def _usual_layer(self, backbone: str) -> int:
        """The recipe's for its own backbone; that of `core.runs.config` for others."""
        if backbone == self._preset_values["backbone"]:
            return int(self._preset_values["unfreeze_from"])
        return USUAL_LAYERS[backbone]

    def _take(self, name: str, value: Any) -> None:
        changed = self.rows[name]
        value = value.strip() if name == "name" else value
        try:
            self._good = config_of({**flat_settings(self._good), name: value})
            is_nameless = name == "name" and not value
            changed.set_error("The model needs a name." if is_nameless else "")
        except TrainingError as error:
            changed.set_error(f"{error} {error.hint}")
        self._values[name] = value
        if name in ("weights", "backbone"):
            self.rows["weights"].set_error(self._misfit())

    def _misfit(self) -> str:
        """Why the starting weights cannot start the backbone, as far as known."""
        backbone, weights = self._values["backbone"], self._values["weights"]
        if backbone == "densenet121" or weights not in _OF_DENSENET:
            return ""
        return (
            "These weights are of a DenseNet121. Choose other weights, or it as the "
            "backbone."
        )

    def _after_change(self) -> None:
        changed = sum(each.is_changed for each in self.rows.values())
        self.chooser.set_changed_count(changed)
        for section in self.sections.values():
            section.show_summary(self._values)
        self.preview.set_settings(self._good.augmentation, self._good.size)
        self.settings_changed.emit()


class PresetChooser(QWidget):
    """Names, sums up and explains the recipes.

    Attributes:
        combo: The list of them.
        corrections: What was wrong in the original; hidden for recipes of our own.
        shares_note: That the recipe splits in another way; hidden where it does not.

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
        self.combo = CalmComboBox(self)
        self.combo.setAccessibleName("Recipe")
        self._fill()
        self.combo.activated.connect(self._on_combo_activated)
        self.back_button = button(
            "No changes",
            self._on_back_clicked,
            self,
            tip="Back to the recipe in all settings",
        )
        self._summary = PlainText("", self)
        self.corrections = Disclosure("What was corrected", self)
        self.sentences = PlainText("", self.corrections.body)
        column(self.sentences, of=self.corrections.body)
        self.shares_note = Caption("", self)
        self.shares_button = button(
            "Split so and check again", self._on_shares_clicked, self
        )
        self._lay_out()
        self.set_preset("default")
        self.set_changed_count(0)

    @property
    def preset(self) -> str:
        """Name of the recipe."""
        return str(self.combo.currentData())

    def set_preset(self, name: str) -> None:
        """Show a recipe, without a signal."""
        preset = PRESETS[name]
        with QSignalBlocker(self.combo):
            self.combo.setCurrentIndex(self.combo.findData(name))
        self._summary.setText(preset.summary)
        self.corrections.setVisible(bool(preset.corrections))
        self.corrections.set_title(f"What was corrected ({len(preset.corrections)})")
        self.sentences.set_points(preset.corrections)
        self._show_shares()

    def set_changed_count(self, count: int) -> None:
        """Tell how many settings are not the recipe's."""
        self.back_button.setEnabled(count > 0)
        words = f"Undo {count} change{'' if count == 1 else 's'}"
        self.back_button.setText(words if count else "No changes")

    def set_shares(self, shares: tuple[float, float] | None) -> None:
        """Tell the shares of validation and test of the split.

        Args:
            shares: None where the data brings a split of its own, or is not
                known yet.
        """
        self._shares = shares
        self._show_shares()

    @pyqtSlot()
    def _on_combo_activated(self) -> None:
        self.set_preset(self.preset)
        self.preset_chosen.emit(self.preset)

    @pyqtSlot()
    def _on_back_clicked(self) -> None:
        self.combo.setFocus()
        self.preset_chosen.emit(self.preset)

    @pyqtSlot()
    def _on_shares_clicked(self) -> None:
        self.shares_asked.emit(*self._wanted_shares())

    def _wanted_shares(self) -> tuple[float, float]:
        config = config_from_preset(self.preset)
        return config.validation, config.test

    def _show_shares(self) -> None:
        wanted = self._wanted_shares()
        differs = self._shares is not None and self._shares != wanted
        self.shares_note.setVisible(differs)
        self.shares_button.setVisible(differs)
        if self._shares is not None:
            self.shares_note.setText(
                f"This recipe splits the films {_in_parts(*wanted)}; yours are split "
                f"{_in_parts(*self._shares)} (training, validation, test)."
            )

    def _fill(self) -> None:
        for name, preset in PRESETS.items():
            title = preset.title
            if preset.corrections:  # of a published project, known by its name
                title = f"{title} ({name})"
            self.combo.addItem(title, name)
            index = self.combo.count() - 1
            tip = f"{preset.summary} ({name})"
            self.combo.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        first = next((n for n, p in PRESETS.items() if p.corrections), None)
        if first is not None:
            self.combo.insertSeparator(self.combo.findData(first))

    def _lay_out(self) -> None:
        policy = QSizePolicy.Policy
        self.combo.setSizePolicy(policy.Expanding, policy.Fixed)
        title = QLabel("Recipe", self)
        title.setBuddy(self.combo)
        column(
            row(title, (self.combo, 1), self.back_button, gap=10),
            self._summary,
            self.shares_note,
            row(self.shares_button, None),
            self.corrections,
            of=self,
            gap=6,
            margins=(0, 0, 0, 4),
        )


def _in_parts(validation: float, test: float) -> str:
    parts = (1 - validation - test, validation, test)
    return " / ".join(f"{100 * part:.3g}" for part in parts)
