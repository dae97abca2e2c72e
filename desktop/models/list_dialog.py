"""The models that are kept on this computer."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QLocale, Qt, QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QDialog, QListWidget, QListWidgetItem, QWidget

from core.errors import CoreError
from core.model.in_use import InstalledModel, installed_models, remove
from desktop.widgets.buttons import button
from desktop.widgets.confirm import choose
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column
from desktop.widgets.notify import NoticeBanner
from desktop.work.background import Background

_MODEL: Final = Qt.ItemDataRole.UserRole
_SI: Final = QLocale.DataSizeFormat.DataSizeSIFormat


class ModelsDialog(QDialog):
    """Lists the models; uses one, or removes one that is not in use.

    Accepted when another model is to be used: it is then `wanted`.

    Attributes:
        models: The list.
        wanted: Bundle of the model to use; None until one was asked for.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models on this computer")
        self.wanted: Path | None = None
        self._files = Background(self, "kept models")
        self.banner = NoticeBanner(self)
        self.models = QListWidget(self)
        self.models.setAccessibleName("Models")
        self.models.setSpacing(3)
        self.models.setWordWrap(True)
        self.models.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.models.currentItemChanged.connect(self._on_current_changed)
        self.models.itemActivated.connect(self._on_use_clicked)
        self._about = Caption("", self)
        self.use_button = button("&Use this model", self._on_use_clicked, self)
        self.remove_button = button("&Remove…", self._on_remove_clicked, self)
        self.folder_button = button("Open &folder", self._on_folder_clicked, self)
        tools = (self.use_button, self.remove_button, self.folder_button)
        buttons = close_buttons(self, *tools)
        column(
            *(self.banner, (self.models, 1), self._about, buttons),
            of=self,
            gap=10,
            margins=(18, 16, 18, 14),
        )
        for each in tools:  # until there is a list
            each.setEnabled(False)
        resize_within_screen(self, 640, 440)
        self.finished.connect(self._files.shut_down)
        self.refresh()

    def refresh(self) -> None:
        """List the models as they are now."""
        self._files.ask(installed_models, self._on_listed, self.banner.show_error)

    @property
    def current(self) -> InstalledModel | None:
        """The model that is selected."""
        item = self.models.currentItem()
        return item.data(_MODEL) if item is not None else None

    def _on_listed(self, found: list[InstalledModel]) -> None:
        before = self.current
        self.models.clear()
        for model in found:
            item = QListWidgetItem(f"{model.name}\n{_line_about(model)}")
            item.setData(_MODEL, model)
            item.setToolTip(str(model.path))
            self.models.addItem(item)
            is_same = before is not None and before.path == model.path
            if is_same or (self.current is None and model.is_in_use):
                self.models.setCurrentItem(item)
        if self.current is None and found:
            self.models.setCurrentRow(0)

    @pyqtSlot()
    def _on_current_changed(self) -> None:
        model = self.current
        if model is not None:
            self.use_button.setEnabled(not (model.damage or model.is_in_use))
            self.remove_button.setEnabled(model.can_be_removed)
            self.folder_button.setEnabled(True)
            self._about.setText(_advice(model))

    @pyqtSlot()
    def _on_use_clicked(self) -> None:
        model = self.current
        if model is not None and self.use_button.isEnabled():
            self.wanted = model.path
            self.accept()

    @pyqtSlot()
    def _on_remove_clicked(self) -> None:
        model = self.current
        assert model is not None
        answer = choose(
            self,
            f"Remove {model.name}?",
            f"Its {_size(model.size)} are freed. Verdicts and reports that it gave "
            "stay; films can be read by it again only if you import it again.",
            ["&Remove", "&Keep"],
        )
        if answer == 0:
            gone = partial(remove, model)
            self._files.ask(gone, self._on_removed, self._on_remove_failed)

    def _on_removed(self, nothing: None) -> None:
        self.models.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def _on_remove_failed(self, error: CoreError) -> None:
        self.banner.show_error(error)
        self.refresh()

    @pyqtSlot()
    def _on_folder_clicked(self) -> None:
        model = self.current
        assert model is not None
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(model.path)))


def _line_about(model: InstalledModel) -> str:
    parts = (
        "In use" if model.is_in_use else "",
        "Cannot be used" if model.damage else "",
        "Comes with Hilum" if model.is_shipped else f"Added {model.added:%d %b %Y}",
        _size(model.size),
    )
    return " · ".join(part for part in parts if part)


def _advice(model: InstalledModel) -> str:
    if model.damage:
        return model.damage
    if model.is_in_use:
        return "Films are read by this model. Use another one to remove it."
    if model.is_shipped:
        return "It comes with Hilum and stays, for when another cannot be opened."
    return "It can be put to use or removed."


def _size(size: int) -> str:
    return QLocale.c().formattedDataSize(size, 0, _SI)
