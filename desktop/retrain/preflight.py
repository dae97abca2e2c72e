"""What trying a training found out: about the machine, and how long it will take."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from PyQt5.QtCore import QLocale, pyqtSlot
from PyQt5.QtWidgets import QFormLayout, QWidget

from core.errors import OutputError
from core.files import atomic_write
from core.jobs.events import DeviceFound, Noted
from core.jobs.failures import Failure
from core.json_file import read_json
from core.runs.config import TrainingConfig, config_to_json
from core.runs.estimate import Speeds, keep_speeds, minutes_of, read_speeds
from core.runs.presets import PRESETS, config_from_preset
from core.words import duration_in_words
from desktop.retrain.data.check import CheckPanel
from desktop.retrain.runs.kind import RunRequest
from desktop.retrain.settings.fields import BACKENDS
from desktop.widgets.buttons import button
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import MessageCard

#: Minutes from which a stage is worth saying.
_WORTH_SAYING: Final = 0.5
#: File of a folder of a trial that tells what was found.
FOUND: Final = "found.json"


class Preflight(msgspec.Struct, frozen=True):
    """How a training would go on this machine.

    Attributes:
        device: As people know it.
        reason: Why it is not a GPU, and what to do; empty or None if it is one.
        backend: Keras's.
        batch: Films per step that fit.
        batch_asked: Films per step that were asked for.
        minutes: Of the whole job.
        memory_free_bytes, memory_total_bytes: Of the device.
        memory_needed_bytes: Of one step; None where it cannot be told.
        parts: Stage -> minutes.
        speeds: From which the minutes of other trainings follow.
        films: Split -> how many.
        notes: One sentence each.
    """

    device: str
    reason: str | None
    backend: str
    batch: int
    batch_asked: int
    minutes: float
    memory_free_bytes: float | None = None
    memory_total_bytes: float | None = None
    memory_needed_bytes: float | None = None
    parts: Mapping[str, float] = {}
    speeds: Speeds | None = None
    films: Mapping[str, int] = {}
    notes: tuple[str, ...] = ()


def read_preflight(path: Path) -> Preflight:
    """Read what the dry run wrote.

    Raises:
        OutputError: It is missing or not what it should be.
    """
    try:
        return msgspec.convert(read_json(path), Preflight)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"What the check of the machine wrote cannot be read ({error}).",
            hint="Check again.",
        ) from error


def memory_in_words(found: Preflight) -> str:
    """Free memory against what a step needs."""
    if found.memory_free_bytes is None:
        return "not known"
    words = f"{_size(found.memory_free_bytes)} free"
    if found.memory_total_bytes:
        words += f" of {_size(found.memory_total_bytes)}"
    if found.memory_needed_bytes is not None:
        words += f"; the training needs about {_size(found.memory_needed_bytes)}"
    return words


def batch_in_words(found: Preflight) -> str:
    """The batch, and whether it had to be made smaller."""
    words = f"{found.batch} films per step"
    if found.batch < found.batch_asked:
        words += f", because {found.batch_asked} do not fit into memory"
    return words


def time_in_words(found: Preflight) -> str:
    """The whole time, then that of the longest stages."""
    stages = sorted(found.parts.items(), key=lambda part: -part[1])
    parts = ", ".join(
        f"{stage} {duration_in_words(60 * minutes).removeprefix('about ')}"
        for stage, minutes in stages
        if minutes >= _WORTH_SAYING
    )
    return ": ".join(filter(None, (duration_in_words(60 * found.minutes), parts)))


def _size(count: float) -> str:
    return QLocale.system().formattedDataSize(int(count), 1)


def _words(job: RunRequest, option: Sequence[str], place: Path) -> list[str]:
    """That try a job, whose settings are written down in the folder on the way."""
    with atomic_write(place / "job.json") as path:
        path.write_text(json.dumps(config_to_json(job.config)), encoding="utf-8")
    words = ["train", *option, "--data", str(job.split.absolute())]
    words += ["--config", str(place / "job.json"), "--out", str(place / "model")]
    words += ["--json", str(place / FOUND)]
    return words + (["--backend", job.backend] if job.backend else [])


class TrialPanel(CheckPanel):
    """Has the training that is prepared tried in a child, in one way or another.

    Attributes:
        result: What the last trial that succeeded found.
    """

    result: Any = None
    _job: RunRequest | None = None

    @property
    def is_current(self) -> bool:
        """Whether the result is about the job as it is now."""
        return self.result is not None and self._checked == self._job

    def set_job(self, job: RunRequest | None) -> None:
        """Tell what would be trained; None while that is not known."""
        if job != self._job:
            self._job = job
            self._show()

    def _try(self, *option: str) -> None:
        """Begin; one that runs already begins anew."""
        if self._job is not None:
            self._begin(self._job, partial(_words, self._job, option))


class PreflightPanel(TrialPanel):
    """Runs one dry step in a child and says what it found.

    Attributes:
        device: Why no graphics card will be used; hidden where one will.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("The machine is being checked", parent)
        self._jobs.progressed.connect(self._on_job_progressed)
        self._button = button("&Check the machine", self.check, self)
        self.progress.stop_button.setAccessibleName("Cancel the check of the machine")
        self.status = Caption("", self)
        self.device = MessageCard("warn", self)
        self._table = QWidget(self)
        names = ("Device", "Time", "Films per step", "Memory")
        self.facts = {name: PlainText("", self._table) for name in names}
        self.notes = PlainText("", self)
        form = QFormLayout(self._table)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        for name, value in self.facts.items():
            title = Caption(name, self._table)
            title.setWordWrap(False)
            form.addRow(title, value)
        column(
            *(self.failure, self._table, self.device, self.notes),
            row(self._button, (self.status, 100), None, gap=10),
            self.progress,
            of=self,
        )
        self._show()

    def check_if_needed(self) -> None:
        """Check, unless that has been done for this job, or failed for it."""
        if self._job not in (self._checked, self._asked):
            self.check()

    @pyqtSlot()
    def check(self) -> None:
        """Run the dry step; a check that runs already begins anew."""
        if self._job is not None:
            self.status.clear()
            self._try("--dry-run")

    @pyqtSlot(object)
    def _on_job_progressed(self, event: object) -> None:
        if not self.progress.stop_button.isEnabled():  # it is being stopped
            return
        if isinstance(event, DeviceFound):
            self.progress.begin(f"Trying one step on: {event.device}.")
        elif isinstance(event, Noted):
            self.progress.begin(event.message)

    def _take_result(self, place: Path) -> None:
        self.result = read_preflight(place / FOUND)
        if self.result.speeds is not None:
            keep_speeds(self.result.speeds)

    def _on_stopped(self) -> None:
        self.status.setText("The check was cancelled.")

    def _fail(self, failure: Failure) -> None:
        self.status.setText("The check failed.")
        super()._fail(failure)

    @pyqtSlot()
    def _show(self) -> None:
        running, found = self.is_checking, self.result
        stop = self.progress.stop_button
        had_focus = self._button.hasFocus() or stop.hasFocus()
        self._button.setVisible(not running)
        self._button.setEnabled(self._job is not None)
        self._button.setText("&Check again" if found else "&Check the machine")
        self._table.setVisible(found is not None)
        self.device.setVisible(found is not None and bool(found.reason))
        self.notes.setVisible(found is not None and bool(found.notes))
        if found is not None:
            self._show_result(found)
            if not running and self.failure.isHidden():
                changed = "The settings have changed since."
                self.status.setText("" if self.is_current else changed)
        self.status.setVisible(not running and bool(self.status.text()))
        super()._show()
        if had_focus:
            (stop if running else self._button).setFocus()

    def _show_result(self, found: Preflight) -> None:
        backend = BACKENDS.get(found.backend, found.backend)
        self.facts["Device"].setText(f"{found.device}, by {backend}")
        self.facts["Time"].setText(time_in_words(found))
        self.facts["Films per step"].setText(batch_in_words(found))
        self.facts["Memory"].setText(memory_in_words(found))
        self.device.set_words("No graphics card will be used.", found.reason or "")
        self.notes.set_points(found.notes)


