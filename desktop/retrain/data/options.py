"""Which films are used, whose they are, and how they are split."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PyQt5.QtCore import QSignalBlocker, Qt, pyqtSignal, pyqtSlot
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from core.films.radiograph import display_name
from core.runs.config import TrainingConfig
from desktop.retrain.settings.editors import CalmSpinBox
from desktop.retrain.settings.fields import all_fields
from desktop.widgets.disclosure import Disclosure
from desktop.widgets.labels import Caption
from desktop.widgets.message_card import NoteRow

_SHOWN_LABELS: Final = 12
_EXAMPLES: Final = 4
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
        words += ["--patient-pattern", options.patient_pattern]
    if options.labels:
        words += ["--labels", ",".join(options.labels)]
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
        self.labels.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.labels.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.labels.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.labels.itemChanged.connect(self._on_label_changed)
        self.pattern = QLineEdit(self.body)
        self.pattern.setPlaceholderText(r"for example ^(\d+)_")
        self.pattern.textChanged.connect(self._on_pattern_changed)
        self._pattern_error = NoteRow(self.body)
        self._pattern_example = Caption("", self.body)
        self.validation = _box(self, 1, 49, " %")
        self.test = _box(self, 1, 49, " %")
        self.seed = _box(self, 0, 2**31 - 1, "")
        self._labels_error = NoteRow(self.body)
        self._lay_out()
        self.set_options(SplitOptions())

    @property
    def options(self) -> SplitOptions:
        """What is set."""
        chosen = self.chosen_labels
        return SplitOptions(
            labels=() if chosen == self._known else chosen,
            patient_pattern=self.pattern.text().strip(),
            validation=self.validation.value() / 100,
            test=self.test.value() / 100,
            seed=int(self.seed.value()),
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
        return self._pattern_error.text or self._labels_error.text

    @property
    def example(self) -> str:
        """What the pattern gives for some films."""
        return self._pattern_example.text()

    def set_options(self, options: SplitOptions) -> None:
        """Show options, without a signal."""
        self._set_labels(self._known, options.labels or self._known)
        for widget, value in (
            (self.validation, 100 * options.validation),
            (self.test, 100 * options.test),
            (self.seed, options.seed),
        ):
            with QSignalBlocker(widget):
                widget.setValue(value)
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

    def _set_labels(self, known: tuple[str, ...], ticked: Sequence[str]) -> None:
        self._known = known
        with QSignalBlocker(self.labels):
            self.labels.clear()
            for label in known:
                item = QListWidgetItem(label, self.labels)
                item.setToolTip(label)
                item.setFlags(
                    Qt.ItemFlag.ItemIsUserCheckable
                    | Qt.ItemFlag.ItemIsEnabled
                    | Qt.ItemFlag.ItemIsSelectable
                )
                on = label in ticked
                checked, not_checked = Qt.CheckState.Checked, Qt.CheckState.Unchecked
                item.setCheckState(checked if on else not_checked)
        rows = min(max(len(known), 1), _SHOWN_LABELS)
        height = self.labels.sizeHintForRow(0) if known else 20
        self.labels.setFixedHeight(rows * max(height, 18) + 12)

    @pyqtSlot(QListWidgetItem)
    def _on_label_changed(self, item: QListWidgetItem) -> None:
        self._on_changed()

    @pyqtSlot(str)
    def _on_pattern_changed(self, text: str) -> None:
        self._on_changed()

    @pyqtSlot(float)
    def _on_number_changed(self, value: float) -> None:
        self._on_changed()

    def _on_changed(self) -> None:
        self._check()
        self.options_changed.emit()

    def _check(self) -> None:
        self._labels_error.set_text(self._error_of_labels(), "stop")
        pattern = self.pattern.text().strip()
        error = pattern_error(pattern)
        self._pattern_error.set_text(error, "stop")
        example = "" if error else example_of(pattern, self._examples)
        self._pattern_example.setText(example)
        self._pattern_example.setVisible(bool(example))
        self._show_summary()

    def _error_of_labels(self) -> str:
        chosen = self.chosen_labels
        if self._known and len(chosen) < 2:
            return "Tick at least two labels."
        if chosen != self._known and any("," in label for label in chosen):
            return "A label with a comma can only be used together with all others."
        return ""

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

    def _lay_out(self) -> None:
        fields = all_fields()
        grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(1, 1)
        seed = "The same seed splits the same films in the same way."
        rows: list[tuple[str, str, QWidget, list[QWidget]]] = [
            ("Labels", fields["labels"].help, self.labels, [self._labels_error]),
            (
                fields["patient_pattern"].title,
                fields["patient_pattern"].help,
                self.pattern,
                [self._pattern_error, self._pattern_example],
            ),
            ("Validation", fields["validation"].help, self.validation, []),
            ("Test", fields["test"].help, self.test, []),
            ("Seed of the split", seed, self.seed, []),
        ]
        line = 0
        for name, help_text, editor, more in rows:
            title = QLabel(name, self.body)
            title.setWordWrap(True)
            title.setFixedWidth(150)
            title.setBuddy(editor)
            editor.setAccessibleName(name)
            editor.setAccessibleDescription(help_text)
            editor.setToolTip(help_text)
            editor.setMaximumWidth(150 if isinstance(editor, CalmSpinBox) else 420)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(title, line, 0, top)
            grid.addWidget(editor, line, 1)
            for extra in (*more, Caption(help_text, self.body)):
                line += 1
                grid.addWidget(extra, line, 1)
            line += 1
            grid.setRowMinimumHeight(line, 6)
            line += 1


def pattern_error(pattern: str) -> str:
    """Why a patient pattern cannot be used; empty if it can."""
    if not pattern:
        return ""
    try:
        groups = re.compile(pattern).groups
    except (re.error, OverflowError, RecursionError) as error:
        return f"This is not a regular expression: {error}."
    if groups < 1:
        return "Put the part that names the patient in brackets: (…)."
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


def _box(panel: DataOptions, low: int, high: int, suffix: str) -> CalmSpinBox:
    box = CalmSpinBox(panel.body)
    box.setDecimals(0)
    box.setRange(low, high)
    box.setSuffix(suffix)
    box.valueChanged.connect(panel._on_number_changed)
    return box
