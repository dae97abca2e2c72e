"""Every setting of a training, from a recipe on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from core.errors import TrainingError
from core.model.bundle import ModelBundle
from core.runs.config import USUAL_LAYERS, TrainingConfig, flat_settings
from core.runs.presets import config_from_preset
from desktop.retrain.settings.augmentation_preview import AugmentationPreview
from desktop.retrain.settings.field import FORM
from desktop.retrain.settings.fields import BACKEND, GROUPS, config_of
from desktop.retrain.settings.preset_chooser import PresetChooser
from desktop.retrain.settings.row import GroupSection, SettingRow
from desktop.retrain.settings.sampler import SamplerThread
from desktop.retrain.settings.weights_editor import WeightsEditor

#: Named weights that no other backbone can start from.
_OF_DENSENET: Final = ("default", "chexnet")


class SettingsForm(QWidget):
    """A recipe and its settings; generated from `desktop.retrain.settings.fields`.

    What concerns the films and their split is not here, and left as it is in
    the recipe.

    Signals:
        settings_changed: a setting was changed, by whatever way.
        shares_asked: float, float. As `PresetChooser`.
    """

    settings_changed = pyqtSignal()
    shares_asked = pyqtSignal(float, float)

    def __init__(self, sampler: SamplerThread, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chooser = PresetChooser(self)
        self.preview = AugmentationPreview(sampler, self)
        self.sections: dict[str, GroupSection] = {}
        self.rows: dict[str, SettingRow] = {}
        for group in GROUPS:
            if group.place == FORM:
                section = GroupSection(group, self)
                self.sections[group.name] = section
                self.rows.update(section.rows)
        for row in self.rows.values():
            row.value_changed.connect(self._on_value_changed)
        self._values: dict[str, Any] = {}
        self._preset_values: dict[str, Any] = {}
        self._good = TrainingConfig()
        self.chooser.preset_chosen.connect(self.set_preset)
        self.chooser.shares_asked.connect(self.shares_asked)
        self._lay_out()
        self.set_preset("default")

    @property
    def preset(self) -> str:
        """Name of the recipe."""
        return self.chooser.preset

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
        for row in self.rows.values():
            if row.error:
                return f"{row.field.title}: {row.error}"
        return ""

    @pyqtSlot(str)
    def set_preset(self, name: str) -> None:
        """Take a recipe's settings; the model's name stays."""
        self.chooser.set_preset(name)
        config = config_from_preset(name)
        kept = {key: self._values[key] for key in ("name", BACKEND) if self._values}
        self._preset_values = {**flat_settings(config), BACKEND: ""}
        self._values = {**self._preset_values, **kept}
        for key, row in self.rows.items():
            row.set_preset_value(self._preset_values[key])
            row.set_value(self._values[key])
            row.set_error("")
        self._good = config_of(self._values)
        self._after_change()

    def set_values(self, values: dict[str, Any]) -> None:
        """Change settings, by the names of `desktop.retrain.settings.fields`."""
        for name, value in values.items():
            self.rows[name].set_value(value)
            self._take(name, value)
        self._after_change()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Offer a model to start from."""
        editor = self.rows["weights"].editor
        assert isinstance(editor, WeightsEditor)
        editor.set_model_in_use(bundle)

    def set_films(self, films: Sequence[Path]) -> None:
        """Show the variations on films of the user's."""
        self.preview.set_films(films)

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
        row = self.rows[name]
        value = value.strip() if name == "name" else value
        try:
            self._good = config_of({**flat_settings(self._good), name: value})
            row.set_error("" if name != "name" or value else "The model needs a name.")
        except TrainingError as error:
            row.set_error(f"{error} {error.hint}")
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
        changed = sum(row.is_changed for row in self.rows.values())
        self.chooser.set_changed_count(changed)
        for section in self.sections.values():
            section.show_summary(self._values)
        self.preview.set_settings(self._good.augmentation, self._good.size)
        self.settings_changed.emit()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.chooser)
        for section in self.sections.values():
            column.addWidget(section)
        self.sections["films"].column.insertWidget(0, self.preview)
        column.addStretch(1)
