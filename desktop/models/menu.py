"""The models' part of the File menu: import, export, list, go back."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PyQt5.QtCore import QObject, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QFileDialog, QWidget

from core import paths
from core.errors import CoreError
from core.files import output_error
from core.films.radiograph import display_name
from core.model import in_use as model_store
from core.model.archive import SUFFIX, unpack_bundle
from core.model.bundle import ModelBundle
from desktop.models import file_dialogs as model_dialogs
from desktop.models.export_dialog import ExportDialog
from desktop.models.in_use import ModelInUse
from desktop.models.list_dialog import ModelsDialog
from desktop.models.local_card_dialog import LocalCardDialog
from desktop.widgets.buttons import action
from desktop.widgets.dialogs import run_dialog
from desktop.widgets.notify import notice_of
from desktop.work.background import Background


class ModelFiles(QObject):
    """Offers what can be done with model files.

    Attributes:
        menu_actions: For the File menu, in order.

    Signals:
        notice_raised: Notice. A file cannot be imported.
        status_changed: str. For the status line.
    """

    notice_raised = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, model: ModelInUse, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._model = model
        self._waiting: list[Path] = []
        self._is_importing = False
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._files = Background(self, "model files")
        self.export_action = action("&Export model…", self._export, parent)
        local = action("&Local operating points…", self._find_local_points, parent)
        self._of_model = (self.export_action, local)
        words = "Go &back to the model before"
        self.back_action = action(words, model.go_back, parent)
        for each in (*self._of_model, self.back_action):
            each.setEnabled(False)
        self.menu_actions = [
            action("&Import model…", self._ask_for_file, parent),
            self.export_action,
            action("&Models on this computer…", self._list, parent),
            local,
            self.back_action,
        ]
        model.changed.connect(self._on_model_changed)

    @pyqtSlot(object)
    def _on_model_changed(self, bundle: ModelBundle) -> None:
        for each in self._of_model:
            each.setEnabled(True)
        earlier = model_store.previous()
        name = earlier.name.replace("&", "&&") if earlier else "the model before"
        self.back_action.setText(f"Go &back to {name}")
        self.back_action.setEnabled(earlier is not None)

    def import_files(self, files: Sequence[Path]) -> None:
        """Verify model files, show their cards, and ask for them to be used.

        One at a time: a file that comes meanwhile waits.
        """
        self._waiting += files
        self._begin_next()

    def shut_down(self) -> None:
        """End the thread."""
        self._waiting.clear()
        self._files.shut_down()
        self._end_import()

    def _begin_next(self) -> None:
        if self._is_importing or not self._waiting:
            return
        self._is_importing = True
        file = self._waiting.pop(0)
        self.status_changed.emit(f"Checking {display_name(file)}…")
        unpack = partial(_unpack, file)
        self._files.ask(unpack, self._on_unpacked, self._on_unpack_failed)

    def _on_unpacked(self, found: _Unpacked) -> None:
        self.status_changed.emit("")
        self._scratch = found.scratch
        name = found.bundle.card.name
        in_use = self._model.bundle
        if in_use is not None and found.bundle.card == in_use.card:
            self.status_changed.emit(f"{name} is the model in use already.")
        elif model_dialogs.confirm_import(found.bundle, self._window):
            self._model.use(found.bundle.path, self._end_import)
            return
        self._end_import()

    def _end_import(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
        self._is_importing = False
        self._begin_next()

    def _on_unpack_failed(self, error: CoreError) -> None:
        self.status_changed.emit("")
        self.notice_raised.emit(notice_of(error))
        self._end_import()

    @pyqtSlot()
    def _ask_for_file(self) -> None:
        kinds = f"Hilum models (*{SUFFIX});;All files (*)"
        name, _ = QFileDialog.getOpenFileName(
            self._window, "Import model", str(Path.home()), kinds
        )
        if name:
            self.import_files([Path(name)])

    @pyqtSlot()
    def _list(self) -> None:
        dialog = ModelsDialog(self._window)
        if run_dialog(dialog) and dialog.wanted is not None:
            self._model.use(dialog.wanted)

    @pyqtSlot()
    def _find_local_points(self) -> None:
        run_dialog(LocalCardDialog(self._model, self._window))

    @pyqtSlot()
    def _export(self) -> None:
        assert self._model.bundle is not None
        dialog = ExportDialog(self._model.bundle, self._window)
        dialog.status_changed.connect(self.status_changed)
        run_dialog(dialog)


class _Unpacked(NamedTuple):
    """A model from a file, in a folder that lives as long as this."""

    bundle: ModelBundle
    scratch: tempfile.TemporaryDirectory[str]


def _unpack(file: Path) -> _Unpacked:
    """Unpack beside where models are kept, so that the disk is the same.

    Raises:
        BundleError: The file is missing, damaged, foreign or too new.
        OutputError: The disk is full or may not be written to.
    """
    home = paths.models_dir()
    try:
        home.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.TemporaryDirectory(
            prefix=".import-", dir=home, ignore_cleanup_errors=True
        )
    except OSError as error:
        raise output_error(home / file.name, error) from error
    try:
        return _Unpacked(unpack_bundle(file, Path(scratch.name) / "model"), scratch)
    except CoreError:
        scratch.cleanup()
        raise
