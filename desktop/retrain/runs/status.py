"""What a job computes on, how fast, how far it is, and how long it still takes."""

from __future__ import annotations

from typing import Final

from PyQt5.QtWidgets import QSizePolicy, QWidget

from core.runs.progress import RunProgress
from core.words import duration_in_words, percent
from desktop.retrain.settings.fields import BACKENDS
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import TITLES, StageBar

_WIDEST_PX: Final = 260
#: Stage -> what is finished before a job stops in it.
_IN_HAND: Final = {
    "start": "Keras to be loaded",
    "reading": "the film in hand",
    "features": "the film in hand",
    "head": "the epoch in hand",
    "fine-tuning": "the step in hand, or the validation films at the end of an epoch",
    "export": "the model to be written and compared with Keras",
    "evaluation": "the film in hand",
}


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
        progress, epoch = job.progress, job.epoch_in_work()
        if progress is not None:
            self.bar.set_done(progress.done, progress.total)
        elif epoch is not None:  # too fast for films to be counted
            self.bar.set_done(epoch[0] - 1, epoch[1])
        else:
            self.bar.set_done()
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
        self.speed.say(speed_in_words(job))
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
    if of_epoch := job.films_of_epoch():
        done, films = of_epoch
        if done == films:
            return f"{text}: measuring it on the validation films"
        share = percent(min(1.0, progress.done / progress.total))
        return f"{text}: {done:,} of {films:,} films; {share} of the phase"
    return f"{text}: {progress.done:,} of {progress.total:,} films"


def speed_in_words(job: RunProgress) -> str:
    """How fast it is, by films or by epochs."""
    progress = job.progress
    if progress is not None and progress.films_per_s:
        rate, digits = progress.films_per_s, 0 if progress.films_per_s >= 10 else 1
        return f"{rate:.{digits}f} films per second"
    of_phase = [e.seconds for e in job.epochs if e.phase == job.stage and e.seconds]
    if of_phase:
        return f"{of_phase[-1]:.1f} seconds per epoch"
    if job.epoch_in_work() is not None:
        return "Known after the second step"
    return "Known after the first films"


def waited_for(job: RunProgress) -> str:
    """What a job that was asked to stop finishes first."""
    return _IN_HAND.get(job.stage, "what it is at")


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
