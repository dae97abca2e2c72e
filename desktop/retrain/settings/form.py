"""Every setting of a training, from a recipe on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QLabel, QSizePolicy, QWidget

from core.errors import TrainingError
from core.runs.config import USUAL_LAYERS, TrainingConfig, flat_settings
from core.runs.presets import PRESETS, config_from_preset
from desktop.retrain.settings.augmentation_preview import AugmentationPreview
from desktop.retrain.settings.fields import BACKEND, GROUPS, config_of
from desktop.retrain.settings.row import GroupSection, SettingRow
from desktop.widgets.buttons import ChoiceBox, button
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row

#: Named weights that no other backbone can start from.
_OF_DENSENET: Final = ("default", "chexnet")
_MISFIT: Final = (
    "These weights are of a DenseNet121. Choose other weights, or it as the backbone."
)


class SettingsForm(QWidget):
    """A recipe and its settings; generated from `desktop.retrain.settings.fields`.

    What concerns the films and their split is not here, and left as it is in
    the recipe.

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
        self._good = TrainingConfig()
        self.chooser.preset_chosen.connect(self.set_preset)
        column(self.chooser, *self.sections.values(), None, of=self, gap=4)
        self.sections["films"].column.insertWidget(0, self.preview)
        self.set_preset("default")

    @property
    def backend(self) -> str:
        """Keras's backend; empty for automatic."""
        return str(self.rows[BACKEND].value)

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
        settings = {**flat_settings(config_from_preset(name)), BACKEND: ""}
        for key, each in self.rows.items():
            each.set_preset_value(settings[key])
            if key not in ("name", BACKEND) or each.value is None:
                each.set_value(settings[key])
            each.set_error("")
            settings[key] = each.value
        self._good = config_of(settings)
        self._after_change()

    @pyqtSlot(str)
    def _on_value_changed(self, name: str) -> None:
        before = self._good.backbone
        self._take(self.rows[name])
        if name == "backbone":
            self._suit_layer(before)
        self._after_change()

    def _suit_layer(self, before: str) -> None:
        """Unfreeze the backbone where it usually is, unless the user chose where."""
        layer = self.rows["unfreeze_from"]
        if layer.value == self._usual_layer(before):
            layer.set_value(self._usual_layer(self.rows["backbone"].value))
            self._take(layer)

    def _usual_layer(self, backbone: str) -> int:
        """The recipe's for its own backbone; that of `core.runs.config` for others."""
        if backbone == self.rows["backbone"].preset_value:
            return int(self.rows["unfreeze_from"].preset_value)
        return USUAL_LAYERS[backbone]

    def _take(self, changed: SettingRow) -> None:
        name, value = changed.field.name, changed.value
        try:
            self._good = config_of({**flat_settings(self._good), name: value})
            is_nameless = name == "name" and not value
            changed.set_error("The model needs a name." if is_nameless else "")
        except TrainingError as error:
            changed.set_error(f"{error} {error.hint}")
        if name in ("weights", "backbone"):
            # Why the weights cannot start the backbone, as far as known.
            fits = self.rows["backbone"].value == "densenet121"
            fits |= self.rows["weights"].value not in _OF_DENSENET
            self.rows["weights"].set_error("" if fits else _MISFIT)

    def _after_change(self) -> None:
        changed = sum(each.is_changed for each in self.rows.values())
        self.chooser.set_changed_count(changed)
        for section in self.sections.values():
            section.sum_up()
        self.preview.set_settings(self._good.augmentation, self._good.size)
        self.settings_changed.emit()


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
        self.combo = ChoiceBox("Recipe", self)
        self._fill()
        self.combo.activated.connect(self._on_combo_activated)
        tip = "Back to the recipe in all settings"
        self.back_button = button("No changes", self._on_back_clicked, self, tip=tip)
        self._summary = PlainText("", self)
        self.departures = Disclosure("Where it departs from its project", self)
        self.sentences = PlainText("", self.departures.body)
        column(self.sentences, of=self.departures.body)
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
        points = preset.points
        self.departures.setVisible(bool(points))
        title = f"Where it departs from its project, and why ({len(points)})"
        self.departures.set_title(title)
        self.sentences.set_points(points)
        self._show_shares()

    def set_minutes(self, minutes: Mapping[str, float], films: int) -> None:
        """Tell how long each recipe takes, where known, for so many films."""
        for name, preset in PRESETS.items():
            words = preset.title
            if name in minutes:
                most = "at most" if config_from_preset(name).patience else "about"
                took = short_minutes(minutes[name])
                words += f" — {most} {took} for your {films:,} films"
            # Those of a published project are known by its name too.
            words += f" · {name}" if preset.corrections else ""
            self.combo.setItemText(self.combo.findData(name), words)

    def set_changed_count(self, count: int) -> None:
        """Tell how many settings are not the recipe's."""
        self.back_button.setEnabled(count > 0)
        words = f"Undo {count} change{'' if count == 1 else 's'}"
        self.back_button.setText(words if count else "No changes")

    def set_shares(self, shares: tuple[float, float] | None) -> None:
        """Tell the shares of validation and test of the split.

        Args:
            shares: None where the data brings a split of its own, or is not known.
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
        for place, (name, preset) in enumerate(PRESETS.items()):
            self.combo.addItem("", name)
            tip = f"{preset.summary} ({name})"
            self.combo.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        self.set_minutes({}, 0)
        first = next(name for name, preset in PRESETS.items() if preset.corrections)
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
            self.departures,
            of=self,
            gap=6,
            margins=(0, 0, 0, 4),
        )


def short_minutes(minutes: float) -> str:
    """A time in few letters: "4 min", "2.5 h"."""
    if minutes < 90:
        return f"{max(1, round(minutes))} min"
    return f"{minutes / 60:.1f} h" if minutes < 600 else f"{minutes / 60:.0f} h"


def _in_parts(validation: float, test: float) -> str:
    parts = (1 - validation - test, validation, test)
    return " / ".join(f"{100 * part:.3g}" for part in parts)
