"""Where the lungs are in a film."""

from __future__ import annotations

import collections
import dataclasses
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError
from core.films.film_warning import FilmWarning
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import Radiograph
from core.model.bundle import ModelBundle, peek_bundle
from core.model.graph import compile_graph
from core.paths import default_bundle_dir
from core.words import all_of

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
#: Lines of the mask along an edge that are looked at, and the share of the lungs'
#: largest extent along that edge that they have where the lungs are cut off.
_RIM: Final = 3
_CUT: Final = 0.5
#: Share of the evidence in the lungs below which most of it lies elsewhere.
HALF: Final = 0.5

#: The outline is found on a finer grid than the mask, once that has been blurred.
_FINER: Final = 4
_SMOOTH: Final = 2.2

#: A heat map is coarse, so this is a reason to look and not one to say nothing.
HEAT_OUTSIDE: Final = FilmWarning(
    "Most of the evidence lies outside the lungs. Look at the heat map before you "
    "believe the verdict.",
    is_grave=False,
)
NO_LUNGS: Final = FilmWarning("No lungs were found in the film.")


@dataclasses.dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs of one film.

    Attributes:
        mask: (256, 256) bool, True in a lung; the film stretched to a square.
        likelihood: Mean probability of what the network takes for a lung, 0 where it
            takes nothing for one. It is sure of the lungs of a chest film, and seldom
            of what it takes for lungs elsewhere.
    """

    mask: NDArray[np.bool_]
    likelihood: float = 1.0

    @property
    def area(self) -> float:
        """Share of the film that they cover."""
        return float(self.mask.mean())

    @property
    def cut_off(self) -> tuple[str, ...]:
        """Edges of the film at which the lungs seem to be cut off.

        There they are at least half as long as anywhere else along that edge; lungs
        that only touch it are round there, and shorter. On 400 films of all sources
        that this was not chosen on it is so of 0.8 % as they are, and of 91 % of the
        194 of which 15 to 25 % was cut away at one side with at least a twentieth of
        the lungs.
        """
        across, down = self.mask.sum(axis=1), self.mask.sum(axis=0)
        lengths = {
            "left": down,
            "right": down[::-1],
            "top": across,
            "bottom": across[::-1],
        }
        return tuple(
            edge
            for edge, length in lengths.items()
            if length[:_RIM].mean() > _CUT * length.max()
        )

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

    def outline(self, size: tuple[int, int]) -> list[NDArray[np.float32]]:
        """Closed lines around the lungs, smooth, in the pixels of the film.

        Args:
            size: (height, width).

        Returns:
            Of each part (n, 2) float32: x and y.
        """
        import cv2

        # Else the film, which is larger, would show the steps of the mask.
        soft = cv2.GaussianBlur(self.mask.astype(np.float32), (0, 0), _SMOOTH)
        side = _FINER * SIZE
        fine = cv2.resize(soft, (side, side), interpolation=cv2.INTER_LINEAR)
        found, _ = cv2.findContours(
            (fine >= THRESHOLD).astype(np.uint8),
            cv2.RETR_EXTERNAL,
            cv2.CHAIN_APPROX_SIMPLE,
        )
        lines = [cv2.approxPolyDP(line, 1.0, True)[:, 0] for line in found]
        scale = np.array([size[1], size[0]], np.float32) / side
        return [(line + 0.5).astype(np.float32) * scale for line in lines]

    def share_inside(self, evidence: NDArray[np.float32]) -> float | None:
        """The share of the evidence for a label that lies in the lungs.

        Args:
            evidence: (h, w) float32 of one label, any range; what argues against
                the label is left out.

        Returns:
            In [0, 1]; None where there are no lungs, or nothing argues for the label.
        """
        import cv2

        positive = np.maximum(evidence, 0.0).astype(np.float32)
        if not self.mask.any() or not positive.sum() > 0:
            return None
        side = (SIZE, SIZE)
        fine = cv2.resize(positive, side, interpolation=cv2.INTER_LINEAR)
        return float(fine[self.mask].sum() / fine.sum())


class LungFinder:
    """Finds the lungs in films. Several threads at a time may use it.

    Args:
        xml: The graph, `LUNG_GRAPH` of a bundle; its weights lie beside it.
        name: What errors call the model.
        options: `precision`, `for_many` and `threads`, as `Graph` takes them.

    Raises:
        BundleError: It cannot be loaded, or its input and output differ.
    """

    def __init__(self, xml: Path, *, name: str, **options: Any) -> None:
        self._compiled = compile_graph(xml, _mismatch, name=name, **options)
        #: Adding to it and taking from it are safe in several threads.
        self._idle = collections.deque([self._compiled.create_infer_request()])

    def find(self, film: Radiograph) -> Lungs:
        """Find the lungs of a film."""
        return self._find(to_network_input(film, SPEC))

    def find_in(self, square: NDArray[Any]) -> Lungs:
        """Find the lungs in what another network takes of a film.

        Args:
            square: (size, size) in [0, 255].
        """
        import cv2

        pixels = cv2.resize(np.asarray(square, np.float32), (SIZE, SIZE))
        return self._find(pixels[np.newaxis, ..., np.newaxis])

    def _find(self, pixels: NDArray[np.float32]) -> Lungs:
        likely = self.probabilities(pixels)[0]
        found = likely >= THRESHOLD
        likelihood = float(likely[found].mean()) if found.any() else 0.0
        return Lungs(_without_specks(found), likelihood)

    def probabilities(self, films: NDArray[np.float32]) -> NDArray[np.float32]:
        """How likely each pixel belongs to a lung.

        Args:
            films: (n, 256, 256, 1) float32 in [0, 255].

        Returns:
            (n, 256, 256) float32 in [0, 1], owned by the caller.
        """
        try:
            request = self._idle.pop()
        except IndexError:  # the others are at work, in other threads
            request = self._compiled.create_infer_request()
        results = request.infer({0: films})  # as `Graph.run`, a copy of them
        found = np.array(results[0])[..., 0]
        self._idle.append(request)
        return found


def lung_warnings(lungs: Lungs) -> tuple[FilmWarning, ...]:
    """Why to doubt the verdict on a film, by where its lungs are."""
    if not lungs.mask.any():
        return (NO_LUNGS,)
    edges = lungs.cut_off
    if not edges:
        return ()
    plural = "edges" if edges[1:] else "edge"
    return (FilmWarning(f"The lungs are cut off at the {all_of(edges)} {plural}."),)


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


def lung_finder(
    bundle: ModelBundle, *, name: str = "", **options: Any
) -> LungFinder | None:
    """The lung network of a bundle; None where it has none.

    Args:
        name: What errors call the model; as its card does if empty.
        options: As `LungFinder` takes them.

    Raises:
        BundleError: It cannot be loaded.
    """
    if LUNG_GRAPH not in bundle.card.files:
        return None
    called = name or bundle.card.name
    return LungFinder(bundle.path / LUNG_GRAPH, name=called, **options)


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
