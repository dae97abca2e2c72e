"""Whether a film is one that a model can speak of at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.films.film_warning import FilmWarning, mended_pixels
from core.model.bundle import ModelBundle, damaged
from core.model.lungs import LungFinder, Lungs

#: The gate in a bundle; the card lists it where there is one.
GATE: Final = "gate.npz"
NOT_CHEST: Final = "This does not look like a frontal chest film."
UPRIGHT: Final = "upright"
#: What is no chest film at all.
OTHER: Final = "other"
#: (size, size) float32 in [0, 255] -> its embedding (k,).
Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]
#: What a film may look like besides upright -> what is said of it, and what mends
#: it. "rot90" is turned once by `numpy.rot90`, which turns anticlockwise.
ORIENTATIONS: Final = {
    "rot90": ("The film seems to be turned by 90 degrees.", "rotate 90"),
    "rot180": ("The film seems to stand on its head.", "rotate 180"),
    "rot270": ("The film seems to be turned by 90 degrees.", "rotate 270"),
    "flipped": ("The film seems to be mirrored, top to bottom.", "flip"),
    "inverted": ("The film seems to be inverted: bone should be bright.", "invert"),
    "lateral": ("This seems to be a lateral view.", ""),
}
#: What a gate consists of -> its axes, as `Gate` names them.
_ARRAYS: Final = {
    "mean": "k",
    "whiten": "kd",
    "threshold": "",
    "orientation_kernel": "km",
    "orientation_bias": "m",
    "orientation_names": "m",
    "orientation_thresholds": "m",
    "lung_likelihood": "",
}
#: Where the bundle cannot find lungs, or its gate is of a program that did not look
#: at them.
_ANY_LUNGS: Final = np.float32(0)


@dataclasses.dataclass(frozen=True)
class FilmCheck:
    """What is to be said of a film before any verdict.

    Attributes:
        refused: Why no verdict is given, as a sentence; empty if one is.
        warnings: Why to doubt it.
    """

    refused: str = ""
    warnings: tuple[FilmWarning, ...] = ()


@dataclasses.dataclass(frozen=True, eq=False)
class Gate:
    """Tells by the embedding: how far it lies from those of training films.

    A film that seems to be turned or inverted lies far from them too. It is read
    once more as it would be when mended, and warned of if it lies nearer then, among
    those that are not refused, and has lungs. So an upright film is seldom warned of
    by mistake.

    Attributes:
        mean: (k,) of the embeddings of training films.
        whiten: (k, d). Takes what is left to axes of variance 1.
        threshold: () of the squared distance, over which a film is refused.
        orientation_kernel: (k, m) and
        orientation_bias: (m,) of a softmax over
        orientation_names: (m,), `UPRIGHT`, some of `ORIENTATIONS`, maybe `OTHER`.
        orientation_thresholds: (m,). The likeliest but upright counts if it is over
            its own.
        embed: Reads a film once more; without it none is.
        finder: Finds the lungs of a film that is read once more; without it they are
            not asked for.
    """

    mean: NDArray[np.float32]
    whiten: NDArray[np.float32]
    threshold: NDArray[np.float32]
    orientation_kernel: NDArray[np.float32]
    orientation_bias: NDArray[np.float32]
    orientation_names: NDArray[np.str_]
    orientation_thresholds: NDArray[np.float32]
    lung_likelihood: NDArray[np.float32] | np.float32 = _ANY_LUNGS
    embed: Embed | None = None
    finder: LungFinder | None = None

    def check(
        self,
        pixels: NDArray[np.float32],
        embedding: NDArray[np.float32],
        lungs: Lungs | None = None,
    ) -> FilmCheck:
        """Look at a film and at what the network made of it.

        Args:
            pixels: (size, size) float32 in [0, 255], as the network took it.
            embedding: (k,) float32.
            lungs: Of the film as it is. What seems to be turned is judged by those
                that it has when mended.
        """
        if not np.isfinite(embedding).all():
            return FilmCheck()  # `decide` says so
        name, distance = self.orientation(embedding), self.distances(embedding)
        text, mend = ORIENTATIONS.get(name, ("", ""))
        if mend and self.embed is not None:
            film = np.ascontiguousarray(mended_pixels(pixels, mend, 255))
            nearer = self.distances(self.embed(film))
            if nearer < distance and nearer <= self.threshold:
                if self.finder is not None and self._unsure(self.finder.find_in(film)):
                    return FilmCheck(refused=NOT_CHEST)
                return FilmCheck(warnings=(FilmWarning(text, mend=mend),))
            text = ""
        if name == OTHER or distance > self.threshold:
            return FilmCheck(refused=NOT_CHEST)
        if text:
            return FilmCheck(warnings=(FilmWarning(text, mend=mend),))
        if lungs is not None and self._unsure(lungs):
            return FilmCheck(refused=NOT_CHEST)
        return FilmCheck()

    def _unsure(self, lungs: Lungs) -> bool:
        return lungs.likelihood < self.lung_likelihood

    def distances(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Squared Mahalanobis distance of (..., k) embeddings: (...,)."""
        away: NDArray[np.float32] = (embeddings - self.mean) @ self.whiten
        return (away**2).sum(axis=-1)

    def shares(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each orientation of (..., k) embeddings: (..., m)."""
        scores = embeddings @ self.orientation_kernel + self.orientation_bias
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
        return shares

    def orientation(self, embedding: NDArray[np.float32]) -> str:
        """The likeliest but upright that is over its threshold, or `UPRIGHT`."""
        names = self.orientation_names.tolist()
        others = np.array([name != UPRIGHT for name in names])
        shares = np.where(others, self.shares(embedding), -1.0)
        likeliest = int(shares.argmax())
        is_over = shares[likeliest] > self.orientation_thresholds[likeliest]
        return names[likeliest] if is_over else UPRIGHT

    def write(self, path: Path) -> None:
        """Write the file that a bundle has its gate in."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        # By far the largest; no distance changes by more than a thousandth.
        arrays["whiten"] = arrays["whiten"].astype(np.float16)
        np.savez_compressed(path, **arrays)


def read_gate(
    bundle: ModelBundle, embed: Embed, finder: LungFinder | None = None
) -> Gate | None:
    """The gate of a verified bundle; None where it has none.

    Args:
        embed: Of the bundle's graph.
        finder: The bundle's, where lungs are looked for.

    Raises:
        BundleError: It cannot be understood.
    """
    if GATE not in bundle.card.files:
        return None
    try:
        with np.load(bundle.path / GATE, allow_pickle=False) as stored:
            arrays: dict[str, Any] = {"lung_likelihood": _ANY_LUNGS}
            arrays |= {name: stored[name] for name in _ARRAYS if name in stored}
        _refuse_unfit(arrays)
        names = arrays.pop("orientation_names")
        numbers = {name: array.astype(np.float32) for name, array in arrays.items()}
        return Gate(**numbers, orientation_names=names, embed=embed, finder=finder)
    except Exception as error:  # NumPy raises anything at a damaged file
        what = f"its {GATE} cannot be used ({error})"
        raise damaged(bundle.card.name, what) from error


def _refuse_unfit(arrays: Mapping[str, NDArray[Any]]) -> None:
    lengths: dict[str, int] = {}
    for name, axes in _ARRAYS.items():
        array = arrays[name]
        is_text = name == "orientation_names"
        fits = array.ndim == len(axes) and array.dtype.kind == ("U" if is_text else "f")
        found = zip(axes, array.shape, strict=False)
        if not fits or any(lengths.setdefault(axis, n) != n for axis, n in found):
            raise ValueError(f"{name} is {array.shape} {array.dtype}")
        if not is_text and not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite")
    names = arrays["orientation_names"].tolist()
    if UPRIGHT not in names or not set(names) <= {UPRIGHT, OTHER, *ORIENTATIONS}:
        raise ValueError(f"its orientations are {names}")
