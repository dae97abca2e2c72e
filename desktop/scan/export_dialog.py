"""Choosing in which form, and which films of a scan, are written to a file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSlot
from PyQt5.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QRadioButton,
    QWidget,
)

from core.jobs.folders import safe_name
from core.scan.store import Scan
from desktop.models import file_dialogs as model_dialogs
from desktop.scan.export_jobs import ALL, ScanTask
from desktop.scan.film_choice import FilmChoice
from desktop.widgets.dialogs import FittedDialog
from desktop.widgets.labels import Caption, SectionTitle


@dataclasses.dataclass(frozen=True)
class Form:
    """A form that films of a scan can be written in.

    Attributes:
        flag: As `core worklist` takes it.
        title: As people know it.
        use: What it is good for.
        suffix: Of the file, without a dot.
        needs_model: Whether it cannot be made without the scan's model.
    """

    flag: str
    title: str
    use: str
    suffix: str
    needs_model: bool = False


FORMS: Final = (
    Form("--csv", "Table (&CSV)", "A line per film, as the scan writes it.", "csv"),
    Form("--xlsx", "Work&book (XLSX)", "For Excel and LibreOffice.", "xlsx"),
    Form(
        "--report",
        "&Report (HTML)",
        "Totals and the films to look at first, for a browser. It shows pictures of "
        "patients: mind to whom you give it.",
        "html",
        needs_model=True,
    ),
    Form("--jsonl", "&JSON lines", "An object per film, for programs.", "jsonl"),
)
_ORDER: Final = (
    "All films come with the urgent and the doubtful first, chosen ones in the order "
    "of the table; in a report the urgent are always first."
)


class ScanExportDialog(FittedDialog):
    """Chooses form, films and file; the writing is left to others."""

    def __init__(
        self,
        scan: Scan,
        selected: Sequence[str],
        shown: Sequence[str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(520, parent)
        self.setWindowTitle("Export")
        self.setObjectName("exportDialog")
        self._scan = scan
        self._folder = Path.home()
        self._task: ScanTask | None = None
        self.choice = FilmChoice(selected, shown, self)
        self._group = QButtonGroup(self)
        for number, form in enumerate(FORMS):
            button = QRadioButton(form.title, self)
            button.setToolTip(form.use)
            button.setAccessibleDescription(form.use)
            self._group.addButton(button, number)
        self._group.button(0).setChecked(True)
        self.export_button = QPushButton("&Export…", self)
        self.export_button.setDefault(True)
        self.export_button.clicked.connect(self._on_export_clicked)
        self._lay_out()

    @property
    def form(self) -> Form:
        """The one that is chosen."""
        return FORMS[self._group.checkedId()]

    @property
    def task(self) -> ScanTask | None:
        """What is to be done; None while the user has not said where to."""
        return self._task

    def choose_form(self, flag: str) -> None:
        """Choose a form by its flag."""
        for number, form in enumerate(FORMS):
            if form.flag == flag:
                self._group.button(number).setChecked(True)

    def set_folder(self, folder: Path) -> None:
        """Say where to begin to look for a place."""
        self._folder = folder

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        form, choice = self.form, self.choice.chosen
        which = "" if choice.which == ALL else f" {choice.which}"
        name = f"{safe_name(self._scan.record.name)}{which}.{form.suffix}"
        title = form.title.replace("&", "")
        target = model_dialogs.ask_for_file(
            self,
            f"Export as {title}",
            self._folder / name,
            f"{title} (*.{form.suffix})",
            form.suffix,
        )
        if target is None:
            return
        words = [form.flag, str(target.absolute())]
        # Only where the file dialog has asked.
        words += ["--overwrite"] if target.exists() else []
        self._task = ScanTask(
            self._scan, choice, tuple(words), target, needs_model=form.needs_model
        )
        self.accept()

    def _lay_out(self) -> None:
        page = self.begin_page("Export what the scan found")
        page.setSpacing(5)
        page.addWidget(SectionTitle("Form", self))
        for number, form in enumerate(FORMS):
            page.addWidget(self._group.button(number))
            inset = QHBoxLayout()
            inset.setContentsMargins(24, 0, 0, 2)
            inset.addWidget(Caption(form.use, self))
            page.addLayout(inset)
        page.addSpacing(4)
        page.addWidget(SectionTitle("Films", self))
        page.addWidget(self.choice)
        page.addWidget(Caption(_ORDER, self))
        self.end_page(page, self.export_button)
