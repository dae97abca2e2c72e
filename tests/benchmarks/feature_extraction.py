"""A head trained on features computed once, against Keras's `fit` on the frozen base.

Both sides start from the same films in memory and the same network with its weights
loaded, in a fresh process with Keras imported, and end with a head trained for the
same epochs and its accuracy on the validation films. This program's side contains the
loading, or the export, of the backbone's graph, Keras's the compiling of its step.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.model.bundle import WEIGHTS, ModelBundle
from tests.benchmarks.child import python, run_once
from tests.benchmarks.figures import Row, Target, ratio_row
from tests.benchmarks.training_side import EPOCHS

FASTER = Target("at least 6 times faster", 6.0, at_least=True)
SAME = Target("within 0.01", 0.01)
#: Share of one film in a hundred is not exact in binary.
_ROUNDING = 1e-6


@dataclasses.dataclass
class HeadTraining:
    """What each side said of itself, one entry a turn.

    Attributes:
        films: "500 + 100 real films".
        ours: From the weights of the model that comes with the program, whose
            graph is there already.
        exported: From a file of the same weights, of which a graph must be made.
        other: Keras's `fit`, without XLA.
        other_xla: With XLA; in the first turn, and later only if it was faster.
    """

    films: str
    ours: list[dict[str, float]] = dataclasses.field(default_factory=list)
    exported: list[dict[str, float]] = dataclasses.field(default_factory=list)
    other: list[dict[str, float]] = dataclasses.field(default_factory=list)
    other_xla: list[dict[str, float]] = dataclasses.field(default_factory=list)

    @property
    def xla_is_faster(self) -> bool:
        """Whether Keras's side is the faster with XLA, by the first turn."""
        return self.other_xla[0]["wall_s"] < self.other[0]["wall_s"]

    @property
    def best_other(self) -> list[dict[str, float]]:
        """Keras's side at its best."""
        return self.other_xla if self.xla_is_faster else self.other


def measure(
    bundle: ModelBundle,
    stored: Path,
    films: str,
    turns: int,
    *,
    on_turn: Callable[[int], None],
) -> HeadTraining:
    """Train heads in turns, each in a fresh process.

    Args:
        bundle: With the weights for the file that is started from.
        stored: Of `tests.benchmarks.training_films.store_films`.
        films: What these are, in words.
        on_turn: Called with the number of the turn that begins, from 1.
    """
    result = HeadTraining(films)

    def run(*words: str | Path) -> dict[str, float]:
        return run_once(python("tests.benchmarks.training_side", *words)).answer

    for turn in range(turns):
        on_turn(turn + 1)
        seed = str(turn)
        # Ours between Keras's: what slows the machine for a while hits both.
        if turn == 0 or not result.xla_is_faster:
            result.other.append(run("keras", stored, "off", seed))
        result.ours.append(run("hilum", stored, "default", seed))
        result.exported.append(run("hilum", stored, bundle.path / WEIGHTS, seed))
        if turn == 0 or result.xla_is_faster:
            result.other_xla.append(run("keras", stored, "on", seed))
    return result


def rows(result: HeadTraining) -> list[Row]:
    """What is said of it."""
    how = "with XLA" if result.xla_is_faster else "without XLA"
    what = f"head of {EPOCHS} epochs, {result.films}"
    against = f"against keras.Model.fit {how}"
    ours, exported, other = (
        [turn["wall_s"] for turn in side]
        for side in (result.ours, result.exported, result.best_other)
    )
    ours_cpu = [turn["cpu_s"] for turn in result.ours]
    other_cpu = [turn["cpu_s"] for turn in result.best_other]
    return [
        ratio_row(f"{what}, {against}", ours, other, "s", FASTER),
        ratio_row(f"{what}, {against}: processor time", ours_cpu, other_cpu, "s"),
        ratio_row(
            f"{what}, from a weights file, {against}", exported, other, "s", FASTER
        ),
        _accuracy(result),
    ]


def where_time_goes(result: HeadTraining) -> str:
    """Medians of the parts of this program's side, and what XLA did for the other."""
    sides = {"bundle's graph": result.ours, "weights file": result.exported}
    lines = []
    for name, turns in sides.items():
        graph, films, head = (statistics.median(part) for part in _parts(turns))
        lines.append(
            f"  from the {name}: graph {graph:.1f} s, films {films:.1f} s, "
            f"head {head:.1f} s"
        )
    off, on = result.other[0]["wall_s"], result.other_xla[0]["wall_s"]
    lines.append(f"  Keras in the first turn: {off:.1f} s, with XLA {on:.1f} s")
    return "\n".join(lines)


def to_json(result: HeadTraining) -> dict[str, Any]:
    """Every measured value, seconds."""
    return dataclasses.asdict(result)


def _parts(turns: list[dict[str, float]]) -> tuple[list[float], ...]:
    """Until the first film is through, the other films, and the head; seconds."""
    graph = [turn["until_first_film_s"] for turn in turns]
    until = [turn["until_features_s"] for turn in turns]
    films = [end - begin for end, begin in zip(until, graph, strict=True)]
    head = [turn["wall_s"] - end for turn, end in zip(turns, until, strict=True)]
    return graph, films, head


def _accuracy(result: HeadTraining) -> Row:
    """Means over the turns, whose seeds differ: the films are few."""
    mine, theirs = (
        statistics.fmean(turn["val_accuracy"] for turn in side)
        for side in (result.ours + result.exported, result.best_other)
    )
    gap = abs(mine - theirs)
    return Row(
        f"head of {EPOCHS} epochs, {result.films}: validation accuracy",
        f"{mine:.3f}",
        f"{theirs:.3f}",
        f"{gap:.3f} apart",
        SAME.text,
        SAME.is_reached(gap - _ROUNDING),
    )
