"""A bundle -> the same bundle with a graph in integers beside the one in float32."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample, index_dataset
from core.errors import CoreError, DatasetError, ImageReadError
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.model.bundle import (
    INT8_GRAPH,
    INT8_WEIGHTS,
    ModelBundle,
    ModelCard,
    write_bundle,
)
from core.model.classifier import Prediction, decide, open_graph
from core.model.graph import Graph
from core.model.precision import graph_path
from core.model.save_graph import save_int8_graph
from core.model.seen_films import film_sha256, read_film_list

FILMS = 300
#: Films that both graphs read afterwards, none of them used to calibrate.
_CHECKED = 200
_MIN_FILMS = 20
#: Share of verdicts that may differ; with more the graph is of no use.
_MOST_DIFFERING = 0.05
_SEED = 0
#: Splits that a graph may be fitted to; what is left tells what it is worth.
_TO_FIT = ("train", "val")


@dataclasses.dataclass(frozen=True)
class Calibrated:
    """What came of it.

    Attributes:
        bundle: The new one.
        films: That the graph was calibrated on.
        checked: Others, that both graphs have read.
        largest: Difference of a probability on those.
        differing: Of those, the ones with another finding.
    """

    bundle: ModelBundle
    films: int
    checked: int
    largest: float
    differing: int

    def in_words(self) -> str:
        """As a sentence."""
        return (
            f"Calibrated on {self.films:,} films; on {self.checked:,} others the "
            f"largest difference of a probability from float32 is {self.largest:.3f}, "
            f"and {self.differing:,} verdicts differ."
        )


def calibrate(
    bundle: ModelBundle,
    data: Path,
    out: Path,
    *,
    films: int = FILMS,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> Calibrated:
    """Make a bundle that can be read with in int8 too.

    Test films are never used: those of a split other than train and val where
    the data names splits, and those that the model's own list of films names as
    test, are left out.

    Args:
        data: A folder with a subfolder per label, or a manifest.
        out: Folder to make.
        films: To calibrate on, at most.
        on_film: Called with the number of films read and all of them; may
            raise to stop.

    Raises:
        CoreError: NNCF is not installed, or the graph is of no use.
        DatasetError: There are too few films.
    """
    exact = open_graph(bundle)
    candidates = _candidates(bundle, data)
    read = _read(bundle, candidates, films + _CHECKED, on_film)
    if len(read) < 2 * _MIN_FILMS:
        raise DatasetError(
            f"{data.name} has only {len(read)} films to calibrate with.",
            hint=f"Give at least {2 * _MIN_FILMS} films of the kind that will be read, "
            "in splits called train or val where there are splits.",
        )
    # What is checked must not have been calibrated on; both need some.
    used = min(films, max(_MIN_FILMS, len(read) - min(_CHECKED, len(read) // 2)))
    fitted, others = read[:used], read[used : used + _CHECKED]
    with tempfile.TemporaryDirectory(prefix="hilum-int8-") as folder:
        graph = Path(folder) / INT8_GRAPH
        tool = save_int8_graph(graph_path(bundle, "float32"), graph, fitted)
        largest, differing = _compare(bundle.card, exact, graph, others)
        if differing > _MOST_DIFFERING * len(others):
            raise CoreError(
                f"The model loses too much in int8: {differing} of {len(others)} "
                "verdicts differ.",
                hint="Give more films, of the kind that will be read, or use bfloat16.",
            )
        told = {
            "films": len(fitted),
            "checked": len(others),
            "largest_difference": round(largest, 4),
            "verdicts_that_differ": differing,
            "seed": _SEED,
            "tool": tool,
        }
        card = bundle.card
        card = msgspec.structs.replace(card, training={**card.training, "int8": told})
        parts = {name: bundle.path / name for name in card.files}
        parts |= {INT8_GRAPH: graph, INT8_WEIGHTS: graph.with_suffix(".bin")}
        new = write_bundle(out, card, parts)
    return Calibrated(new, len(fitted), len(others), largest, differing)


def _candidates(bundle: ModelBundle, data: Path) -> list[Sample]:
    """Films that may be used, shuffled, the labels in turns."""
    dataset = index_dataset(data, bundle.card.label_names, require_all=False)
    samples = list(dataset.samples)
    if any(sample.split for sample in samples):
        samples = [sample for sample in samples if sample.split in _TO_FIT]
    rng = np.random.default_rng(_SEED)
    turns: list[tuple[float, Sample]] = []
    for label in bundle.card.label_names:
        of_label = [sample for sample in samples if sample.label == label]
        order = rng.permutation(len(of_label)).tolist()
        turns += [(place, of_label[row]) for place, row in enumerate(order)]
    turns.sort(key=lambda turn: turn[0])
    return [sample for _, sample in turns]


def _read(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    most: int,
    on_film: Callable[[int, int], None],
) -> list[NDArray[np.float32]]:
    """The first films that can be read and that the model was not tested on."""
    known = read_film_list(bundle) or {}
    total = min(most, len(samples))
    films: list[NDArray[np.float32]] = []
    for sample in samples:
        if len(films) == most:
            break
        if known and known.get(film_sha256(sample.path)) == "test":
            continue
        try:
            film = read_radiograph(sample.path)
        except ImageReadError:
            continue
        films.append(to_network_input(film, bundle.card.preprocess))
        on_film(len(films), total)
    return films


def _compare(
    card: ModelCard, exact: Graph, int8: Path, films: Sequence[NDArray[np.float32]]
) -> tuple[float, int]:
    """Largest difference of a probability, and films whose finding differs."""
    size, labels = card.preprocess.size, len(card.labels)
    fast = Graph(int8, size=size, labels=labels, precision="int8")
    found = [
        [_finding(graph.run(film), card) for film in films] for graph in (exact, fast)
    ]
    largest, differing = 0.0, 0
    for (one, shares), (other, others) in zip(*found, strict=True):
        differing += one != other
        largest = max(largest, *(abs(shares[n] - others[n]) for n in shares))
    return largest, differing


def _finding(
    outputs: Sequence[NDArray[np.float32]], card: ModelCard
) -> tuple[str | None, dict[str, float]]:
    logits, evidence, embedding = (output[0] for output in outputs)
    verdict = decide(Prediction(logits, evidence, embedding), card)
    return verdict.finding, dict(verdict.probabilities)