class TrainingTime:
    """Puts together what the machine's check and earlier runs tell.

    Attributes:
        speeds: Of the last check of this machine; None before the first.
    """

    def __init__(self) -> None:
        self.speeds = read_speeds()
        self._earlier: tuple[TrainingConfig | None, float | None] = (None, None)

    def note_earlier(self, config: TrainingConfig, minutes: float | None) -> None:
        """Take what finished runs of some settings took, if there were any."""
        self._earlier = (config, minutes)

    def minutes(self, config: TrainingConfig, found: Preflight | None) -> float | None:
        """Of the whole training; None where nothing is known.

        Args:
            found: What the check of the machine found for it; None before.
        """
        return found.minutes if found is not None else self._earlier_minutes(config)

    def in_words(self, config: TrainingConfig, found: Preflight | None) -> str:
        """That in sentences, and from what; empty where nothing is known."""
        minutes, earlier = self.minutes(config, found), self._earlier_minutes(config)
        if minutes is None:
            return ""
        most = "at most " if config.patience else ""
        took = f"It will take {most}{duration_in_words(60 * minutes)}"
        if found is None:
            return f"{took}, as earlier trainings with these settings did."
        words = f"{took}, as measured on a few steps."
        if earlier is not None:
            took = duration_in_words(60 * earlier)
            words += f" Earlier trainings with these settings took {took}."
        return words

    def of_recipes(
        self, films: Mapping[str, int], found: Preflight | None
    ) -> dict[str, float]:
        """Recipe -> minutes; none before this machine has been checked.

        Args:
            films: In "train", "val" and "test".
            found: What the last check found, of whatever settings.
        """
        if found is not None and found.speeds is not None:
            self.speeds = found.speeds
        speeds = self.speeds
        if speeds is None or not sum(films.values()):
            return {}
        configs = {name: config_from_preset(name) for name in PRESETS}
        return {
            name: sum(minutes_of(config, films, speeds).values())
            for name, config in configs.items()
        }

    def _earlier_minutes(self, config: TrainingConfig) -> float | None:
        known, minutes = self._earlier
        return minutes if known == config else None
