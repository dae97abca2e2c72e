"""What experiments answered: those that come with Hilum, and the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PyQt5.QtCore import Qt, QUrl, pyqtSlot
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QDialog,
    QFileDialog,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QWidget,
)

from core.errors import CoreError
from core.experiments.record import Answered, list_experiments, read_answered
from core.paths import command_name
from desktop.retrain.runs.kind import as_typed
from desktop.widgets.buttons import button
from desktop.widgets.dialogs import close_buttons, resize_within_screen
from desktop.widgets.layouts import column
from desktop.widgets.notify import NoticeBanner
from desktop.work.background import Background

_EXPERIMENT: Final = Qt.ItemDataRole.UserRole


class ExperimentsDialog(QDialog):
    """Lists experiments with their answers, and opens their pages.

    Attributes:
        experiments: The list.
        answer: What the selected one answers.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Experiments")
        self._files = Background(self, "experiments")
        self.banner = NoticeBanner(self)
        self.experiments = QListWidget(self)
        self.experiments.setAccessibleName("Experiments")
        self.experiments.setSpacing(3)
        self.experiments.setWordWrap(True)
        self.experiments.currentItemChanged.connect(self._on_current_changed)
        self.experiments.itemActivated.connect(self._on_open_clicked)
        self.answer = QPlainTextEdit(self)
        self.answer.setReadOnly(True)
        self.answer.setAccessibleName("Answer")
        self.open_button = button("&Open page", self._on_open_clicked, self)
        self.open_button.setToolTip("In your browser, with all tables and charts")
        self.other_button = button("Open &another…", self._on_other_clicked, self)
        self.other_button.setToolTip("A folder that `experiment --out` made")
        buttons = close_buttons(self, self.open_button, self.other_button)
        column(
            *(self.banner, (self.experiments, 3), (self.answer, 2), buttons),
            of=self,
            gap=10,
            margins=(18, 16, 18, 14),
        )
        self.open_button.setEnabled(False)
        resize_within_screen(self, 720, 560)
        self.finished.connect(self._files.shut_down)
        self._files.ask(list_experiments, self._on_listed, self.banner.show_error)

    @property
    def current(self) -> Answered | None:
        """The experiment that is selected."""
        item = self.experiments.currentItem()
        return item.data(_EXPERIMENT) if item is not None else None

    def add(self, folder: Path) -> None:
        """Show the experiment in another folder, and select it."""

        def read() -> Answered:
            found = read_answered(folder)
            if found is None:
                raise CoreError(
                    f"There is no experiment in {folder.name}.",
                    hint="Choose a folder that the command experiment made.",
                )
            return found

        self._files.ask(read, self._on_added, self.banner.show_error)

    def _on_listed(self, found: list[Answered]) -> None:
        for each in found:
            self._add_item(each)
        if found:
            self.experiments.setCurrentRow(0)
        else:
            self.answer.setPlainText(
                "There is no experiment yet. Try one on drawn films with "
                f"`{command_name()} experiment data-size --quick`, or see what there "
                f"is with `{command_name()} experiment --list`."
            )

    def _on_added(self, found: Answered) -> None:
        for place in range(self.experiments.count()):
            if self.experiments.item(place).data(_EXPERIMENT).path == found.path:
                self.experiments.setCurrentRow(place)
                return
        self._add_item(found)
        self.experiments.setCurrentRow(self.experiments.count() - 1)

    def _add_item(self, found: Answered) -> None:
        whose = "Comes with Hilum" if found.is_shipped else f"Yours, {found.path.name}"
        state = "" if found.page else " · not finished"
        item = QListWidgetItem(f"{found.title}\n{whose}{state}")
        item.setData(_EXPERIMENT, found)
        item.setToolTip(str(found.path))
        self.experiments.addItem(item)

    @pyqtSlot()
    def _on_current_changed(self) -> None:
        found = self.current
        assert found is not None
        self.open_button.setEnabled(found.page is not None)
        answer = found.answer or (
            "Not finished. Go on with it in a terminal: "
            + as_typed(["experiment", "--resume", "--out", str(found.path)]),
        )
        self.answer.setPlainText("\n\n".join([found.question, *answer]))

    @pyqtSlot()
    def _on_open_clicked(self) -> None:
        found = self.current
        if found is not None and found.page is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(found.page)))

    @pyqtSlot()
    def _on_other_clicked(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of an experiment")
        if chosen:
            self.add(Path(chosen))
