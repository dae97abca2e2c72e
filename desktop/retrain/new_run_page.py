"""Where a training is prepared: films, settings, check, start."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QWidget

from core.data.split import SPLITS
from core.model.bundle import ModelBundle
from core.runs.config import TrainingConfig
from core.runs.estimate import earlier_minutes
from core.runs.rate_test import PHASES
from desktop.retrain.data.options import audit_words
from desktop.retrain.data.panel import DataPanel
from desktop.retrain.preflight import Preflight, PreflightPanel, TrainingTime
from desktop.retrain.rate_finder import RateFinder
from desktop.retrain.runs.kind import RunRequest, as_typed, train_words
from desktop.retrain.settings.augmentation_preview import first_films
from desktop.retrain.settings.form import SettingsForm
from desktop.retrain.settings.weights_editor import WeightsEditor
from desktop.settings import Settings
from desktop.widgets.buttons import button
from desktop.widgets.command_card import CommandCard
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.layouts import PageStack, centred_page, column, row
from desktop.widgets.message_card import MessageCard
from desktop.widgets.step_bar import StepBar
from desktop.work.background import Background

DATA, SETTINGS, START = range(3)
_TITLES: Final = ("Films", "Settings", "Check and start")
_WIDEST_PX: Final = 900


class NewRunPage(QWidget):
    """Three steps; each can be gone to at any time, and says what it lacks.

    Signals:
        start_asked: RunRequest. What it names stays until `shut_down`, or until
            other films are checked: copy what is to last.
        search_asked: RunRequest. Its settings are to be varied in a search.
        status_changed: str. For the status line.
    """

    start_asked = pyqtSignal(object)
    search_asked = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._told = ""
        self._time = TrainingTime()
        self._finder = Background(self, "films of the user's")
        self.data = DataPanel(self)
        self.form = SettingsForm(self)
        rows = (self.form.rows[name] for name in PHASES)
        self.finders = {each.field.name: RateFinder(each) for each in rows}
        self.preflight = PreflightPanel(self)
        self.command = CommandCard(self)
        self._overview = MessageCard("good", self)
        self.steps = StepBar(_TITLES, self)
        self._stack = PageStack(self)
        self.why = Caption("", self)
        back, go_on = partial(self._go_by, -1), partial(self._go_by, 1)
        self.back_button = button("&Back", back, self)
        self.next_button = button("&Next", go_on, self, style="nextButton")
        start = self._on_start_clicked
        self.start_button = button("S&tart training", start, self, style="startButton")
        search, tip = self._on_search_clicked, "Many trials; the best settings win"
        self.search_button = button("Search for setti&ngs…", search, self, tip=tip)
        self.data.chooser.start_folder = self._settings.training_folder
        self._lay_out()
        self.steps.step_chosen.connect(self.go_to)
        self.data.data_changed.connect(self._on_data_changed)
        self.data.state_changed.connect(self._refresh)
        self.form.settings_changed.connect(self._refresh)
        self.form.chooser.shares_asked.connect(self._on_shares_asked)
        for part in (self.preflight, *self.finders.values()):
            part.state_changed.connect(self._refresh)
        self.go_to(DATA)

    @property
    def step(self) -> int:
        """The step on screen."""
        return self._stack.currentIndex()

    @property
    def reason(self) -> str:
        """Why the training cannot start; empty if it can."""
        return self.data.reason or self.form.error

    @property
    def config(self) -> TrainingConfig:
        """The job, films and settings together."""
        options = self.data.checked_options
        result = self.data.result
        return msgspec.structs.replace(
            self.form.config,
            labels=tuple(result.labels) if result is not None else options.labels,
            patient_pattern=options.patient_pattern,
            validation=options.validation,
            test=options.test,
            accept_leaks=self.data.view.leaks.acceptance,
        )

    @property
    def request(self) -> RunRequest | None:
        """The training as it would start; None while it cannot."""
        data, result, split = self.data.data, self.data.result, self.data.split
        if self.reason or result is None or split is None or data is None:
            return None
        return RunRequest(
            *(self.config, self.form.chooser.preset, data, split, result.audit),
            self.form.backend,
        )

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Offer the model in use as a start."""
        editor = self.form.rows["weights"].editor
        assert isinstance(editor, WeightsEditor)
        editor.set_model_in_use(bundle)

    def take_paths(self, paths: Sequence[Path]) -> None:
        """Take films that were dropped, if that is one folder or manifest."""
        self.go_to(DATA)
        if len(paths) == 1:
            self.data.set_data(paths[0])
        else:
            self.data.refuse(
                f"{len(paths)} things were dropped. Drop the one folder that "
                "holds a subfolder per label, or one CSV file."
            )

    def shut_down(self) -> None:
        """End all children and threads, and remove what checks wrote."""
        checks = (self.data, self.preflight, *self.finders.values())
        for part in (*checks, self.form.preview, self._finder):
            part.shut_down()

    @pyqtSlot(int)
    def go_to(self, step: int) -> None:
        """Show a step; the last one checks the machine by itself."""
        self._stack.setCurrentIndex(step)
        self.steps.set_step(step)
        self._refresh()
        # The first time it tells how long the recipes take, too.
        if not self.reason and (step == START or (step and self._time.speeds is None)):
            self.preflight.check_if_needed()
        if step == START and (request := self.request) is not None:
            films = sum(self._counts().values())
            look = partial(earlier_minutes, request.config, films)
            then = partial(self._on_earlier_found, request.config)
            self._finder.ask(look, then, lambda error: None)

    def _go_by(self, steps: int) -> None:
        self.go_to(self.step + steps)
        forward = self.next_button if self.step < START else self.start_button
        (forward if forward.isEnabled() else self.back_button).setFocus()

    @pyqtSlot()
    def _on_start_clicked(self) -> None:
        request = self.request
        if request is not None:
            for part in (self.preflight, *self.finders.values()):
                part.stop()  # its memory is wanted by the job
            minutes = self._time.minutes(request.config, self._found) or 0.0
            self.start_asked.emit(dataclasses.replace(request, minutes=minutes))

    @pyqtSlot()
    def _on_search_clicked(self) -> None:
        if (request := self.request) is not None:
            self.preflight.stop()
            self.search_asked.emit(request)

    @pyqtSlot(object)
    def _on_data_changed(self, data: Path) -> None:
        folder = str(data if data.is_dir() else data.parent)
        self._settings.training_folder = folder
        self.data.chooser.start_folder = folder
        self.data.options.set_examples([])
        self._finder.forget()  # films of other data that are still looked for
        find = partial(first_films, data)
        self._finder.ask(find, self._on_films_found, lambda error: None)

    def _on_films_found(self, films: list[Path]) -> None:
        self.data.options.set_examples(films)
        self.form.preview.set_films(films)

    @pyqtSlot(float, float)
    def _on_shares_asked(self, validation: float, test: float) -> None:
        self.data.set_shares(validation, test)
        self.go_to(DATA)

    @pyqtSlot()
    def _refresh(self) -> None:
        reason, step = self.reason, self.step
        for part in (self.preflight, *self.finders.values()):
            part.set_job(self.request)
        result = self.data.result
        has_split = result is not None and result.origin == "made"
        options = self.data.checked_options
        shares = (options.validation, options.test)
        self.form.chooser.set_shares(shares if has_split else None)
        films = self._counts()
        minutes = self._time.of_recipes(films, self.preflight.result)
        self.form.chooser.set_minutes(minutes, sum(films.values()))
        self._show_steps()
        self._show_overview()
        self._show_command()
        self.back_button.setEnabled(step > DATA)
        self.next_button.setVisible(step < START)
        self.next_button.setText(f"&Next: {_TITLES[min(step + 1, START)]}")
        for start in (self.search_button, self.start_button):
            start.setVisible(step == START)
            start.setEnabled(not reason)
        self.start_button.setAccessibleDescription(reason)
        self.why.setText(self._footnote())
        if (status := self._status()) != self._told:
            self._told = status
            self.status_changed.emit(status)

    def _footnote(self) -> str:
        if self.step == DATA:
            return self.data.reason
        if self.step == SETTINGS:
            return self.form.error
        if self.reason:
            return self.reason
        if self.preflight.is_checking:
            wait = "You need not wait for the check: the training does it too."
            return f"{self._time.in_words(self.config, None)} {wait}".strip()
        return self._time.in_words(self.config, self._found)

    @property
    def _found(self) -> Preflight | None:
        """What the check of the machine found for the training as it is now."""
        return self.preflight.result if self.preflight.is_current else None

    def _on_earlier_found(self, config: TrainingConfig, minutes: float | None) -> None:
        self._time.note_earlier(config, minutes)
        self._refresh()

    def _counts(self) -> dict[str, int]:
        """Films of the split to use, by its parts."""
        splits = self.data.result.splits if self.data.result is not None else {}
        return {name: sum(splits.get(name, {}).values()) for name in SPLITS}

    def _status(self) -> str:
        if self.data.is_checking:
            return "Checking films"
        if self.preflight.is_checking:
            return "Checking the machine"
        if any(finder.is_checking for finder in self.finders.values()):
            return "Looking for a learning rate"
        return ""

    def _show_steps(self) -> None:
        data, form = self.data.reason, self.form.error
        waits = self.data.is_checking or self.data.data is None
        severity = "" if waits else "stop" if data else "good"
        self.steps.set_state(DATA, severity, data or "The films can be used")
        self.steps.set_state(SETTINGS, "stop" if form else "", form)
        if self.preflight.failure.isHidden():
            is_good = self.preflight.is_current and not data
            self.steps.set_state(START, "good" if is_good else "", "")
        else:
            self.steps.set_state(START, "warn", self.preflight.failure.cause.text)

    def _show_overview(self) -> None:
        result, config = self.data.result, self.config
        if self.reason or result is None:
            self._overview.set_severity("stop", "Not yet")
            self._overview.set_words(self.reason)
            return
        phases = {"the head": config.head_epochs, "fine-tuning": config.epochs}
        epochs = ", then ".join(
            f"{count} epoch{'' if count == 1 else 's'} of {phase}"
            for phase, count in phases.items()
            if count
        )
        leaks = config.accept_leaks
        severity = "warn" if leaks else "good"
        self._overview.set_severity(severity, f"“{config.name}” can be trained")
        self._overview.set_words(
            f"{result.films:,} films ({', '.join(result.labels)}); at most {epochs}.",
            f"Leaks are accepted: {leaks}" if leaks else "",
        )

    def _show_command(self) -> None:
        data, backend = self.data.data, self.form.backend
        self.command.setVisible(data is not None)
        if data is None:
            return
        options = self.data.split_options
        # Where leaks are accepted, the check writes no split: the data has its own.
        split = str(data) if self.data.view.leaks.acceptance else "split.csv"
        checking = audit_words(data, options, "audit.json", "split.csv")
        preset = self.form.chooser.preset
        training = train_words(
            self.config, preset, split=split, out="my-model", backend=backend
        )
        self.command.set_commands(f"{as_typed(checking)}\n{as_typed(training)}")

    def _lay_out(self) -> None:
        last = QWidget(self)
        title = SectionTitle("This machine", last)
        parts = (self._overview, title, self.preflight, self.command)
        column(*parts, None, of=last, gap=10)
        for widget in (self.data, self.form, last):
            page = centred_page(widget, _WIDEST_PX, self)
            page.setObjectName("newRunScroll")
            page.widget().setObjectName("newRunFrame")
            self._stack.addWidget(page)
        footer = QWidget(self)
        footer.setObjectName("newRunFooter")
        footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        ways = (self.next_button, self.search_button, self.start_button)
        buttons = (self.back_button, (self.why, 1), *ways)
        row(*buttons, of=footer, gap=10, margins=(16, 8, 16, 8))
        column(self.steps, (self._stack, 1), footer, of=self, gap=0)
