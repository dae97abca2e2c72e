"""From the interpreter's start to the first verdict on the command line."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from tests.benchmarks.child import Run, python, run_once
from tests.benchmarks.figures import Row, Target, plain_row, ratio_row
from tests.benchmarks.machine import film_in_words

AT_MOST = Target("at most 0.8 s", 0.8)
FASTER = Target("at least 8 times faster", 8.0, at_least=True)
#: Largest difference of a probability between the two sides.
SAME = 1e-3


@dataclasses.dataclass(frozen=True)
class FirstVerdict:
    """Fresh processes on one film, ours and TensorFlow's in turns."""

    film: str
    ours: list[Run]
    other: list[Run]

    @property
    def difference(self) -> float:
        """Largest difference of a probability between the two sides."""
        mine, theirs = (runs[0].answer["probabilities"] for runs in self._sides)
        return max(abs(mine[label] - theirs[label]) for label in mine)

    @property
    def is_same_verdict(self) -> bool:
        """Whether both sides say the same; without it no time means anything."""
        mine, theirs = (runs[0].answer["finding"] for runs in self._sides)
        return mine == theirs and self.difference < SAME

    @property
    def _sides(self) -> tuple[list[Run], list[Run]]:
        return self.ours, self.other


def measure(film: Path, bundle: Path, keras_file: Path, repeats: int) -> FirstVerdict:
    """Start both sides in turns; the first pair only fills the disk cache."""
    mine = python("core", "predict", film, "--json", "--model", bundle)
    theirs = python("tests.benchmarks.keras_side", "once", film, bundle, keras_file)
    ours, other = [], []
    for _ in range(repeats + 1):
        ours.append(run_once(mine))
        other.append(run_once(theirs))
    return FirstVerdict(film_in_words(film), ours[1:], other[1:])


def rows(result: FirstVerdict) -> list[Row]:
    """What is said of one film."""
    what = f"first verdict on the command line, {result.film}"
    ours = [run.wall_s for run in result.ours]
    other = [run.wall_s for run in result.other]
    against = ratio_row(f"{what}, against TensorFlow", ours, other, "s", FASTER)
    if not result.is_same_verdict:
        against = dataclasses.replace(
            against, ratio="the verdicts differ", reached=False
        )
    cpu = ratio_row(
        f"{what}: processor time",
        [run.cpu_s for run in result.ours],
        [run.cpu_s for run in result.other],
        "s",
    )
    return [plain_row(what, ours, "s", AT_MOST), against, cpu]


def agreement(result: FirstVerdict) -> str:
    """One line on whether both sides said the same."""
    found = result.ours[0].answer["finding"] or "uncertain"
    same = "the same verdict" if result.is_same_verdict else "DIFFERENT VERDICTS"
    return (
        f"  both sides, {result.film}: {same} ({found}), largest difference of a "
        f"probability {result.difference:.1e}"
    )


def to_json(result: FirstVerdict) -> dict[str, Any]:
    """Every measured value."""
    return {
        "film": result.film,
        "same_verdict": result.is_same_verdict,
        "largest_difference": result.difference,
        "ours_s": [run.wall_s for run in result.ours],
        "tensorflow_s": [run.wall_s for run in result.other],
        "ours_cpu_s": [run.cpu_s for run in result.ours],
        "tensorflow_cpu_s": [run.cpu_s for run in result.other],
    }
