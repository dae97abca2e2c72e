"""Golden films: drawn films in a bundle, with what the model makes of them.

They tell whether a computer computes what the card of a model promises: from the
pixels of a film, through its preparation and the graph, to probabilities and to the
evidence that heat maps are drawn from.
"""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import BundleError
from core.films.radiograph import radiograph_from_array, read_radiograph
from core.model.bundle import GOLDEN, damaged, provenance_text, read_bundle
from core.model.classifier import PROBE_TOLERANCE, Classifier, probabilities
from core.paths import sample_films

#: Largest difference of a probability from the promised one.
PROBABILITY_TOLERANCE: Final = 1e-4
#: And of a heat map, as a share of the film's strongest evidence.
HEAT_TOLERANCE: Final = 1e-3
#: Side of the drawn films as they are kept, pixels.
_SIDE: Final = 256
_MOST_FILMS: Final = 64


@dataclasses.dataclass(frozen=True)
class GoldenCheck:
    """How far this computer is from what a model's golden films promise.

    Attributes:
        films: How many there are.
        probability_gap: Largest difference of a probability.
        heat_gap: Largest difference of a heat map, as a share of its film's peak.
    """

    films: int
    probability_gap: float
    heat_gap: float

    @property
    def is_kept(self) -> bool:
        """Whether this computer computes what the card promises."""
        # Written so that what is not a number is no success.
        return (
            self.probability_gap <= PROBABILITY_TOLERANCE
            and self.heat_gap <= HEAT_TOLERANCE
        )


def write_golden_films(classifier: Classifier, path: Path) -> None:
    """Write the sample films, small, with what a model makes of them.

    Args:
        path: An .npz file to make, of `films` (n, 256, 256) uint8, `probabilities`
            (n, c) float64 and `evidence` (n, h, w, c) float32.
    """
    import cv2  # takes long to load

    whole = (read_radiograph(sample).to_uint8() for sample in sample_films())
    side = (_SIDE, _SIDE)
    small = [cv2.resize(film, side, interpolation=cv2.INTER_AREA) for film in whole]
    films = np.array(small, np.uint8)
    shares, evidence = _computed(classifier, films)
    np.savez_compressed(path, films=films, probabilities=shares, evidence=evidence)


def check_golden_films(classifier: Classifier) -> GoldenCheck | None:
    """Read the golden films of a model and compare.

    Returns:
        None where the model came without, as older ones do.

    Raises:
        BundleError: The file cannot be understood.
    """
    bundle = classifier.bundle
    if GOLDEN not in bundle.card.files:
        return None
    labels = len(bundle.card.labels)
    try:
        with np.load(bundle.path / GOLDEN, allow_pickle=False) as kept:
            films, shares, evidence = (
                kept[name] for name in ("films", "probabilities", "evidence")
            )
        count = len(films)
        are_films = films.dtype == np.uint8 and films.ndim == 3
        are_few = 0 < count <= _MOST_FILMS
        if not (are_films and are_few and shares.shape == (count, labels)):
            raise ValueError("it holds no films with probabilities of the labels")
        now_shares, now_evidence = _computed(classifier, films)
        if now_evidence.shape != evidence.shape:
            raise ValueError("its heat maps are of another size")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        what = f"its golden films cannot be read ({error})"
        raise damaged(bundle.card.name, what) from error
    peaks = np.abs(evidence).max(axis=(1, 2, 3), keepdims=True)
    heat_gap = np.abs(now_evidence - evidence) / np.maximum(peaks, 1e-12)
    return GoldenCheck(
        count, float(np.abs(now_shares - shares).max()), float(heat_gap.max())
    )


def self_test(classifier: Classifier | None) -> list[str]:
    """See whether this computer computes what the card of a model promises.

    Args:
        classifier: The model; None where none could be opened.

    Returns:
        What was looked at and found right, in sentences.

    Raises:
        BundleError: The files are damaged, or it computes something else.
    """
    if classifier is None:
        raise BundleError(
            "No model could be opened, so there is nothing to test.",
            hint="Install Hilum again, or choose another model in the File menu.",
        )
    bundle = read_bundle(classifier.bundle.path)
    said = [
        f"Model {bundle.card.name}, {bundle.sha256[:12]}: files are whole.",
        provenance_text(bundle.card, bundle.sha256),
        "Probe: same probabilities as when it was exported, within "
        f"{PROBE_TOLERANCE:.0e}.",
    ]
    found = check_golden_films(classifier)
    if found is None:
        return [*said, "The model has no golden films: heat maps were not compared."]
    does = "computes" if found.is_kept else "does not compute"
    told = (
        f"This computer {does} what the card promises: on {found.films} golden films a "
        f"probability differs by at most {found.probability_gap:.1e} (allowed: "
        f"{PROBABILITY_TOLERANCE:.0e}), a heat map by {found.heat_gap:.1e} (allowed: "
        f"{HEAT_TOLERANCE:.0e})."
    )
    if not found.is_kept:
        raise BundleError(
            told,
            hint="Do not use its verdicts here. Install the program again, or copy the "
            "model again; if it stays so, the processor or its libraries differ.",
        )
    return [*said, told]


def _computed(
    classifier: Classifier, films: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    read = [
        classifier.predict(radiograph_from_array(film, name="golden film"))
        for film in films
    ]
    logits = np.stack([each.logits for each in read])
    shares = probabilities(logits, classifier.bundle.card.temperature)
    return shares, np.stack([each.evidence for each in read])
