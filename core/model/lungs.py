"""Where the lungs are in a film."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import Radiograph
from core.model.bundle import ModelBundle, peek_bundle
from core.model.graph import PRECISIONS, compile_graph
from core.paths import default_bundle_dir

LUNG_GRAPH = "lungs.xml"
LUNG_WEIGHTS = "lungs.bin"
#: Side of the square that the network sees, pixels.
SIZE = 256
#: Input of the network: the whole film, its aspect not kept.
SPEC = PreprocessSpec(SIZE)
#: A pixel belongs to a lung from this probability on.
THRESHOLD = 0.5
#: A part of less than this share of the largest is no lung.
SPECK = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs of one film.

    Attributes:
        mask: (256, 256) bool, True in a lung; the film stretched to a square.
    """

    mask: NDArray[np.bool_]

    @property
    def area(self) -> float:
        """Share of the film that they cover."""
        return float(self.mask.mean())

    def of_size(self, size: tuple[int, int]) -> NDArray[np.bool_]:
        """The mask in the pixels of the film.

        Args:
            size: (height, width).
        """
        import cv2

        height, width = size
        soft = cv2.resize(
            self.mask.astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_LINEAR,
        )
        return np.asarray(soft >= THRESHOLD)

    def share_inside(self, evidence: NDArray[np.float32]) -> float | None:
        """The share of the evidence for a label that lies in the lungs.

        Args:
            evidence: (h, w) float32 of one label, any range; what argues against
                the label is left out.

        Returns:
            In [0, 1]; None where nothing argues for the label.
        """
        import cv2

        positive = np.maximum(evidence, 0.0).astype(np.float32)
        if not positive.sum() > 0:
            return None
        side = (SIZE, SIZE)
        fine = cv2.resize(positive, side, interpolation=cv2.INTER_LINEAR)
        return float(fine[self.mask].sum() / fine.sum())


class LungFinder:
    """Finds the lungs in films. One thread at a time may use it.

    Args:
        xml: The graph, `LUNG_GRAPH` of a bundle; its weights lie beside it.
        name: What errors call the model.

    Raises:
        BundleError: It cannot be loaded, or its input and output differ.
    """

    def __init__(self, xml: Path, *, name: str) -> None:
        options = {
            "INFERENCE_PRECISION_HINT": PRECISIONS["float32"],
            "PERFORMANCE_HINT": "LATENCY",
        }
        compiled = compile_graph(xml, _mismatch, options, name=name)
        self._request = compiled.create_infer_request()

    def find(self, film: Radiograph) -> Lungs:
        """Find the lungs of a film."""
        found = self.probabilities(to_network_input(film, SPEC))[0] >= THRESHOLD
        return Lungs(_without_specks(found))

    def probabilities(self, films: NDArray[np.float32]) -> NDArray[np.float32]:
        """How likely each pixel belongs to a lung.

        Args:
            films: (n, 256, 256, 1) float32 in [0, 255].

        Returns:
            (n, 256, 256) float32 in [0, 1], owned by the caller.
        """
        results = self._request.infer({0: films}, share_inputs=True)
        return np.array(results[0])[..., 0]


def shipped_lungs() -> tuple[dict[str, Path], dict[str, Any]]:
    """The lung network of the model that comes with the program, for another model.

    Returns:
        Name in the bundle -> file, and what the card tells of it; both empty where
        there is none.
    """
    try:
        bundle = peek_bundle(default_bundle_dir())
    except BundleError:  # whoever is to use that model says so
        return {}, {}
    if LUNG_GRAPH not in bundle.card.files:
        return {}, {}
    files = {name: bundle.path / name for name in (LUNG_GRAPH, LUNG_WEIGHTS)}
    return files, {"lungs": bundle.card.training.get("lungs", {})}


def lung_finder(bundle: ModelBundle) -> LungFinder | None:
    """The lung network of a bundle; None where it has none.

    Raises:
        BundleError: It cannot be loaded.
    """
    if LUNG_GRAPH not in bundle.card.files:
        return None
    name = bundle.card.name
    return LungFinder(bundle.path / LUNG_GRAPH, name=name)


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask without parts that are far smaller than its largest."""
    import cv2

    _, parts, facts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = facts[:, cv2.CC_STAT_AREA]
    areas[0] = 0  # what is outside
    kept = areas > areas.max() * SPECK
    return np.asarray(kept[parts])


def _mismatch(graph: Any) -> str:
    expected = [SIZE, SIZE, 1]
    shapes = [graph.input(0).partial_shape, graph.output(0).partial_shape]
    for what, shape in zip(("input", "output"), shapes, strict=True):
        if len(shape) != 4 or shape[1:] != expected:
            return f"its {what} is {shape}"
    return ""
