"""A bundle -> the same bundle with a graph in integers beside the one in float32."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample, index_dataset
from core.errors import CoreError, DatasetError
from core.films.preprocess import to_network_input
from core.model.bundle import INT8_GRAPH, INT8_WEIGHTS, ModelBundle, extend_bundle
from core.model.classifier import Prediction, Verdict, checked, decide, open_graph
from core.model.gate import read_gate
from core.model.graph import Graph
from core.model.precision import graph_path
from core.model.save_graph import save_int8_graph
from core.model.seen_films import untested

FILMS = 300
#: Films that both graphs read afterwards, none of them used to calibrate.
_CHECKED = 200
_MIN_FILMS = 20
#: Share of verdicts that may differ; with more the graph is of no use.
_MOST_DIFFERING = 0.05
_SEED = 0
#: Splits that a graph may be fitted to; what is left tells what it is worth.
_TO_FIT = ("train", "val")


def calibrate(
    bundle: ModelBundle,
    data: Path,
    out: Path,
    *,
    films: int = FILMS,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> ModelBundle:
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

    Returns:
        The new bundle, whose card says what it is worth.

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
        largest, differing = _compare(bundle, exact, graph, others)
        if differing > _MOST_DIFFERING * len(others):
            raise CoreError(
                f"The model loses too much in int8: {differing} of {len(others)} "
                "verdicts differ.",
                hint="Give more films, of the kind that will be read, or use bfloat16.",
            )
        record = {
            "films": len(fitted),
            "checked": len(others),
            "largest_difference": round(largest, 4),
            "verdicts_that_differ": differing,
            "seed": _SEED,
            "tool": tool,
        }
        files = {INT8_GRAPH: graph, INT8_WEIGHTS: graph.with_suffix(".bin")}
        return extend_bundle(bundle, out, "int8", record, files)


def int8_in_words(record: Mapping[str, Any]) -> str:
    """What `calibrate` noted on a card, as a sentence."""
    return (
        f"Calibrated on {record['films']:,} films; on {record['checked']:,} others the "
        "largest difference of a probability from float32 is "
        f"{record['largest_difference']:.3f}, and "
        f"{record['verdicts_that_differ']:,} verdicts differ."
    )


def _candidates(bundle: ModelBundle, data: Path) -> list[Sample]:
    """Films that may be used, shuffled, the labels in turns."""
    labels = bundle.card.label_names
    samples = index_dataset(data, labels, require_all=False).samples
    if any(sample.split for sample in samples):
        samples = tuple(sample for sample in samples if sample.split in _TO_FIT)
    rng = np.random.default_rng(_SEED)
    by_label = []
    for label in labels:
        of_label = [sample for sample in samples if sample.label == label]
        by_label.append([of_label[row] for row in rng.permutation(len(of_label))])
    turns = itertools.zip_longest(*by_label)
    return [sample for turn in turns for sample in turn if sample is not None]


def _read(
    bundle: ModelBundle,
    samples: Sequence[Sample],
    most: int,
    on_film: Callable[[int, int], None],
) -> list[NDArray[np.float32]]:
    """The first films that can be read and that the model was not tested on."""
    films: list[NDArray[np.float32]] = []
    for _, film in itertools.islice(untested(bundle, samples), most):
        films.append(to_network_input(film, bundle.card.preprocess))
        on_film(len(films), min(most, len(samples)))
    return films


def _compare(
    bundle: ModelBundle,
    exact: Graph,
    int8: Path,
    films: Sequence[NDArray[np.float32]],
) -> tuple[float, int]:
    """Largest difference of a probability, and films whose verdict differs."""
    card = bundle.card
    size, labels = card.preprocess.size, len(card.labels)
    fast = Graph(int8, size=size, labels=labels, precision="int8")
    largest, differing = 0.0, 0
    both = (_verdicts(bundle, graph, films) for graph in (exact, fast))
    for one, other in zip(*both, strict=True):
        differing += (one.finding, one.refused) != (other.finding, other.refused)
        shares, others = one.probabilities, other.probabilities
        # A film that is refused has none.
        gaps = (abs(shares[name] - others[name]) for name in shares if others)
        largest = max(largest, *gaps, 0.0)
    return largest, differing


def _verdicts(
    bundle: ModelBundle, graph: Graph, films: Sequence[NDArray[np.float32]]
) -> Iterator[Verdict]:
    gate = read_gate(bundle, graph.embedding)
    for film in films:
        logits, evidence, embedding = (output[0] for output in graph.run(film))
        prediction = Prediction(logits, evidence, embedding)
        yield decide(checked(gate, film[0, :, :, 0], prediction), bundle.card)
