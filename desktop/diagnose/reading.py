"""A film on disk -> what the window shows of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.errors import CoreError
from core.films.film_warning import mended
from core.films.pixels import FilmIdentity
from core.films.radiograph import (
    FilmFacts,
    Radiograph,
    radiograph_from_array,
    read_radiograph,
)
from core.model.bundle import ModelBundle, ModelCard, provenance_text
from core.model.classifier import Classifier, Prediction, Verdict, decide, evidence_of
from core.model.gradcam import heatmap_from_evidence
from core.model.local_card import LocalCard, read_local_card, with_local_card
from core.model.wording import headline, sentence
from desktop.film.pyramid import FilmPyramid, build_pyramid

#: Longer side of a heat map for the screen, pixels; evidence is 7 x 7 or so.
HEATMAP_SIDE: Final = 384


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """What a model says of a film.

    Attributes:
        bundle: The model.
        prediction: Its numbers.
        verdict: What follows from them.
        heatmaps: Label -> (h, w) float32 in [0, 1], for the screen; none of a film
            that was refused.
        outline: (n, 2) float32 of each line around the lungs: x and y, pixels of the
            film; none where no lungs were found.
        local: Whose operating points stood in for the model's; None for these.
    """

    bundle: ModelBundle
    prediction: Prediction
    verdict: Verdict
    heatmaps: Mapping[str, NDArray[np.float32]]
    outline: Sequence[NDArray[np.float32]] = ()
    local: LocalCard | None = None

    @property
    def card(self) -> ModelCard:
        """The model's card, with local operating points where there are any."""
        return with_local_card(self.bundle, self.local).card

    @property
    def headline(self) -> str:
        """The verdict in large letters."""
        return headline(self.verdict, self.card)

    @property
    def sentence(self) -> str:
        """The verdict on one line, with its numbers."""
        return sentence(self.verdict, self.card)

    @property
    def provenance(self) -> str:
        """Which model gave the verdict, and how it was computed, on one line."""
        said = provenance_text(self.bundle.card, self.bundle.sha256)
        return f"{said}. {self.local.in_words()}" if self.local else said

    @property
    def likeliest(self) -> str:
        """The finding or, when there is none, the label of the most probability.

        Empty where the film was refused.
        """
        shares = self.verdict.probabilities
        return self.verdict.finding or max(shares, key=shares.__getitem__, default="")

    def evidence_for(self, label: str) -> NDArray[np.float32]:
        """(h, w) float32 evidence for one label, in units of its logit."""
        return evidence_of(self.prediction, self.bundle.card, label)


@dataclasses.dataclass(frozen=True, eq=False)
class DiagnosedFilm:
    """A film with everything the window shows of it.

    Attributes:
        path: Where it came from; a bare name for a pasted picture.
        facts: Of the file.
        warnings: Of reading it and of the verdict, each once.
        pyramid: Its pixels, for the screen.
        reading: None when no model could be opened.
        identity: Whom a DICOM film is of; None for other films.
        mends: What was done to it before it was read.
    """

    path: Path
    facts: FilmFacts
    warnings: tuple[str, ...]
    pyramid: FilmPyramid
    reading: Reading | None
    identity: FilmIdentity | None = None
    mends: tuple[str, ...] = ()


def diagnose(
    path: Path,
    pixels: NDArray[np.uint8] | None,
    mends: Sequence[str],
    classifier: Classifier | None,
) -> DiagnosedFilm:
    """Read a film and ask the model. Takes its time: not for the GUI thread.

    Args:
        path: The file, or the name of a pasted picture.
        pixels: (h, w, 3 or 4) uint8 of a pasted picture; None to read the file.
        mends: What is done to it before it is read, one after the other, as
            `core.films.film_warning.mended` does it.
        classifier: The model; None for a film without a verdict.

    Raises:
        CoreError: The film cannot be read, or the model says nothing of it.
    """
    try:
        film = read_film(path, pixels, mends)
        reading = _ask(classifier, film) if classifier is not None else None
        return dataclasses.replace(diagnosed(film, reading), mends=tuple(mends))
    except MemoryError as error:
        raise CoreError(
            f"There is not enough memory to open {path.name}.",
            hint="Close other programs, or use a smaller copy of the film.",
        ) from error


def diagnosed(film: Radiograph, reading: Reading | None) -> DiagnosedFilm:
    """Gather what the window shows. Builds the pyramid: not for the GUI thread."""
    said = reading.verdict.warnings if reading is not None else ()
    return DiagnosedFilm(
        path=film.path,
        facts=film.facts,
        warnings=tuple(dict.fromkeys((*film.warnings, *said))),
        pyramid=build_pyramid(film),
        reading=reading,
        identity=film.identity,
    )


def evidence_at(
    path: Path,
    pixels: NDArray[np.uint8] | None,
    mends: Sequence[str],
    bundle: ModelBundle,
    layer: str,
    classifier: Classifier | None,
) -> NDArray[np.float32] | None:
    """Evidence from an earlier layer, by reading the film once more.

    Takes its time: not for the GUI thread.

    Args:
        path, pixels, mends: As `diagnose` takes them.
        bundle: The model that read the film.
        layer: As `Classifier.evidence_at` takes it.
        classifier: The model in use.

    Returns:
        (h, w, c) float32, relative; None where another model is in use by now.

    Raises:
        CoreError: The film cannot be read any more, or the model has no such layer.
    """
    if classifier is None or classifier.bundle is not bundle:
        return None
    try:
        return classifier.evidence_at(read_film(path, pixels, mends), layer)
    except MemoryError as error:
        raise CoreError(
            "There is not enough memory for a finer heat map.",
            hint="Close other programs, or choose a coarser one.",
        ) from error


def read_film(
    path: Path, pixels: NDArray[np.uint8] | None, mends: Sequence[str]
) -> Radiograph:
    """A film as `diagnose` reads it; raises ImageReadError."""
    if pixels is None:
        film = read_radiograph(path)
    else:
        film = radiograph_from_array(pixels, name=path.name)
    for mend in mends:
        film = mended(film, mend)
    return film


def _ask(classifier: Classifier, film: Radiograph) -> Reading:
    bundle, local, doubt = classifier.bundle, None, ()
    try:
        local = read_local_card(bundle)
    except CoreError as error:  # the model's own points serve
        doubt = (f"{error} {error.hint}",)
    prediction = classifier.predict(film)
    verdict = decide(prediction, with_local_card(bundle, local).card, film)
    verdict = dataclasses.replace(verdict, warnings=(*verdict.warnings, *doubt))
    height, width = film.pixels.shape
    reading = make_reading(bundle, prediction, verdict, (height, width))
    return dataclasses.replace(reading, local=local)


def make_reading(
    bundle: ModelBundle,
    prediction: Prediction,
    verdict: Verdict,
    size: tuple[int, int],
) -> Reading:
    """Add the heat maps and the outline to what the model gave.

    Args:
        bundle: The model.
        prediction: Its numbers for the film.
        verdict: What was decided from them.
        size: (height, width) of the film, whose shape the heat maps take.
    """
    scale = HEATMAP_SIDE / max(size)
    shape = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    heatmaps = {
        name: heatmap_from_evidence(evidence_of(prediction, bundle.card, name), shape)
        for name in verdict.probabilities
    }
    outline = prediction.lungs.outline(size) if prediction.lungs is not None else ()
    return Reading(bundle, prediction, verdict, heatmaps, outline)
