"""One verdict of a loaded model, and what the heat map adds to the bare graph."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.films.preprocess import to_network_input
from core.films.radiograph import Radiograph, radiograph_from_array, read_radiograph
from core.model.bundle import ModelBundle
from core.model.classifier import (
    Classifier,
    Prediction,
    decide,
    evidence_of,
    probabilities,
)
from core.model.gradcam import heatmap_from_evidence
from tests.benchmarks.child import Server, python
from tests.benchmarks.figures import Row, Target, ratio_row

FASTER = Target("at least 5 times faster", 5.0, at_least=True)
NEAR = Target("at most 1.15 times the bare graph", 1.15)
SIDE = 1024

#: Between two turns, so that the worker threads of the one before are asleep.
_PAUSE_S = 0.05
_WARM_UP = 3


@dataclasses.dataclass
class OneVerdict:
    """Times of single verdicts in seconds, the two sides in turns.

    Attributes:
        ours: Preprocessing, graph and verdict.
        predict: `keras.Model.predict` of the preprocessed film.
        on_batch: `keras.Model.predict_on_batch` of it, which does less.
        idle: Processors kept busy by the side whose turn it was not.
        difference: Largest difference of a probability between the two.
    """

    ours: list[float] = dataclasses.field(default_factory=list)
    predict: list[float] = dataclasses.field(default_factory=list)
    on_batch: list[float] = dataclasses.field(default_factory=list)
    idle: dict[str, float] = dataclasses.field(default_factory=dict)
    difference: float = 0.0


@dataclasses.dataclass
class WithHeatmap:
    """Times in seconds, in turns: with verdict and heat map, and the bare graph."""

    whole: list[float] = dataclasses.field(default_factory=list)
    bare: list[float] = dataclasses.field(default_factory=list)


def film_of_side(path: Path, side: int = SIDE) -> Radiograph:
    """A decoded film of side x side pixels."""
    pixels = read_radiograph(path).to_uint8()
    square = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR)
    return radiograph_from_array(square.astype(np.uint8))


def measure(
    bundle: ModelBundle, film: Radiograph, keras_file: Path, repeats: int
) -> OneVerdict:
    """Time both sides in turns, never at the same time."""
    classifier = Classifier(bundle)
    batch = to_network_input(film, bundle.card.preprocess)
    input_path = keras_file.with_name("input.npy")
    np.save(input_path, batch)
    result = OneVerdict()
    command = python("tests.benchmarks.keras_side", "serve", keras_file, input_path)
    with Server(command) as keras_side:
        for _ in range(_WARM_UP):
            classifier.predict(film)
            keras_side.ask("predict")
            answer = keras_side.ask("predict_on_batch")
        theirs = probabilities(np.array(answer["logits"]), bundle.card.temperature)
        verdict = decide(classifier.predict(film), bundle.card, film)
        mine = np.array(list(verdict.probabilities.values()))
        result.difference = float(np.abs(mine - theirs).max())
        waits: list[tuple[float, float]] = []
        spins: list[tuple[float, float]] = []
        for _ in range(repeats):
            time.sleep(_PAUSE_S)
            result.ours.append(_time(lambda: _verdict(classifier, film)))
            time.sleep(_PAUSE_S)
            wall, cpu = time.perf_counter(), time.process_time()
            answer = keras_side.ask("predict")
            spins.append((time.process_time() - cpu, time.perf_counter() - wall))
            waits.append((answer["idle_cpu_s"], answer["idle_wall_s"]))
            result.predict.append(answer["seconds"])
            time.sleep(_PAUSE_S)
            result.on_batch.append(keras_side.ask("predict_on_batch")["seconds"])
    result.idle = {"Hilum": _share(spins), "TensorFlow": _share(waits)}
    return result


def measure_heatmap(bundle: ModelBundle, film: Radiograph, repeats: int) -> WithHeatmap:
    """Time the whole answer and the graph alone in turns."""
    classifier = Classifier(bundle)
    batch = to_network_input(film, bundle.card.preprocess)
    size = (film.facts.height, film.facts.width)
    # The same compiled graph, so that the processor's cache favours neither.
    bare = classifier._graph.run

    def whole() -> None:
        prediction = _prediction(classifier, film)
        verdict = decide(prediction, bundle.card, film)
        shown = verdict.finding or bundle.card.label_names[prediction.logits.argmax()]
        heatmap_from_evidence(evidence_of(prediction, bundle.card, shown), size)

    for _ in range(_WARM_UP):
        whole()
        bare(batch)
    result = WithHeatmap()
    for _ in range(repeats):
        result.bare.append(_time(lambda: bare(batch)))
        result.whole.append(_time(whole))
    return result


def rows(verdict: OneVerdict, heatmap: WithHeatmap) -> list[Row]:
    """What is said of both."""
    what = "one verdict, float32, decoded film"
    ours, predict, on_batch, whole, bare = (
        [1000 * value for value in values]
        for values in (
            verdict.ours,
            verdict.predict,
            verdict.on_batch,
            heatmap.whole,
            heatmap.bare,
        )
    )
    return [
        ratio_row(f"{what}, against keras.Model.predict", ours, predict, "ms", FASTER),
        ratio_row(f"{what}, against predict_on_batch", ours, on_batch, "ms"),
        ratio_row(
            f"verdict and {SIDE} x {SIDE} heat map, against the bare graph",
            whole,
            bare,
            "ms",
            NEAR,
        ),
    ]


def agreement(verdict: OneVerdict) -> str:
    """Whether both sides say the same, and whether each left the other alone."""
    idle = ", ".join(f"{name} {share:.0%}" for name, share in verdict.idle.items())
    return (
        f"  both sides: largest difference of a probability {verdict.difference:.1e}; "
        f"of one processor, while the other was measured: {idle}"
    )


def to_json(verdict: OneVerdict, heatmap: WithHeatmap) -> dict[str, Any]:
    """Every measured value, seconds."""
    return {**dataclasses.asdict(verdict), **dataclasses.asdict(heatmap)}


def _verdict(classifier: Classifier, film: Radiograph) -> None:
    decide(_prediction(classifier, film), classifier.bundle.card, film)


def _prediction(classifier: Classifier, film: Radiograph) -> Prediction:
    """Without its lungs, which the other side does not look for either."""
    batch = to_network_input(film, classifier.bundle.card.preprocess)
    return classifier.predict_batch(batch)[0]


def _time(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _share(pairs: list[tuple[float, float]]) -> float:
    """Processor time over time."""
    return sum(cpu for cpu, _ in pairs) / sum(wall for _, wall in pairs)
