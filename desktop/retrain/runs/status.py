"""What a job computes on, how fast, how far it is, and how long it still takes."""

from __future__ import annotations

from typing import Final

from PyQt5.QtWidgets import QSizePolicy, QWidget

from core.runs.progress import RunProgress
from core.words import duration_in_words
from desktop.retrain.settings.fields import BACKENDS
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import TITLES, StageBar

_WIDEST_PX: Final = 260


class RunStatus(QWidget):
    """A bar for the stage and the figures of a running job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = StageBar("Progress of the stage", self)
        self.done = Caption("", self)
        self.device = _Fact("Device", self)
        self.speed = _Fact("Speed", self)
        self.left = _Fact("Time left", self)
        self.gauge = PatienceGauge(self)
        self.reason = NoteRow(self)
        facts = row(
            *((self.device.column, 3), (self.speed.column, 2), (self.left.column, 3)),
            gap=24,
            margins=(0, 4, 0, 4),
        )
        parts = (self.bar, self.done, facts, self.gauge, self.reason)
        column(*parts, of=self, gap=6)

    def set_progress(self, job: RunProgress) -> None:
        """Show how far a running job is."""
        progress = job.progress
        if progress is None:
            self.bar.set_done()
        else:
            self.bar.set_done(progress.done, progress.total)
        text = progress_in_words(job)
        self.done.setText(text)
        self.bar.setAccessibleDescription(text)
        device = job.device
        if device is None:
            self.device.say("Not known yet")
        else:
            backend = BACKENDS.get(device.backend, device.backend)
            self.device.say(", ".join(filter(None, (device.device, backend))))
        self.reason.set_text(device.reason if device is not None else "", "note")
        rate = progress.films_per_s if progress is not None else 0.0
        speed = f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}"
        self.speed.say(f"{speed} films per second" if rate else "Not known")
        self.left.say(left_in_words(job))
        self.gauge.setVisible(job.epoch_in_work() is not None)
        self.gauge.set_epochs(job.epochs_since_best, job.config.patience)


class _Fact(PlainText):
    """A figure under its name, as wide as there is room."""

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__("", parent)
        self._name = name
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Ignored, policy.Preferred)
        self.column = column(Caption(name, parent), self, None, gap=1)

    def say(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(f"{self._name}: {text}")


def stage_in_words(job: RunProgress) -> str:
    """What the job does: "fine-tuning, epoch 3 of 8"."""
    title = TITLES.get(job.stage, job.stage or "starting").lower()
    epoch = job.epoch_in_work()
    return f"{title}, epoch {epoch[0]} of {epoch[1]}" if epoch else title


def progress_in_words(job: RunProgress) -> str:
    """How far the stage is: "Reading: 312 of 2,800 films"."""
    text = stage_in_words(job)
    text = text[:1].upper() + text[1:]
    progress = job.progress
    if progress is None or progress.total <= 0:
        return f"{text}. {job.detail}" if job.detail else text
    if job.epoch_in_work() is not None:
        return f"{text}, {100 * min(1.0, progress.done / progress.total):.0f} %"
    return f"{text}: {progress.done:,} of {progress.total:,} films"


def left_in_words(job: RunProgress) -> str:
    """How long it still takes, as far as that can be said."""
    left = job.time_left()
    if left is None:
        return "Not known yet"
    words = duration_in_words(left.seconds)
    words = words[:1].upper() + words[1:]
    # Early stopping may end the training sooner, and later stages take time too.
    return f"{words} of {'training, or less' if left.training else 'this stage'}"


class PatienceGauge(QWidget):
    """Epochs since the best against those after which a phase ends."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = PlainText("", self)
        self._bar = StageBar("", self)
        self._bar.setMaximumWidth(_WIDEST_PX)
        column(self._words, self._bar, of=self, gap=4)

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def set_epochs(self, since: int, patience: int) -> None:
        """Show how many epochs brought nothing better; 0 for patience without end."""
        of_all = f" of {patience}" if patience else ""
        self._words.setText(f"Epochs since the best: {since}{of_all}")
        self._bar.setAccessibleName(self.text)
        self._bar.setVisible(patience > 0)
        self._bar.set_done(since, patience)
        tip = "The phase ends early when this many epochs brought nothing better."
        self.setToolTip(tip if patience else "No phase ends early.")
