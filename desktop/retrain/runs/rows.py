"""A run in words and numbers, as lists and tables show it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Final

from core.errors import CoreError
from core.model.bundle import ModelBundle, peek_bundle
from core.runs.presets import PRESETS
from core.runs.progress import read_progress
from core.runs.run import FAILED, FINISHED, INTERRUPTED, RUNNING, Run
from core.runs.settings import SETTINGS
from desktop.widgets.rates import Rate, rate_of

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
    def path(self) -> Path:
        """The run's folder."""
        return self.run.path

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
        epochs=len(read_progress(run)[0].epochs),
        seconds=run.times.seconds(),
        is_read=True,
    )
