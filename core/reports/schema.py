"""What is read of an evaluation and of a report that others wrote.

Both stay plain JSON values; these say which fields they have, as
`core.evaluation.evaluate` and `core.reports.report_json` write them. There may be
more fields, which nothing here reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from core.jobs.events import EpochEnded
from core.records import Count, Number, Pair, RecordError, convert


class _Rates(msgspec.Struct):
    """Rates, each with its interval as NAME_ci; or null and null."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            if name.endswith("_ci"):
                rate = getattr(self, name.removesuffix("_ci"))
                if (rate is None) != (getattr(self, name) is None):
                    raise ValueError(f"{name} belongs to a rate that is not there")


class _Accuracy(_Rates):
    accuracy: Number | None
    accuracy_ci: Pair | None


class _Auc(_Rates):
    auc: Number | None
    auc_ci: Pair | None


class _Label(_Auc):
    n: Count
    precision: Number | None
    precision_ci: Pair | None
    recall: Number | None
    recall_ci: Pair | None
    specificity: Number | None
    specificity_ci: Pair | None
    f1: Number | None
    f1_ci: Pair | None


class _Films(msgspec.Struct):
    n: Count


class _Bin(msgspec.Struct):
    confidence: Number
    accuracy: Number
    n: Count


class _Share(_Rates):
    coverage: Number | None
    coverage_ci: Pair | None


class _Sets(_Share):
    target: Number
    one: Number | None
    one_ci: Pair | None
    cannot_say: Number | None
    cannot_say_ci: Pair | None
    by_label: dict[str, _Share]


class _SensitivityPoint(_Rates):
    label: str
    target: Number
    threshold: Number
    sensitivity: Number | None
    sensitivity_ci: Pair | None
    specificity: Number | None
    specificity_ci: Pair | None
    precision: Number | None
    precision_ci: Pair | None


class _Source(_Accuracy):
    n: Count
    per_class: dict[str, _Films]
    macro_f1: Number | None
    macro_f1_ci: Pair | None
    ece: Number | None = None
    ece_ci: Pair | None = None
    sets: _Sets | UnsetType = UNSET
    reliability: list[_Bin] | UnsetType = UNSET


class _Within(_Auc):
    within: str
    labels: list[str]
    n: list[Count]


class _Unseen(msgspec.Struct):
    """Of a source that a model was trained without; figures only where there are."""

    n: Count
    reason: str = ""
    accuracy: Number | None = None
    accuracy_ci: Pair | None = None
    within_source: list[_Within] = []


class _Curve(_Rates):
    roc: list[Pair]
    pr: list[Pair]
    average_precision: Number | None
    average_precision_ci: Pair | None


class _Reliability(msgspec.Struct):
    before: list[_Bin]
    after: list[_Bin]


class _Mistake(msgspec.Struct):
    file: str
    label: str
    called: str
    probability: Number
    source: str
    sha256: str | UnsetType = UNSET


class _Inside(_Rates):
    n: Count
    share: Number | None
    share_ci: Pair | None
    area: Number


class _Lungs(msgspec.Struct):
    """As `core.evaluation.lung_probes.probe_lungs` makes it where it found lungs."""

    n: Count
    accuracy: Number
    chance: Number
    lungs: _Accuracy
    all_but_lungs: _Accuracy
    frame: _Accuracy
    inside: dict[str, _Inside]


class _Evaluation(msgspec.Struct):
    n: Count
    accuracy: Number
    accuracy_ci: Pair
    macro_f1: Number
    macro_f1_ci: Pair
    per_class: dict[str, _Label]
    confusion_matrix: list[list[Count]]
    ece: Number
    ece_uncalibrated: Number
    by_source: dict[str, _Source]
    within_source: list[_Within]
    unreadable: Count | UnsetType = UNSET
    curves: dict[str, _Curve] | UnsetType = UNSET
    reliability: _Reliability | UnsetType = UNSET
    mistakes: list[_Mistake] | UnsetType = UNSET
    sets: _Sets | UnsetType = UNSET
    sensitivity_points: list[_SensitivityPoint] | UnsetType = UNSET
    lungs: _Lungs | UnsetType = UNSET
    unseen_sources: dict[str, _Unseen] | UnsetType = UNSET
    unseen_by: str | UnsetType = UNSET

    def is_of(self, labels: Sequence[str]) -> bool:
        """Whether it is of a model with these labels, in their order."""
        known, matrix = set(labels), self.confusion_matrix
        parts = [self.per_class, *(each.per_class for each in self.by_source.values())]
        return (
            all(list(part) == list(labels) for part in parts)
            and len(matrix) == len(labels)
            and all(len(row) == len(labels) for row in matrix)
            and all(set(each.labels) <= known for each in self.within_source)
            and set(self.curves or ()) <= known
            and all(set(each.by_label) == known for each in self._sets())
            and all(each.label in known for each in self.sensitivity_points or ())
            and all({each.label, each.called} <= known for each in self.mistakes or ())
            and (not self.lungs or set(self.lungs.inside) <= known)
            and all(
                set(each.labels) <= known
                for source in (self.unseen_sources or {}).values()
                for each in source.within_source
            )
        )

    def _sets(self) -> list[_Sets]:
        every = [self.sets, *(part.sets for part in self.by_source.values())]
        return [each for each in every if isinstance(each, _Sets)]


class _Name(msgspec.Struct):
    name: str
    display_name: str


class _Point(msgspec.Struct):
    label: str
    threshold: Number
    precision: Number
    sensitivity: Number
    criterion: str
    chosen_on: str


class _Model(msgspec.Struct):
    name: str
    labels: list[_Name]
    operating_points: list[_Point]
    intended_use: str
    limits: str


class _Data(msgspec.Struct):
    left_out: dict[str, Count] | UnsetType = UNSET
    unreadable: Count | UnsetType = UNSET


class _Hashes(msgspec.Struct):
    model: str
    split: str
    files: dict[str, Any]


class _Report(msgspec.Struct):
    model: _Model
    split: str
    data: str
    result: _Evaluation
    validation: dict[str, Any]
    history: list[EpochEnded]
    config: dict[str, Any]
    films: _Data
    hashes: _Hashes
    versions: dict[str, Any]
    command: str
    notes: list[str]
    provenance: dict[str, Any] | UnsetType = UNSET


def is_evaluation(result: Any, labels: Sequence[str]) -> bool:
    """Whether it is an evaluation of a model with these labels, in their order."""
    try:
        return convert(result, _Evaluation).is_of(labels)
    except RecordError:
        return False


def is_report(report: Any, labels: Sequence[str]) -> bool:
    """Whether it is a report, as `core.reports.report_json` has it, on such a model."""
    try:
        read = convert(report, _Report)
    except RecordError:
        return False
    return (
        [each.name for each in read.model.labels] == list(labels)
        and read.result.is_of(labels)
        and (not read.validation or is_evaluation(read.validation, labels))
    )
