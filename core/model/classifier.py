"""One pass of the exported graph, and what it says."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError, PredictionError
from core.films.film_warning import is_grave
from core.films.preprocess import to_network_input
from core.films.radiograph import Radiograph
from core.model.bundle import INT8_GRAPH, ModelBundle, ModelCard, damaged
from core.model.card import HEALTHY
from core.model.gate import FilmCheck, Gate, read_gate
from core.model.gradcam import relative
from core.model.graph import Graph, load_openvino, probe_input
from core.model.layer_maps.layers import LayerMap
from core.model.lungs import HALF, HEAT_OUTSIDE, Lungs, lung_finder, lung_warnings
from core.model.precision import REFERENCE, graph_path
from core.paths import is_sample

DRAWN = "This film is drawn: the verdict shows how Hilum works and means nothing."
NOT_FINITE = "The model gives values for this film that are not numbers."
_ANOTHER_MODEL = "Read it with another model; this one may be damaged."
#: Largest difference of a probability of the probe from the card's.
PROBE_TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True, eq=False)
class Prediction:
    """What the network gave for one film.

    Attributes:
        logits: (c,) float32, in the card's order.
        evidence: (h, w, c) float32. Where in the film each logit comes from.
        embedding: (k,) float32. The pooled features.
        check: What the bundle's gate says of the film; nothing without one.
        lungs: Where the film's lungs are; None where nobody looked for them.
    """

    logits: NDArray[np.float32]
    evidence: NDArray[np.float32]
    embedding: NDArray[np.float32]
    check: FilmCheck = FilmCheck()
    lungs: Lungs | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every number of it is one."""
        outputs = (self.logits, self.evidence, self.embedding)
        return all(bool(np.isfinite(output).all()) for output in outputs)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What is said of one film.

    Attributes:
        finding: A label of the card; None when no operating point is met, or a
            warning forbids to state any.
        probabilities: Label -> calibrated probability, in the card's order; empty
            where the film was refused.
        warnings: Sentences on why to doubt it; a `FilmWarning` knows what mends it.
        refused: Why there is no verdict on the film; None if there is one.
        heat_in_lungs: Share of the evidence for the finding, or for the likeliest
            label where none is stated, that lies in the lungs, 0 to 1. None where
            no lungs were found, or nothing in the film argues for it.
    """

    finding: str | None
    probabilities: Mapping[str, float]
    warnings: tuple[str, ...] = ()
    refused: str | None = None
    heat_in_lungs: float | None = None

    @property
    def is_doubtful(self) -> bool:
        """Whether a warning forbids any confident word."""
        return any(is_grave(warning) for warning in self.warnings)


class Classifier:
    """A model that is loaded and ready. One thread at a time may use it.

    Args:
        bundle: A verified bundle, which is read in float32, so that two machines
            agree.

    Raises:
        BundleError: As `open_graph`.
    """

    def __init__(self, bundle: ModelBundle) -> None:
        self.bundle = bundle
        load_openvino()  # here, and not in both threads at once
        with ThreadPoolExecutor(2) as beside:  # a first verdict waits for all of it
            opening = beside.submit(lung_finder, bundle)
            beside.submit(importlib.import_module, "cv2")
            self._graph = open_graph(bundle)
        self._lungs = opening.result()
        self._gate = read_gate(bundle, self._graph.embedding, self._lungs)
        self._layer_map: LayerMap | None = None

    def predict(self, film: Radiograph) -> Prediction:
        """Read one film, and find its lungs where the gate finds no fault with it."""
        pixels = to_network_input(film, self.bundle.card.preprocess)
        found = self.predict_batch(pixels)[0]
        if self._lungs is None or film.refused or found.check != FilmCheck():
            return found
        return checked(self._gate, pixels[0, :, :, 0], found, self._lungs.find(film))

    def predict_batch(self, batch: NDArray[np.float32]) -> list[Prediction]:
        """Read several films in one pass; no lungs are looked for.

        Args:
            batch: (n, size, size, 1) float32, as `to_network_input` makes it.

        Returns:
            n predictions in the same order, maybe with numbers that are not finite.
        """
        logits, evidence, embedding = self._graph.run(batch)
        found = map(Prediction, logits, evidence, embedding)
        return [
            checked(self._gate, film[:, :, 0], prediction)
            for film, prediction in zip(batch, found, strict=True)
        ]

    def evidence_at(self, film: Radiograph, layer: str) -> NDArray[np.float32]:
        """Evidence from a layer before the last, computed for this question alone.

        Opening a layer that was not asked for just before takes about a second.

        Args:
            layer: One of `layers_of` the card, but not the last.

        Returns:
            (h, w, c) float32, in the card's order; `relative` to the strongest.

        Raises:
            BundleError: As `LayerMap`.
        """
        if self._layer_map is None or self._layer_map.layer != layer:
            self._layer_map = LayerMap(self.bundle, layer)
        batch = to_network_input(film, self.bundle.card.preprocess)
        return relative(self._layer_map.evidence(batch))


def checked(
    gate: Gate | None,
    pixels: NDArray[np.float32],
    prediction: Prediction,
    lungs: Lungs | None = None,
) -> Prediction:
    """A prediction with its film's lungs and what a gate, if any, says of both.

    Args:
        pixels: (size, size) float32 in [0, 255].
    """
    check = gate.check(pixels, prediction.embedding, lungs) if gate else FilmCheck()
    return dataclasses.replace(prediction, check=check, lungs=lungs)


def open_graph(
    bundle: ModelBundle,
    *,
    precision: str = "float32",
    device: str = "CPU",
    name: str = "",
    has_agreed: bool = False,
    **options: Any,
) -> Graph:
    """Load a model's graph and see that it computes what its card says.

    Hashes tell only that the files are those that the card lists. So the probe
    is run at every load, for the hundredth of a second that it takes. A fast
    precision may differ from the card by more: there the graph in float32 has
    to agree, and the fast one to give finite numbers.

    Args:
        bundle: A verified bundle.
        name: What errors call the model; as its card does if empty.
        has_agreed: Whether the graph in float32 has been opened here already.
        precision, device, options: As `Graph` takes them.

    Raises:
        BundleError: The graph cannot be loaded, is not what the card says or
            does not compute it.
        CoreError: There is no such precision, or no graph for it.
    """
    card, called = bundle.card, name or bundle.card.name
    if precision != REFERENCE and not has_agreed:
        open_graph(bundle, device=device, name=name)
    graph = Graph(
        graph_path(bundle, precision),
        size=card.preprocess.size,
        labels=len(card.labels),
        precision=precision,
        device=device,
        name=called,
        **options,
    )
    try:
        logits, evidence, embedding = graph.run(probe_input(card.preprocess))
    except RuntimeError as error:  # shapes that do not fit show only now
        raise damaged(called, "its graph cannot be run") from error
    # On one core OpenVINO gives nothing where on several it says that they do not.
    if not len(logits) == len(evidence) == len(embedding) == 1:
        raise damaged(called, "its graph cannot be run")
    if not Prediction(logits, evidence, embedding).is_finite:
        raise damaged(called, "it gives values that are not numbers")
    gap = np.abs(probabilities(logits[0], card.temperature) - card.probe).max()
    # Written so that a probe that is not a number is refused too.
    if precision == REFERENCE and not gap < PROBE_TOLERANCE:
        raise BundleError(
            f"The model {called} does not compute what its card says: a probability "
            f"of its probe differs by {gap:.1e}.",
            hint="Copy the model again from where it came. If it stays so, this "
            "computer computes it differently: do not use its verdicts here.",
        )
    return graph


def check_model(bundle: ModelBundle, *, name: str = "") -> None:
    """See that the graphs of a bundle can be used, before it is installed.

    Args:
        name: What errors call the model; as its card does if empty.

    Raises:
        BundleError: As `open_graph`.
    """
    has_int8 = INT8_GRAPH in bundle.card.files
    open_graph(bundle, precision="int8" if has_int8 else "float32", name=name)
    lung_finder(bundle, name=name)


def probabilities(
    logits: NDArray[np.float32], temperature: float
) -> NDArray[np.float64]:
    """Calibrated probabilities: one softmax of the logits over the temperature.

    Args:
        logits: (..., c) float32.
        temperature: Over 0; fitted on validation films.

    Returns:
        (..., c) float64; the last axis sums to 1.

    Source:
        Guo et al., On calibration of modern neural networks, ICML 2017,
        arXiv:1706.04599.
    """
    scaled = np.asarray(logits, np.float64) / temperature
    scaled -= scaled.max(axis=-1, keepdims=True)
    powers = np.exp(scaled)
    result: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return result


def evidence_of(
    prediction: Prediction, card: ModelCard, label: str
) -> NDArray[np.float32]:
    """(h, w) float32 evidence for a label, in units of its calibrated logit."""
    evidence = prediction.evidence[:, :, card.label_names.index(label)]
    found: NDArray[np.float32] = evidence / np.float32(card.temperature)
    return found


def decide(
    prediction: Prediction, card: ModelCard, film: Radiograph | None = None
) -> Verdict:
    """Turn the network's numbers into a verdict.

    The finding is the likeliest label among those whose operating point is
    met; when none is, or a grave warning stands beside it, none is stated. Of a
    film that is refused, by its file or by the bundle's gate, nothing is said but
    why.

    That most of the evidence lies outside the lungs is a warning, but not of a
    normal film: there it is that signs are absent, which has no place, and the
    evidence for it may well come from a clear heart border or a sharp diaphragm.
    Of the lungs of a film that the gate finds turned or inverted nothing is said.

    Args:
        film: The film it was made from; its warnings go into the verdict.

    Raises:
        PredictionError: The prediction holds what is not a number.
    """
    if not prediction.is_finite:
        raise PredictionError(NOT_FINITE, hint=_ANOTHER_MODEL)
    lungs = None if prediction.check.warnings else prediction.lungs
    warnings: tuple[str, ...] = film.warnings if film is not None else ()
    refused = film.refused if film is not None else ""
    if film is not None and is_sample(film.path):
        warnings = (*warnings, DRAWN)  # a gate would only say the same
    else:
        warnings = (*warnings, *prediction.check.warnings)
        refused = refused or prediction.check.refused
        if lungs is not None and not refused:
            warnings = (*warnings, *lung_warnings(lungs))
    if refused:
        return Verdict(None, {}, warnings, refused)
    values = probabilities(prediction.logits, card.temperature)
    by_label = dict(zip(card.label_names, values.tolist(), strict=True))
    is_doubtful = any(map(is_grave, warnings))
    finding = None if is_doubtful else stated(by_label, card)
    named = finding or max(by_label, key=by_label.__getitem__)
    inside = None
    if lungs is not None:
        inside = lungs.share_inside(evidence_of(prediction, card, named))
    if inside is not None and inside < HALF and named != HEALTHY:
        warnings = (*warnings, HEAT_OUTSIDE)
    return Verdict(finding, by_label, warnings, heat_in_lungs=inside)


def stated(by_label: Mapping[str, float], card: ModelCard) -> str | None:
    """The likeliest of the labels whose operating point is met, or None."""
    met = [name for name, p in by_label.items() if p >= card.threshold(name)]
    return max(met, key=by_label.__getitem__) if met else None
