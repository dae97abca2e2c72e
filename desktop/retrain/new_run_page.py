"""Where a training is prepared: films, settings, check, start."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
from PyQt5.QtCore import Qt, pyqtSignal, pyqtSlot
from PyQt5.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PyQt5.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.model.bundle import ModelBundle
from core.runs.config import TrainingConfig
from desktop.retrain.data.check_folder import CheckFolder
from desktop.retrain.data.options import audit_words
from desktop.retrain.data.panel import DataPanel
from desktop.retrain.preflight import minutes_in_words
from desktop.retrain.preflight_panel import PreflightJob, PreflightPanel
from desktop.retrain.runs.request import RunRequest, as_typed, train_words
from desktop.retrain.settings.form import SettingsForm
from desktop.retrain.settings.sampler import SamplerThread
from desktop.settings import Settings
from desktop.widgets.command_card import CommandCard
from desktop.widgets.labels import Caption, SectionTitle
from desktop.widgets.layouts import PageScroll, centred_page
from desktop.widgets.message_card import MessageCard
from desktop.widgets.step_bar import StepBar

DATA, SETTINGS, START = range(3)
_TITLES: Final = ("Films", "Settings", "Check and start")
_WIDEST_PX: Final = 900


class NewRunPage(QWidget):
    """Three steps; each can be gone to at any time, and says what it lacks.

    Signals:
        start_asked: RunRequest. What it names stays until `shut_down`, or until
            other films are checked: copy what is to last.
        status_changed: str. For the status line.
    """

    start_asked = pyqtSignal(object)
    status_changed = pyqtSignal(str)

    def __init__(
        self, parent: QWidget | None = None, *, settings: Settings | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings or Settings()
        self.setAcceptDrops(True)
        self._folder = CheckFolder()
        self._sampler = SamplerThread(self)
        self._sampler.sampler.films_found.connect(self._on_films_found)
        self.data = DataPanel(self._folder, self)
        self.form = SettingsForm(self._sampler, self)
        self.preflight = PreflightPanel(self._folder, self)
        self.command = CommandCard(self)
        self._overview = MessageCard("good", self)
        self.steps = StepBar(_TITLES, self)
        self._stack = QStackedWidget(self)
        self._why = Caption("", self)
        self.back_button = QPushButton("&Back", self)
        self.next_button = QPushButton("&Next", self)
        self.next_button.setObjectName("nextButton")
        self.start_button = QPushButton("S&tart training", self)
        self.start_button.setObjectName("startButton")
        self.data.chooser.set_start_folder(self._settings.training_folder)
        self._lay_out()
        self._connect()
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
    def why(self) -> str:
        """What stands beside the buttons."""
        return self._why.text()

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
            accept_leaks=self.data.acceptance,
        )

    @property
    def request(self) -> RunRequest | None:
        """The training as it would start; None while it cannot."""
        result = self.data.result
        split = self.data.split
        if self.reason or result is None or split is None or not self.data.data:
            return None
        return RunRequest(
            self.config,
            self.form.preset,
            self.data.data,
            split,
            result.audit,
            self.form.backend,
        )

    def set_model_in_use(self, bundle: ModelBundle | None) -> None:
        """Offer the model in use as a start."""
        self.form.set_model_in_use(bundle)

    def set_data(self, data: Path) -> None:
        """Take films, as if the user had chosen them."""
        self.go_to(DATA)
        self.data.set_data(data)

    def shut_down(self) -> None:
        """End all children and threads, and remove what checks wrote."""
        self.data.shut_down()
        self.preflight.shut_down()
        self._sampler.shut_down()
        self._folder.clear()

    @pyqtSlot(int)
    def go_to(self, step: int) -> None:
        """Show a step; the last one checks the machine by itself."""
        self._stack.setCurrentIndex(step)
        self.steps.set_step(step)
        self._refresh()
        if step == START and not self.reason:
            self.preflight.check_if_needed()

    @pyqtSlot()
    def _on_back_clicked(self) -> None:
        self.go_to(max(DATA, self.step - 1))
        self._focus_buttons()

    @pyqtSlot()
    def _on_next_clicked(self) -> None:
        self.go_to(min(START, self.step + 1))
        self._focus_buttons()

    @pyqtSlot()
    def _on_start_clicked(self) -> None:
        request = self.request
        if request is not None:
            self.preflight.stop()  # its memory is wanted by the job
            self.start_asked.emit(request)

    @pyqtSlot(object)
    def _on_data_changed(self, data: Path) -> None:
        folder = data if data.is_dir() else data.parent
        self._settings.training_folder = str(folder)
        self.data.chooser.set_start_folder(str(folder))
        self.data.set_examples([])
        self._sampler.find(data)

    @pyqtSlot(object, list)
    def _on_films_found(self, data: Path, films: list[Path]) -> None:
        if data == self.data.data:
            self.data.set_examples(films)
            self.form.set_films(films)

    @pyqtSlot(float, float)
    def _on_shares_asked(self, validation: float, test: float) -> None:
        self.data.set_shares(validation, test)
        self.go_to(DATA)

    @pyqtSlot()
    def _refresh(self) -> None:
        reason, step = self.reason, self.step
        result = self.data.result
        job = None
        split = self.data.split
        if not reason and split is not None:
            job = PreflightJob(self.config, split.absolute(), self.form.backend)
        self.preflight.set_job(job)
        has_split = result is not None and result.origin == "made"
        options = self.data.checked_options
        self.form.chooser.set_shares(
            (options.validation, options.test) if has_split else None
        )
        self._show_steps()
        self._show_overview()
        self._show_command()
        self.back_button.setEnabled(step > DATA)
        self.next_button.setVisible(step < START)
        self.next_button.setText(f"&Next: {_TITLES[min(step + 1, START)]}")
        self.start_button.setVisible(step == START)
        self.start_button.setEnabled(not reason)
        self._why.setText(self._footnote(reason))
        self.start_button.setAccessibleDescription(reason)
        self.status_changed.emit(self._status(reason))

    def _footnote(self, reason: str) -> str:
        if self.step == DATA:
            return self.data.reason
        if self.step == SETTINGS:
            return self.form.error
        if reason:
            return reason
        found = self.preflight.result
        if self.preflight.is_checking:
            return "You need not wait for the check: the training does it too."
        if found is not None and self.preflight.is_current:
            return f"It will take {minutes_in_words(found.minutes)}."
        return ""

    def _status(self, reason: str) -> str:
        if self.data.is_checking:
            return "Checking films"
        if self.preflight.is_checking:
            return "Checking the machine"
        return "" if reason else "A training can start"

    def _show_steps(self) -> None:
        data, form = self.data.reason, self.form.error
        waits = self.data.is_checking or self.data.data is None
        severity = "" if waits else "stop" if data else "good"
        self.steps.set_state(DATA, severity, data or "The films can be used")
        self.steps.set_state(SETTINGS, "stop" if form else "", form or "")
        failed = bool(self.preflight.failure)
        current = self.preflight.is_current
        severity = "warn" if failed else "good" if current and not data else ""
        self.steps.set_state(START, severity, self.preflight.failure)

    def _show_overview(self) -> None:
        result, config = self.data.result, self.config
        self._overview.setVisible(True)
        if self.reason or result is None:
            self._overview.set_severity("stop", "Not yet")
            self._overview.set_words(self.reason)
            return
        plural = "" if config.head_epochs == 1 else "s"
        epochs = f"{config.head_epochs} epoch{plural} of the head"
        if config.epochs:
            epochs += f", then {config.epochs} of fine-tuning"
        severity = "warn" if config.accept_leaks else "good"
        self._overview.set_severity(severity, f"“{config.name}” can be trained")
        labels = ", ".join(result.labels)
        hint = f"Leaks are accepted: {config.accept_leaks}" * bool(config.accept_leaks)
        self._overview.set_words(
            f"{result.films:,} films ({labels}); at most {epochs}.", hint
        )

    def _show_command(self) -> None:
        data = self.data.data
        self.command.setVisible(data is not None)
        if data is None:
            return
        options = self.data.split_options
        # Where leaks are accepted, the check writes no split: the data has its own.
        split = str(data) if self.data.acceptance else "split.csv"
        checking = audit_words(data, options, "audit.json", "split.csv")
        training = train_words(
            self.config,
            self.form.preset,
            split=split,
            out="my-model",
            backend=self.form.backend,
        )
        self.command.set_commands(f"{as_typed(checking)}\n{as_typed(training)}")

    def _focus_buttons(self) -> None:
        button = self.next_button if self.step < START else self.start_button
        (button if button.isEnabled() else self.back_button).setFocus()

    def _connect(self) -> None:
        self.steps.step_chosen.connect(self.go_to)
        self.back_button.clicked.connect(self._on_back_clicked)
        self.next_button.clicked.connect(self._on_next_clicked)
        self.start_button.clicked.connect(self._on_start_clicked)
        self.data.data_changed.connect(self._on_data_changed)
        self.data.state_changed.connect(self._refresh)
        self.form.settings_changed.connect(self._refresh)
        self.form.shares_asked.connect(self._on_shares_asked)
        self.preflight.state_changed.connect(self._refresh)

    def _lay_out(self) -> None:
        last = QWidget(self)
        column = QVBoxLayout(last)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self._overview)
        column.addWidget(SectionTitle("This machine", last))
        column.addWidget(self.preflight)
        column.addWidget(self.command)
        column.addStretch(1)
        for widget in (self.data, self.form, last):
            self._stack.addWidget(self._page(widget))
        footer = QWidget(self)
        footer.setObjectName("newRunFooter")
        footer.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        line = QHBoxLayout(footer)
        line.setContentsMargins(16, 8, 16, 8)
        line.setSpacing(10)
        line.addWidget(self.back_button)
        line.addWidget(self._why, 1)
        line.addWidget(self.next_button)
        line.addWidget(self.start_button)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.steps)
        page.addWidget(self._stack, 1)
        page.addWidget(footer)

    def _page(self, widget: QWidget) -> PageScroll:
        page = centred_page(widget, _WIDEST_PX, self)
        page.setObjectName("newRunScroll")
        page.widget().setObjectName("newRunFrame")
        return page

    # Qt overrides

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.step == DATA:  # anywhere on the page does
            self.data.chooser.dragEnterEvent(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.data.chooser.dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.data.chooser.dropEvent(event)
