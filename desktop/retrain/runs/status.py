"""What a job computes on, how fast, how far it is, and how long it still takes."""

from __future__ import annotations

from typing import Final

from PyQt5.QtCore import QRectF, QSize, Qt
from PyQt5.QtGui import QPainter, QPaintEvent
from PyQt5.QtWidgets import QProgressBar, QSizePolicy, QWidget

from core.runs.progress import RunProgress
from core.words import duration_in_words
from desktop.retrain.settings.fields import BACKENDS
from desktop.style.severity import severity_colour
from desktop.style.theme import muted
from desktop.widgets.labels import Caption, PlainText
from desktop.widgets.layouts import column, row
from desktop.widgets.message_card import NoteRow
from desktop.widgets.stage_stepper import TITLES

#: Steps of the bar: films may be more than it can count.
_STEPS = 1000
_BAR_PX: Final = 8
_MOST_CELLS: Final = 20


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
        self.device = _Fact("Device", self)
        self.speed = _Fact("Speed", self)
        self.left = _Fact("Time left", self)
        self.gauge = PatienceGauge(self)
        self.reason = NoteRow(self)
        facts = row(
            *((self.device.column, 3), (self.speed.column, 2), (self.left.column, 3)),
            gap=24,
        )
        facts.setContentsMargins(0, 4, 0, 4)
        parts = (self.bar, self.done, facts, self.gauge, self.reason)
        column(*parts, of=self, gap=6)

    def set_progress(self, job: RunProgress) -> None:
        """Show how far a running job is."""
        progress = job.progress
        if progress is None or progress.total <= 0:
            self.bar.setRange(0, 0)  # busy; it cannot be said how far
        else:
            self.bar.setRange(0, _STEPS)
            share = min(1.0, progress.done / progress.total)
            self.bar.setValue(round(_STEPS * share))
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
    """Epochs since the best against those after which a phase ends.

    One cell per epoch, filled from the left; the words say the same.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._since = self._patience = 0
        self.text = ""
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Expanding, policy.Fixed)
        self.set_epochs(0, 0)

    def set_epochs(self, since: int, patience: int) -> None:
        """Show how many epochs there were since the best.

        Args:
            since: Epochs without a better validation loss.
            patience: As many end the phase; 0 for never.
        """
        self._since, self._patience = since, patience
        self.text = f"Epochs since the best: {since}"
        if patience:
            self.text += f" of {patience}"
        self.setAccessibleName(self.text)
        tip = "The phase ends early when this many epochs brought nothing better."
        self.setToolTip(tip if patience else "No phase ends early.")
        self.updateGeometry()
        self.update()

    # Qt overrides

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(
            metrics.horizontalAdvance(self.text) + 4, metrics.height() + _BAR_PX + 8
        )

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette = self.palette()
        painter.setPen(palette.windowText().color())
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        painter.drawText(self.rect(), top, self.text)
        if not self._patience:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        cells = min(self._patience, _MOST_CELLS)
        filled = min(cells, round(cells * self._since / self._patience))
        is_near = self._since >= self._patience - 1 and self._since > 0
        ink = severity_colour("warn") if is_near else palette.highlight().color()
        width = min(260.0, self.width() - 2.0) / cells
        y = self.fontMetrics().height() + 5.0
        painter.setPen(muted(palette))
        for cell in range(cells):
            box = QRectF(cell * width + 0.5, y + 0.5, max(2.0, width - 3), _BAR_PX - 1)
            painter.setBrush(ink if cell < filled else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 2, 2)
