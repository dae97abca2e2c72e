"""What the trainings of an arm said of the test films, and the figures of that."""

from __future__ import annotations

import csv
import dataclasses
import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.errors import DatasetError
from core.evaluation.intervals import mean_of_known
from core.evaluation.metrics import Ranking, confusion, rates_of
from core.experiments.experiment import OTHER, Arm
from core.experiments.films import parts_of, read_split
from core.experiments.record import ExperimentFolder, Repeat
from core.model.bundle import EVALUATION
from core.runs.run import Run

#: Films of each of two labels, within a source, below which an area is noise.
_LEAST: Final = 5

Figures = dict[tuple[str, str], float]


@dataclasses.dataclass(frozen=True, eq=False)
class Said:
    """What an arm said of the test films of a repeat.

    Attributes:
        tests: The films, in the order of `truth` (n,) and `p` (n, c); NaN where no
            training of the arm may be asked.
    """

    tests: tuple[Sample, ...]
    truth: NDArray[np.intp]
    p: NDArray[np.float64]
    runs: tuple[Run, ...]

    def at(self, known: NDArray[np.bool_]) -> Said:
        """The same of some of the films."""
        tests = tuple(itertools.compress(self.tests, known))
        return Said(tests, self.truth[known], self.p[known], self.runs)


def read_said(
    folder: ExperimentFolder, arm: Arm, repeat: Repeat, judged: tuple[str, ...]
) -> Said:
    dataset, split = read_split(repeat.split)
    tests = split.test
    truth = np.array([_place(s.label, judged) for s in tests], np.intp)
    p = np.full((len(tests), len(judged)), np.nan)
    runs = []
    for part, without in parts_of(arm, dataset, split):
        run = folder.run(arm.name, repeat, part)
        mine = np.array([not without or s.source == without for s in tests])
        p[mine] = _read_rows(run, len(tests), judged)[mine]
        runs.append(run)
    return Said(tests, truth, p, tuple(runs))


def _place(label: str, judged: tuple[str, ...]) -> int:
    return judged.index(label if label in judged else OTHER)


def _read_rows(run: Run, films: int, judged: tuple[str, ...]) -> NDArray[np.float64]:
    """(n, c) probabilities of the test films, in their order, by what is judged."""
    with open(run.bundle_dir / EVALUATION, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) != films:
        raise DatasetError(
            f"{run.record.name} was measured on {len(rows)} of {films} test films.",
            hint="Films were changed or removed meanwhile; put them back, and begin "
            "the experiment again.",
        )
    p = np.zeros((films, len(judged)))
    for column in (name for name in rows[0] if name.startswith("p_")):
        given = [float(row[column]) for row in rows]
        p[:, _place(column.removeprefix("p_"), judged)] += given
    return p


def figures_of(said: Said, judged: tuple[str, ...]) -> Figures:
    """Every figure of one seed, by name and what it is of; NaN where none can be."""
    truth, p, classes = said.truth, said.p, len(judged)
    rates = rates_of(confusion(truth, p.argmax(axis=1), classes))
    areas = [Ranking.of(truth == i, p[:, i]).area() for i in range(classes)]
    found: Figures = {
        ("accuracy", ""): float(rates["accuracy"]),
        ("macro_f1", ""): float(rates["macro_f1"]),
        ("mean_auc", ""): mean_of_known(areas),
    }
    for i, label in enumerate(judged):
        found["recall", label] = float(rates["recall"][i])
        found["specificity", label] = float(rates["specificity"][i])
        found["auc", label] = areas[i]
    sources = np.array([sample.source for sample in said.tests])
    right = p.argmax(axis=1) == truth
    for source in sorted(set(sources) - {""}):
        here = sources == source
        found["accuracy in", str(source)] = float(right[here].mean())
        for a, b in itertools.combinations(range(classes), 2):
            rows = here & np.isin(truth, [a, b])
            positive = truth[rows] == b
            if min(positive.sum(), (~positive).sum()) < _LEAST:
                continue
            margin = p[rows, b] / (p[rows, a] + p[rows, b] + 1e-12)
            of = f"{source}: {judged[a]} against {judged[b]}"
            found["auc within", of] = Ranking.of(positive, margin).area()
    return found
