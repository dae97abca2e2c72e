"""Choosing which films of a scan go into a folder per finding, and where."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QLocale, pyqtSlot
from PyQt5.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from core.errors import CoreError
from core.filing.filer import NOT_READ, REFUSED, UNCERTAIN, folder_names
from core.scan.store import Scan
from core.words import films as in_films
from desktop.scan.export_jobs import ALL, ScanTask, SelectionTotals, totals_of
from desktop.scan.film_choice import FilmChoice
from desktop.widgets.dialogs import FittedDialog, grow_to_fit
from desktop.widgets.labels import Caption, ElidedLabel, SectionTitle, printable
from desktop.widgets.message_card import NoteRow
from desktop.work.background import Background

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
    """Chooses films and a folder, and says in numbers what it comes to.

    Args:
        move: Whether the films are moved rather than copied.
    """

    def __init__(
        self,
        scan: Scan,
        selected: Sequence[str],
        shown: Sequence[str],
        parent: QWidget | None = None,
        *,
        move: bool,
    ) -> None:
        super().__init__(560, parent)
        self._scan = scan
        self._move = move
        self._target: Path | None = None
        self._totals: dict[str, SelectionTotals] = {}
        self._dropped = threading.Event()
        self._tasks = Background(self, "selection totals")
        names = {each.name: each.display_name for each in scan.record.card_labels}
        self._folders = folder_names(names)
        self.setWindowTitle("Move films" if move else "Copy films")
        self.setObjectName("filingDialog")
        self.choice = FilmChoice(selected, shown, self)
        self.choice.changed.connect(self._show)
        self.plan = QLabel("Counting…", self)
        self.plan.setWordWrap(True)
        self.problem = NoteRow(self)
        self.place = ElidedLabel("No folder is chosen yet", self)
        self.place_button = QPushButton("&Choose folder…", self)
        self.place_button.clicked.connect(self._on_place_clicked)
        self.go_button = QPushButton(self)
        self.go_button.setDefault(True)
        self.go_button.clicked.connect(self.accept)
        self._lay_out()
        self._show()
        self._tasks.ask(
            partial(totals_of, scan, self.choice.choices, self._dropped.is_set),
            self._on_totals_counted,
            self._on_totals_failed,
        )

    @property
    def task(self) -> ScanTask | None:
        """What is to be done; None as long as no folder is chosen."""
        if self._target is None:
            return None
        flag = "--move-to" if self._move else "--copy-to"
        words = (flag, str(self._target))
        choice = self.choice.chosen
        return ScanTask(self._scan, choice, words, self._target, moves=self._move)

    @property
    def totals(self) -> SelectionTotals | None:
        """What the chosen films come to; None before they are counted."""
        return self._totals.get(self.choice.chosen.which)

    def set_target(self, target: Path) -> None:
        """Say where to file the films."""
        self._target = target.absolute()
        self.place.set_text(printable(self._target))
        self._show()

    def _show(self) -> None:
        verb, totals = "Move" if self._move else "Copy", self.totals
        problem, folder = "", self._scan.record.folder
        if self._target is not None and _lies_in(self._target, folder):
            problem = (
                "This folder lies in the one that was scanned, where its films would "
                "be scanned again. Choose one outside it."
            )
        elif self._target is not None and _lies_in(folder, self._target):
            problem = (
                "The folder that was scanned lies in this one. Choose one outside it, "
                "or make a new one beside it."
            )
        self.problem.set_text(problem, "stop")
        films = "films" if totals is None else in_films(totals.films)
        self.go_button.setText(f"&{verb} {films}")
        can_go = totals is not None and totals.films > 0
        self.go_button.setEnabled(can_go and self._target is not None and not problem)
        if totals is not None:
            self.plan.setText(self._in_words(totals))
            self.plan.setAccessibleName(self.plan.text())
        if self.isVisible():
            grow_to_fit(self)

    def _in_words(self, totals: SelectionTotals) -> str:
        labels = [each.name for each in self._scan.record.card_labels]
        parts = [
            f"{self._folders[label]}: {totals.findings[label]:,}"
            for label in (*labels, UNCERTAIN, REFUSED, NOT_READ)
            if totals.findings.get(label)
        ]
        if not parts:
            return "There are no films among them."
        size = QLocale.system().formattedDataSize(totals.size, 1)
        return (
            f"{in_films(totals.films)}, {size}, into these folders: {', '.join(parts)}"
        )

    def _on_totals_counted(self, totals: dict[str, SelectionTotals]) -> None:
        self._totals = totals
        self.choice.set_total(totals[ALL].films)
        self._show()

    def _on_totals_failed(self, error: CoreError) -> None:
        self.plan.setText(f"{error} {error.hint}".rstrip())

    @pyqtSlot()
    def _on_place_clicked(self) -> None:
        start = self._target or self._scan.record.folder.parent
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder to file the films in", str(start)
        )
        if chosen:
            self.set_target(Path(chosen))

    def _lay_out(self) -> None:
        verb = "Move" if self._move else "Copy"
        place = QHBoxLayout()
        place.addWidget(self.place, 1)
        place.addWidget(self.place_button)
        page = self.begin_page(f"{verb} films into a folder per finding")
        page.addWidget(Caption(_MOVES if self._move else _COPIES, self))
        page.addSpacing(4)
        page.addWidget(SectionTitle("Films", self))
        page.addWidget(self.choice)
        page.addWidget(self.plan)
        page.addSpacing(4)
        page.addWidget(SectionTitle("Where", self))
        page.addLayout(place)
        page.addWidget(self.problem)
        self.end_page(page, self.go_button)

    # Qt overrides

    def done(self, result: int) -> None:
        self._dropped.set()
        self._tasks.shut_down()
        super().done(result)


def _lies_in(target: Path, folder: Path) -> bool:
    here, there = (os.path.normcase(path.absolute()) for path in (target, folder))
    return here == there or here.startswith(there.rstrip(os.sep) + os.sep)
