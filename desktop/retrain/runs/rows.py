"""A run in words and numbers, as lists and tables show it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from PyQt5.QtCore import QDateTime, QLocale

from core.errors import CoreError
from core.model.bundle import ModelBundle, peek_bundle
from core.runs.presets import PRESETS
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run
from core.runs.settings import SETTINGS

#: State -> how people read it, and the sign that goes with it.
STATES: Final = {
    RUNNING: ("Running", "note"),
    FINISHED: ("Finished", "good"),
    INTERRUPTED: ("Interrupted", "warn"),
    FAILED: ("Failed", "stop"),
}
PAUSED: Final = ("Paused", "warn")
DAMAGED: Final = ("Damaged", "stop")

BACKBONES: Final = SETTINGS["backbone"].choices


@dataclasses.dataclass(frozen=True)
class Rate:
    """A figure with its 95 % interval.

    Attributes:
        value: In [0, 1].
        low, high: Of the interval; None where there is none.
    """

    value: float
    low: float | None = None
    high: float | None = None

    def in_words(self) -> str:
        """ "81.6 % (76.4 to 86.5)"."""
        if self.low is None or self.high is None:
            return f"{100 * self.value:.1f} %"
        return (
            f"{100 * self.value:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"
        )


@dataclasses.dataclass(frozen=True)
class RunRow:
    """What is shown of a run.

    Attributes:
        run: The run.
        state: In words.
        severity: Of the state, as `desktop.style.severity` draws it.
        bundle: Its card, files unchecked; None unless it is finished.
        accuracy, macro_f1: On the test films; None where not measured.
        epochs: That were done, in both phases.
        seconds: It ran.
        is_read: Whether the files have been looked at; until then only what
            the record says is known.
    """

    run: Run
    state: str = ""
    severity: str = "note"
    bundle: ModelBundle | None = None
    accuracy: Rate | None = None
    macro_f1: Rate | None = None
    epochs: int = 0
    seconds: float = 0.0
    is_read: bool = False

    @property
    def name(self) -> str:
        """Of the model, or of the folder of a run whose record is lost."""
        return self.run.record.name or self.run.path.name

    @property
    def preset(self) -> str:
        """Title of the preset it began as."""
        name = self.run.record.preset
        return PRESETS[name].title if name in PRESETS else name or "None"

    @property
    def backbone(self) -> str:
        """As people write it."""
        name = self.run.record.config.backbone
        return BACKBONES.get(name, name)

    @property
    def data(self) -> str:
        """Name of the folder or manifest."""
        path = self.run.record.data
        return path.name or str(path)

    @property
    def split_sha256(self) -> str:
        """Hash of its split; empty where unknown."""
        if self.bundle is None:
            return ""
        return str(self.bundle.card.data.get("split_sha256", ""))

    @property
    def is_finished(self) -> bool:
        """Whether there is a model."""
        return self.bundle is not None


def read_row(run: Run) -> RunRow:
    """Look at the files of a run; takes a few milliseconds."""
    state = run.state()
    words, severity = STATES[state]
    if state == INTERRUPTED and run.was_paused():
        words, severity = PAUSED
    bundle: ModelBundle | None = None
    if state == FINISHED:
        try:
            bundle = peek_bundle(run.bundle_dir)
        except CoreError:
            words, severity = DAMAGED
    test = bundle.card.metrics.get("test", {}) if bundle is not None else {}
    return RunRow(
        run=run,
        state=words,
        severity=severity,
        bundle=bundle,
        accuracy=rate_of(test, "accuracy"),
        macro_f1=rate_of(test, "macro_f1"),
        epochs=len(run.history()),
        seconds=run.times.seconds(),
        is_read=True,
    )


def rate_of(fields: object, name: str) -> Rate | None:
    """A figure out of an evaluation; None where it was not measured."""
    if not isinstance(fields, Mapping):
        return None
    value = fields.get(name)
    if not isinstance(value, int | float):
        return None
    interval: Any = fields.get(f"{name}_ci")
    if isinstance(interval, list | tuple) and len(interval) == 2:
        return Rate(float(value), float(interval[0]), float(interval[1]))
    return Rate(float(value))


def when_in_words(when: datetime) -> str:
    """Date and time in the user's own way of writing, as short as it gets."""
    moment = QDateTime.fromSecsSinceEpoch(int(when.timestamp()))
    return QLocale.system().toString(moment, QLocale.FormatType.ShortFormat)


def short_when(when: datetime) -> str:
    """ "20 Nov, 16:38", or of another year "20 Nov 2025"."""
    locale, moment = (
        QLocale.system(),
        QDateTime.fromSecsSinceEpoch(int(when.timestamp())),
    )
    if moment.date().year() != QDateTime.currentDateTime().date().year():
        return locale.toString(moment, "d MMM yyyy")
    return locale.toString(moment, "d MMM, hh:mm")


def time_in_words(seconds: float) -> str:
    """ "1 h 05 min", "12 min", "40 s"; empty for nothing."""
    if seconds < 1:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"
