"""Where a network's starting weights come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from PyQt5.QtCore import QSignalBlocker, pyqtSlot
from PyQt5.QtWidgets import QFileDialog, QWidget

from core.model.bundle import CARD, ModelBundle
from core.paths import default_bundle_dir, weights_dir
from desktop.retrain.settings.editors import Editor
from desktop.retrain.settings.fields import Field
from desktop.widgets.buttons import ChoiceBox
from desktop.widgets.labels import Caption, printable
from desktop.widgets.layouts import column

_FILE, _FOLDER = "choose a file", "choose a folder"
_NAMED: Final = {
    "default": (
        "The model that came with Hilum",
        "It has seen chest films already; a few hundred of yours may do. "
        "DenseNet121 only.",
    ),
    "imagenet": (
        "ImageNet: everyday photographs",
        "Keras downloads these weights once, if they are not on this computer. "
        "Without a network, put the file for the backbone into the folder "
        ".keras/models in your home folder.",
    ),
    "chexnet": (
        "CheXNet: 14 findings on chest films",
        "The weights of CheXNet for Keras do not come with Hilum. Put the file as "
        "{chexnet}, or choose “A weights file…”. DenseNet121 only.",
    ),
    "none": ("Nothing: random weights", "Needs many thousands of films."),
}
_OWN_FILE: Final = "A weights file (.h5) saved from Keras for this backbone."
_OWN_FOLDER: Final = "The folder of a model; its labels may differ from yours."


class WeightsEditor(Editor):
    """Named weights, the model in use, a file, or a model's folder."""

    def __init__(self, field: Field, parent: QWidget) -> None:
        super().__init__(field, parent)
        self._value = "default"
        self._in_use: ModelBundle | None = None
        self.combo = ChoiceBox(field.setting.title, self)
        self.combo.setToolTip(field.setting.help)
        self.combo.setMaximumWidth(420)
        self.combo.activated.connect(self._on_combo_activated)
        self.note = Caption("", self)
        self.setFocusProxy(self.combo)
        self.row.insertLayout(0, column(self.combo, self.note, gap=4), 100)
        self._fill()

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Offer the model in use, where it is not the one that came with Hilum."""
        is_own = bundle is not None and bundle.path != default_bundle_dir()
        self._in_use = bundle if is_own else None
        self._fill()

    def set_value(self, value: Any) -> None:
        self._value = value
        self._fill()

    @pyqtSlot()
    def _on_combo_activated(self) -> None:
        choice = self.combo.currentData()
        if choice == _FILE:
            choice, _ = QFileDialog.getOpenFileName(
                self, "Weights file", "", "Weights (*.h5 *.keras);;All files (*)"
            )
        elif choice == _FOLDER:
            choice = QFileDialog.getExistingDirectory(self, "Folder of a model")
        self.set_value(choice or self._value)
        if choice:
            self.value_changed.emit(choice)

    def _fill(self) -> None:
        with QSignalBlocker(self.combo):
            self.combo.clear()
            if self._in_use is not None:
                name = self._in_use.card.name
                self.combo.addItem(f"The model in use: {name}", str(self._in_use.path))
            for value, (title, _) in _NAMED.items():
                self.combo.addItem(title, value)
            if self.combo.findData(self._value) < 0:
                name = Path(self._value).name or self._value
                self.combo.addItem(printable(Path(name)), self._value)
            self.combo.insertSeparator(self.combo.count())
            self.combo.addItem("A weights file…", _FILE)
            self.combo.addItem("The folder of a model…", _FOLDER)
            self.combo.setCurrentIndex(self.combo.findData(self._value))
        self.note.setText(self._about())
        self.combo.setAccessibleDescription(self.note.text())

    def _about(self) -> str:
        if self._value in _NAMED:
            place = weights_dir() / "chexnet.h5"
            return _NAMED[self._value][1].replace("{chexnet}", printable(place))
        if self._in_use is not None and self._value == str(self._in_use.path):
            return "Goes on from what the model in use has learned."
        path = Path(self._value)
        if not path.exists():
            return f"{printable(path)} is not there."
        return _OWN_FOLDER if (path / CARD).exists() else _OWN_FILE
