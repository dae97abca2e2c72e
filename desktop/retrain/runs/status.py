"""What a job computes on, how fast, how far it is, and how long it still takes."""

from __future__ import annotations

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QGridLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.runs.progress import RunProgress
from core.words import duration_in_words
from desktop.retrain.runs.patience_gauge import PatienceGauge
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import TITLES

_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
#: Steps of the bar: films may be more than it can count.
_STEPS = 1000


class RunStatus(QWidget):
    """A bar for the stage and the figures of a running job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("stageBar")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.bar.setAccessibleName("Progress of the stage")
        self.done = Caption("", self)
        self.device = _value(self)
        self.speed = _value(self)
        self.left = _value(self)
        self.gauge = PatienceGauge(self)
        self.reason = NoteRow(self)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(1)
        names = ("Device", "Speed", "Time left")
        facts = zip(names, (self.device, self.speed, self.left), strict=True)
        for place, (name, value) in enumerate(facts):
            grid.addWidget(Caption(name, self), 0, place)
            grid.addWidget(value, 1, place, Qt.AlignmentFlag.AlignTop)
            grid.setColumnStretch(place, 3 if place != 1 else 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.bar)
        column.addWidget(self.done)
        column.addSpacing(4)
        column.addLayout(grid)
        column.addSpacing(4)
        column.addWidget(self.gauge)
        column.addWidget(self.reason)

    def set_progress(self, run_progress: RunProgress) -> None:
        """Show how far a running job is."""
        progress = run_progress.progress
        if progress is None or progress.total <= 0:
            self.bar.setRange(0, 0)  # busy; it cannot be said how far
        else:
            self.bar.setRange(0, _STEPS)
            share = min(1.0, progress.done / progress.total)
            self.bar.setValue(round(_STEPS * share))
        text = progress_in_words(run_progress)
        self.done.setText(text)
        self.bar.setAccessibleDescription(text)
        self._set_device(run_progress)
        rate = progress.films_per_s if progress is not None else 0.0
        speed = f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
        _say(self.speed, "Speed", f"{speed} films per second" if rate else "Not known")
        _say(self.left, "Time left", left_in_words(run_progress))
        is_training = run_progress.epoch_in_work() is not None
        self.gauge.setVisible(is_training)
        self.gauge.set_epochs(
            run_progress.epochs_since_best, run_progress.config.patience
        )

    def _set_device(self, run_progress: RunProgress) -> None:
        device = run_progress.device
        if device is None:
            _say(self.device, "Device", "Not known yet")
            self.reason.set_text("")
            return
        backend = _BACKENDS.get(device.backend, device.backend)
        text = f"{device.device}, {backend}" if backend else device.device
        _say(self.device, "Device", text)
        self.reason.set_text(device.reason, "note")


def stage_in_words(run_progress: RunProgress) -> str:
    """What the job does: "fine-tuning, epoch 3 of 8"."""
    title = TITLES.get(run_progress.stage, run_progress.stage or "starting").lower()
    epoch = run_progress.epoch_in_work()
    return f"{title}, epoch {epoch[0]} of {epoch[1]}" if epoch else title


def progress_in_words(run_progress: RunProgress) -> str:
    """How far the stage is: "Reading: 312 of 2,800 films"."""
    text = stage_in_words(run_progress)
    text = text[:1].upper() + text[1:]
    progress = run_progress.progress
    if progress is None or progress.total <= 0:
        return f"{text}. {run_progress.detail}" if run_progress.detail else text
    if run_progress.epoch_in_work() is not None:
        return f"{text}, {100 * min(1.0, progress.done / progress.total):.0f} %"
    return f"{text}: {progress.done:,} of {progress.total:,} films"


def left_in_words(run_progress: RunProgress) -> str:
    """How long it still takes, as far as that can be said."""
    left = run_progress.time_left()
    if left is None:
        return "Not known yet"
    words = duration_in_words(left.seconds)
    words = words[:1].upper() + words[1:]
    # Early stopping may end the training sooner, and later stages take time too.
    return (
        f"{words} of training, or less" if left.training else f"{words} of this stage"
    )


def _value(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    policy = QSizePolicy.Policy
    label.setSizePolicy(policy.Ignored, policy.Preferred)
    return label


def _say(label: QLabel, name: str, text: str) -> None:
    label.setText(text)
    label.setAccessibleName(f"{name}: {text}")
