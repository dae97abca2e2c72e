"""Which films are used, whose they are, and how they are split."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import QListWidget, QListWidgetItem, QWidget

from core.data.dataset import labels_as_text
from core.data.patients import compile_pattern
from core.errors import DatasetError
from core.films.radiograph import display_name
from core.runs.config import TrainingConfig
from desktop.retrain.settings.editors import Editor, NumberEditor, TextEditor
from desktop.retrain.settings.fields import Field, field
from desktop.retrain.settings.row import FormRow
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption
from desktop.widgets.layouts import column

_SHOWN_LABELS: Final = 12
_EXAMPLES: Final = 4
_WIDEST_PX: Final = 420
_DEFAULTS: Final = TrainingConfig()


@dataclasses.dataclass(frozen=True)
class SplitOptions:
    """How the films are to be checked and split.

    Attributes:
        labels: To use; empty for all.
        patient_pattern: As `TrainingConfig` has it.
        validation, test: Shares of the films.
        seed: Of the split.
        grouped: Whether films that look alike are kept in one split.
    """

    labels: tuple[str, ...] = ()
    patient_pattern: str = ""
    validation: float = _DEFAULTS.validation
    test: float = _DEFAULTS.test
    seed: int = _DEFAULTS.seed
    grouped: bool = False


def audit_words(
    data: Path | str, options: SplitOptions, audit: Path | str, split: Path | str
) -> list[str]:
    """The words of `core audit` that check and split these films."""
    words = ["audit", str(data), "--json", str(audit), "--manifest", str(split)]
    if options.grouped:
        words.append("--group")
    if options.patient_pattern:
        words.append(f"--patient-pattern={options.patient_pattern}")  # may begin with -
    if options.labels:
        words.append(f"--labels={labels_as_text(options.labels)}")
    words += ["--validation", f"{options.validation:g}", "--test", f"{options.test:g}"]
    return [*words, "--seed", str(options.seed)]


class DataOptions(Disclosure):
    """Lets the user change how the films are split; folded from the start.

    Signals:
        options_changed: the user changed something; `error` may be set.
    """

    options_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Labels, patients and split", parent)
        self._examples: list[str] = []
        self._known: tuple[str, ...] = ()
        self.labels = QListWidget(self.body)
        self.labels.setObjectName("labelList")
        self.labels.setMaximumWidth(_WIDEST_PX)
        self.labels.setSelectionMode(QListWidget.SelectionMode.NoSelection)
        self.labels.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.labels.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.labels.itemChanged.connect(self._on_changed)
        about = field("labels").setting.help
        self._labels_row = FormRow("Labels", about, self.labels, parent=self.body)
        pattern = TextEditor(field("patient_pattern"), self.body)
        self.pattern = pattern.line
        self.pattern.setPlaceholderText(r"for example ^(\d+)_")
        self.example = Caption("", self.body)
        self._pattern_row = self._row(pattern, self.example)
        self._numbers = {
            each.name: NumberEditor(each, self.body)
            for each in (field("validation"), field("test"), _seed_of_split())
        }
        self.seed = self._numbers["seed"].box
        numbers = map(self._row, self._numbers.values())
        column(self._labels_row, self._pattern_row, *numbers, of=self.body, gap=2)
        self.set_options(SplitOptions())

    @property
    def options(self) -> SplitOptions:
        """What is set."""
        chosen = self.chosen_labels
        return SplitOptions(
            labels=() if chosen == self._known else chosen,
            patient_pattern=self.pattern.text().strip(),
            validation=self._numbers["validation"].value,
            test=self._numbers["test"].value,
            seed=int(self._numbers["seed"].value),
        )

    @property
    def chosen_labels(self) -> tuple[str, ...]:
        """The labels that are ticked."""
        items = (self.labels.item(i) for i in range(self.labels.count()))
        ticked = Qt.CheckState.Checked
        return tuple(item.text() for item in items if item.checkState() == ticked)

    @property
    def error(self) -> str:
        """Why the options cannot be used; empty if they can."""
        return self._pattern_row.error or self._labels_row.error

    def set_options(self, options: SplitOptions) -> None:
        """Show options, without a signal."""
        self._set_labels(self._known, options.labels or self._known)
        for name, editor in self._numbers.items():
            editor.set_value(getattr(options, name))
        with QSignalBlocker(self.pattern):
            self.pattern.setText(options.patient_pattern)
        self._check()

    def set_known_labels(self, labels: Sequence[str]) -> None:
        """Tell which labels the data has; those unticked stay unticked."""
        left_out = set(self._known) - set(self.chosen_labels)
        known = tuple(labels)
        self._set_labels(known, tuple(x for x in known if x not in left_out))
        self._check()

    def set_examples(self, films: Sequence[Path]) -> None:
        """Tell a few films, on whose names the pattern is tried."""
        self._examples = [film.name for film in films]
        self._check()

    def _row(self, editor: Editor, *more: QWidget) -> FormRow:
        editor.value_changed.connect(self._on_changed)
        setting = editor.field.setting
        title, about = setting.title, setting.help
        return FormRow(title, about, editor, *more, parent=self.body)

    def _set_labels(self, known: tuple[str, ...], ticked: Sequence[str]) -> None:
        self._known = known
        checked, not_checked = Qt.CheckState.Checked, Qt.CheckState.Unchecked
        with QSignalBlocker(self.labels):
            self.labels.clear()
            for label in known:
                item = QListWidgetItem(label, self.labels)
                item.setToolTip(label)
                item.setCheckState(checked if label in ticked else not_checked)
        rows = min(max(len(known), 1), _SHOWN_LABELS)
        height = self.labels.sizeHintForRow(0) if known else 20
        self.labels.setFixedHeight(rows * max(height, 18) + 12)

    @pyqtSlot()
    def _on_changed(self) -> None:
        self._check()
        self.options_changed.emit()

    def _check(self) -> None:
        self._labels_row.set_error(self._error_of_labels())
        pattern = self.pattern.text().strip()
        self._pattern_row.set_error(pattern_error(pattern))
        is_good = not self._pattern_row.error
        self.example.setText(example_of(pattern, self._examples) if is_good else "")
        self.example.setVisible(bool(self.example.text()))
        self._show_summary()

    def _error_of_labels(self) -> str:
        too_few = self._known and len(self.chosen_labels) < 2
        return "Tick at least two labels." if too_few else ""

    def _show_summary(self) -> None:
        options = self.options
        count = len(self.chosen_labels)
        parts = [f"{count} of {len(self._known)} labels"] if options.labels else []
        pattern = options.patient_pattern
        parts.append(f"patient by {pattern}" if pattern else "no patient pattern")
        shares = (1 - options.validation - options.test, options.validation)
        words = " / ".join(f"{100 * s:.0f}" for s in (*shares, options.test))
        parts += [f"split {words}", f"seed {options.seed}"]
        self.set_summary(" · ".join(parts))


def _seed_of_split() -> Field:
    of_job = field("seed")
    setting = dataclasses.replace(
        of_job.setting,
        title="Seed of the split",
        help="The same seed splits the same films in the same way.",
    )
    return dataclasses.replace(of_job, setting=setting)


def pattern_error(pattern: str) -> str:
    """Why a patient pattern cannot be used; empty if it can."""
    try:
        compile_pattern(pattern)
    except DatasetError as error:
        return str(error)
    return ""


def example_of(pattern: str, names: Sequence[str]) -> str:
    """What a pattern gives for a few file names, in words."""
    if not pattern or not names:
        return ""
    lines = []
    for name in names[:_EXAMPLES]:
        match = re.search(pattern, name)
        patient = match and match.group(1)
        shown = display_name(Path(name))
        lines.append(f"{shown} → {patient}" if patient else f"{shown} → no patient")
    return "\n".join(lines)
