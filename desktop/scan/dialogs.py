"""Choosing which films of a scan are exported, or filed by finding, and where."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QLocale, pyqtSlot
from PyQt5.QtWidgets import QFileDialog, QWidget

from core.filing.filer import folder_names
from core.jobs.folders import safe_name
from core.outputs import lies_in
from core.scan.store import Scan
from core.words import films as in_films
from desktop.models import file_dialogs as model_dialogs
from desktop.scan.worklist import ALL, SELECTED, SHOWN, Choice, ScanTask
from desktop.widgets.buttons import RadioList, button
from desktop.widgets.dialogs import FittedDialog, grow_to_fit
from desktop.widgets.labels import (
    Caption,
    ElidedLabel,
    PlainText,
    SectionTitle,
    printable,
)
from desktop.widgets.layouts import row
from desktop.widgets.message_card import NoteRow

_CHOICES: Final = {
    SELECTED: "The &selected films",
    SHOWN: "The films sho&wn in the table",
    ALL: "&All films of the scan",
}


class FilmChoice(RadioList):
    """The films selected, those shown, or all of a scan, with their numbers."""

    def __init__(self, choices: Sequence[Choice], parent: QWidget) -> None:
        self._choices = choices
        counts = {choice.which: choice.films for choice in choices}
        texts = [f"{_CHOICES[which]}: {count:,}" for which, count in counts.items()]
        super().__init__([(text, "") for text in texts], parent)
        for line, choice in zip(self.buttons, choices, strict=True):
            line.setEnabled(choice.which == ALL or choice.films > 0)
        # One row is always current: only several were selected on purpose.
        several = counts[SELECTED] > 1
        self.choose(SELECTED if several else SHOWN if counts[SHOWN] else ALL)

    @property
    def chosen(self) -> Choice:
        """The films of the line that is chosen."""
        return self._choices[self.place]

    def choose(self, which: str) -> None:
        """Choose a line by its name."""
        self.buttons[list(_CHOICES).index(which)].setChecked(True)


@dataclasses.dataclass(frozen=True)
class Form:
    """A form that films of a scan can be written in.

    Attributes:
        flag: As `core worklist` takes it.
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
    "All films come in triage order: findings, then doubtful films, then those without "
    "a sign, then those refused or not read. Chosen ones come in the order of the "
    "table, but in a report always in triage order."
)


class ScanExportDialog(FittedDialog):
    """Chooses form, films and file, for which it looks in `folder` first.

    Attributes:
        task: What is to be done, once the dialog is accepted; done by others.
    """

    task: ScanTask

    def __init__(
        self,
        scan: Scan,
        choices: Sequence[Choice],
        folder: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(520, parent)
        self.setWindowTitle("Export")
        self.setObjectName("exportDialog")
        self._scan = scan
        self._folder = folder
        self.forms = RadioList([(form.title, form.use) for form in FORMS], self)
        self.choice = FilmChoice(choices, self)
        self.export_button = button("&Export…", self._on_export_clicked, self)
        self.lay_out(
            "Export what the scan found",
            *(SectionTitle("Form", self), self.forms),
            *(SectionTitle("Films", self), self.choice, Caption(_ORDER, self)),
            does=self.export_button,
        )

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        form, choice = FORMS[self.forms.place], self.choice.chosen
        which = "" if choice.which == ALL else f" {choice.which}"
        name = f"{safe_name(self._scan.record.name)}{which}.{form.suffix}"
        title = form.title.replace("&", "")
        kinds = f"{title} (*.{form.suffix})"
        target = model_dialogs.ask_for_file(
            self, f"Export as {title}", self._folder / name, kinds, form.suffix
        )
        if target is None:
            return
        # The file dialog has asked.
        overwrite = ("--overwrite",) if target.exists() else ()
        words = (form.flag, str(target.absolute()), *overwrite)
        self.task = ScanTask(
            self._scan, choice, words, target, needs_model=form.needs_model
        )
        self.accept()


_COPIES: Final = (
    "Each film is copied into the folder of its finding; the films themselves stay "
    "where they are. Nothing is overwritten: where a name is taken, a number is added. "
    "The list filed.csv says where each film is from."
)
_MOVES: Final = (
    "Each film leaves its place for the folder of its finding. Nothing is overwritten: "
    "where a name is taken, a number is added. The list filed.csv says where each film "
    "was. A film that changed since the scan stays where it is."
)


class FilingDialog(FittedDialog):
    """Chooses films and a folder to copy or move them to, and says how many.

    Attributes:
        task: What is to be done, once the dialog is accepted; done by others.
    """

    task: ScanTask

    def __init__(
        self,
        scan: Scan,
        choices: Sequence[Choice],
        parent: QWidget | None = None,
        *,
        move: bool,
    ) -> None:
        super().__init__(560, parent)
        self._scan = scan
        self._move = move
        self._verb = "Move" if move else "Copy"
        self._target: Path | None = None
        self._refusal = ""
        self.setWindowTitle(f"{self._verb} films")
        self.setObjectName("filingDialog")
        self.choice = FilmChoice(choices, self)
        self.choice.changed.connect(self._show)
        self.plan = PlainText("", self, is_selectable=True)
        self.problem = NoteRow(self)
        self.place = ElidedLabel("No folder is chosen yet", self)
        place_button = button("&Choose folder…", self._on_place_clicked, self)
        self.go_button = button("", self.accept, self)
        self.lay_out(
            f"{self._verb} films into a folder per finding",
            Caption(_MOVES if move else _COPIES, self),
            *(SectionTitle("Films", self), self.choice, self.plan),
            *(SectionTitle("Where", self), row((self.place, 1), place_button)),
            self.problem,
            does=self.go_button,
        )
        self._show()

    def set_target(self, target: Path) -> None:
        """Say where to file the films."""
        self._target, folder = target.absolute(), self._scan.record.folder
        self._refusal = ""
        if lies_in(self._target, folder):
            self._refusal = (
                "This folder lies in the one that was scanned, where its films would "
                "be scanned again. Choose one outside it."
            )
        elif lies_in(folder, self._target):
            self._refusal = (
                "The folder that was scanned lies in this one. Choose one outside it, "
                "or make a new one beside it."
            )
        self.place.set_text(printable(self._target))
        self._show()

    @pyqtSlot()
    def _show(self) -> None:
        choice, target = self.choice.chosen, self._target
        if target is not None:
            words = (f"--{self._verb.lower()}-to", str(target))
            self.task = ScanTask(self._scan, choice, words, target, moves=self._move)
        self.problem.set_text(self._refusal, "stop")
        self.go_button.setText(f"&{self._verb} {in_films(choice.films)}")
        has_place = target is not None and not self._refusal
        self.go_button.setEnabled(choice.films > 0 and has_place)
        self.plan.setText(self._in_words(choice))
        self.plan.setAccessibleName(self.plan.text())
        if self.isVisible():
            grow_to_fit(self)

    def _in_words(self, choice: Choice) -> str:
        names = {each.name: each.display_name for each in self._scan.record.card_labels}
        folders, counts = folder_names(names), choice.findings.items()
        parts = [f"{folders[label]}: {count:,}" for label, count in counts if count]
        if not parts:
            return "There are no films among them."
        films = in_films(choice.films)
        size = QLocale.system().formattedDataSize(choice.size, 1)
        return f"{films}, {size}, into these folders: {', '.join(parts)}"

    @pyqtSlot()
    def _on_place_clicked(self) -> None:
        start = str(self._target or self._scan.record.folder.parent)
        title = "Folder to file the films in"
        if chosen := QFileDialog.getExistingDirectory(self, title, start):
            self.set_target(Path(chosen))
