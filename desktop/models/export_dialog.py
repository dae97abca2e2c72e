"""Writing a model in a form that other programs read."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

from PyQt5.QtCore import pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QFileDialog, QWidget

from core import paths
from core.errors import CoreError
from core.jobs.channel import Outcome
from core.jobs.events import JobStopped, Noted
from core.jobs.failures import Failure
from core.jobs.folders import safe_name
from core.model.bundle import WEIGHTS, ModelBundle
from desktop.jobs.progress import JobProgress
from desktop.models import file_dialogs as model_dialogs
from desktop.widgets.buttons import RadioList, button
from desktop.widgets.dialogs import (
    FittedDialog,
    close_buttons,
    dialog_title,
    grow_to_fit,
)
from desktop.widgets.labels import Caption, printable
from desktop.widgets.layouts import column
from desktop.widgets.message_card import MessageCard
from desktop.work.jobs import JobController
from desktop.work.kind import Command, CommandKind


@dataclasses.dataclass(frozen=True)
class Format:
    """A form that a model can be written in.

    Attributes:
        name: As `core export --format` takes it.
        title: As people know it.
        use: What it is good for.
        suffix: Of the file, with its dot; empty for a folder.
        needs_weights: Whether it is made from the weights, by Keras, which
            takes a minute.
        sameness: What is sure of a copy; what is converted is measured, and told.
    """

    name: str
    title: str
    use: str
    suffix: str
    needs_weights: bool = True
    sameness: str = ""


FORMATS: Final = (
    Format(
        "hilum",
        "Hilum file (.hilum)",
        "Model, card and report in one file, for another Hilum.",
        ".hilum",
        needs_weights=False,
        sameness="Every part of it was checked against its hash.",
    ),
    Format(
        "openvino",
        "OpenVINO (folder)",
        "The graph that Hilum itself runs, for OpenVINO.",
        "",
        needs_weights=False,
        sameness="It is the graph that gives the verdicts here, unchanged.",
    ),
    Format(
        "onnx",
        "ONNX (.onnx)",
        "For ONNX Runtime and many others; its card tells how to use it.",
        ".onnx",
    ),
    Format(
        "litert",
        "LiteRT (.tflite)",
        "For phones and small devices; its card tells how to use it.",
        ".tflite",
    ),
    Format("savedmodel", "SavedModel (folder)", "For TensorFlow.", ""),
    Format("keras", "Keras (.keras)", "To load and change in Keras 3.", ".keras"),
)


class ExportDialog(FittedDialog):
    """Chooses a format and a place, writes in a child, and says how it went.

    Attributes:
        formats: Those of `FORMATS`, to choose from.
        progress: How far the writing is.
        outcome: What came of it.

    Signals:
        status_changed: str. For the status line.
    """

    status_changed = pyqtSignal(str)

    def __init__(self, bundle: ModelBundle, parent: QWidget | None = None) -> None:
        super().__init__(560, parent)
        self._bundle = bundle
        self._notes: list[str] = []
        self._target = Path()
        self._jobs = JobController(CommandKind(), self)
        self._jobs.progressed.connect(self._on_job_progressed)
        self._jobs.ended.connect(self._on_job_ended)
        self._jobs.refused.connect(self._on_job_refused)
        self.setWindowTitle("Export model")
        self.setObjectName("exportDialog")
        self.formats = RadioList([(form.title, form.use) for form in FORMATS], self)
        note = "The other formats need the weights, which this model came without."
        missing = Caption(note, self)
        self._has_weights = WEIGHTS in bundle.card.files
        missing.setVisible(not self._has_weights)
        self.progress = JobProgress("Writing the model", "&Stop", {}, self)
        self.progress.stop_button.clicked.connect(self.reject)
        self.outcome = MessageCard("note", self)
        self.outcome.hide()
        self.export_button = button("&Export…", self._on_export_clicked, self)
        self._buttons = close_buttons(self, self.export_button)
        self.export_button.setDefault(True)
        column(
            *(dialog_title(f"Export {bundle.card.name}", self), self.formats, missing),
            *(self.progress, self.outcome, None, self._buttons),
            of=self,
            gap=6,
            margins=(20, 18, 20, 16),
        )
        self._set_busy(False)

    @property
    def chosen(self) -> Format:
        """The format that is marked."""
        return FORMATS[self.formats.place]

    def export(self, target: Path, *, replace: bool) -> None:
        """Write the model to a file or folder; the dialog says what came of it."""
        self._target, self._notes = target, []
        self.outcome.hide()
        arguments = ["export", str(self._bundle.path.absolute())]
        arguments += ["--format", self.chosen.name, "--out", str(target.absolute())]
        arguments += ["--overwrite"] if replace else []
        self._set_busy(True)
        self.progress.begin(f"Writing {printable(Path(target.name))}…")
        self._jobs.start(Command(tuple(arguments), paths.user_log_dir() / "export"))

    @pyqtSlot()
    def _on_export_clicked(self) -> None:
        target = self._ask_for_target()
        if target is not None:
            # The file dialog has asked; of a folder it knows nothing.
            self.export(target, replace=bool(self.chosen.suffix))

    def _ask_for_target(self) -> Path | None:
        form = self.chosen
        name = safe_name(self._bundle.card.name)
        if form.suffix:
            return model_dialogs.ask_for_file(
                self,
                f"Export as {form.title}",
                Path.home() / f"{name}{form.suffix}",
                f"{form.title} (*{form.suffix})",
                form.suffix.lstrip("."),
            )
        chosen = QFileDialog.getExistingDirectory(
            self, f"Folder to put the {form.title} in", str(Path.home())
        )
        return Path(chosen) / f"{name} {form.name}" if chosen else None

    @pyqtSlot(object)
    def _on_job_progressed(self, event: object) -> None:
        self.progress.show_event(event)
        if isinstance(event, Noted):
            self._notes.append(event.message)

    @pyqtSlot(object, object)
    def _on_job_ended(self, command: Command, outcome: Outcome) -> None:
        if isinstance(outcome, JobStopped):
            self._finish("note", "Stopped", "Nothing was written.", "")
        elif isinstance(outcome, Failure):
            where = printable(outcome.log_path)
            hint = f"{outcome.hint} The log is {where}.".strip()
            self._finish("stop", "Not written", outcome.message, hint)
        else:
            where = printable(self._target)
            said = " ".join([*self._notes, self.chosen.sameness]).strip()
            self._finish("good", "Written", f"The model is in {where}.", said)
            self.status_changed.emit(f"Exported to {where}")

    @pyqtSlot(object, object)
    def _on_job_refused(self, error: CoreError, command: object) -> None:
        self._finish("stop", "Not written", str(error), error.hint)

    def _finish(self, severity: str, word: str, text: str, hint: str) -> None:
        self._set_busy(False)
        self.outcome.set_severity(severity, word)
        self.outcome.set_words(text, hint)
        self.outcome.show()
        grow_to_fit(self)

    def _set_busy(self, is_busy: bool) -> None:
        for form, choice in zip(FORMATS, self.formats.buttons, strict=True):
            can_be = self._has_weights or not form.needs_weights
            choice.setEnabled(can_be and not is_busy)
        self._buttons.setEnabled(not is_busy)
        self.progress.setVisible(is_busy)

    # Qt overrides

    def done(self, result: int) -> None:
        self._jobs.shut_down(waits=True)  # nothing of what is being written is left
        super().done(result)

    def reject(self) -> None:
        if self._jobs.is_running:  # Stop, Escape
            self.progress.show_stopping()
            self._jobs.stop()
        else:
            super().reject()
