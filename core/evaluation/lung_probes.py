"""Whether a model looks at lungs: the same films again, with parts of them blanked."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.errors import ImageReadError
from core.evaluation.metrics import Resamples, with_interval
from core.films.preprocess import to_network_input
from core.films.radiograph import Radiograph, read_radiograph
from core.films.read_ahead import read_ahead
from core.model.classifier import Classifier
from core.model.lungs import LungFinder, Lungs

#: What is blanked, one after the other.
BLANKED: Final = ("lungs", "all_but_lungs", "frame")
#: Width of the frame as a share of the film's side.
FRAME: Final = 0.125

Square = NDArray[np.float32]


def probe_lungs(
    classifier: Classifier,
    finder: LungFinder,
    samples: Sequence[Sample],
    *,
    seed: int = 0,
    on_film: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Measure what is left of a model's accuracy without lungs, and without the rest.

    Films that cannot be read, or in which no lung is found, are left out.

    Args:
        seed: Of the bootstrap.
        on_film: Called with the number of films done; may raise to stop.

    Returns:
        Nothing where no lungs are found. Else JSON values: `n` films; `accuracy`
        and `accuracy_ci` on them as they are; the same in `lungs`,
        `all_but_lungs` and `frame`, each with that part blanked; `chance`, the share
        of the commonest label; `inside`: of each label with films, `n` and the mean
        share of the evidence for it that lies in the lungs, with its interval, and
        its mean `area`, the share of the film that the lungs cover.
    """
    names = classifier.bundle.card.label_names
    right: dict[str, list[bool]] = {name: [] for name in ("whole", *BLANKED)}
    inside: dict[str, list[float]] = collections.defaultdict(list)
    area: dict[str, list[float]] = collections.defaultdict(list)
    kept: list[Sample] = []
    for done, (sample, film) in enumerate(_read(samples), start=1):
        lungs = finder.find(film) if film is not None else None
        if film is not None and lungs is not None and lungs.mask.any():
            whole = to_network_input(film, classifier.bundle.card.preprocess)
            batch = np.concatenate([whole, *blanked(whole, lungs).values()])
            found = classifier.predict_batch(batch)
            truth = names.index(sample.label)
            for name, prediction in zip(right, found, strict=True):
                right[name].append(int(prediction.logits.argmax()) == truth)
            share = lungs.share_inside(found[0].evidence[..., truth])
            if share is not None:
                inside[sample.label].append(share)
                area[sample.label].append(lungs.area)
            kept.append(sample)
        on_film(done)
    if not kept:
        return {}
    groups = [s.group or s.patient or s.file for s in kept]
    resamples = Resamples.by_group(groups, seed=seed)
    told = {name: _accuracy(values, resamples) for name, values in right.items()}
    counts = collections.Counter(sample.label for sample in kept)
    return {
        "n": len(kept),
        **told.pop("whole"),
        **told,
        "chance": round(max(counts.values()) / len(kept), 4),
        "inside": {
            label: {
                "n": len(inside[label]),
                **_mean(inside[label], seed),
                "area": round(float(np.mean(area[label])), 4),
            }
            for label in names
            if inside[label]
        },
    }


def blanked(film: Square, lungs: Lungs) -> dict[str, Square]:
    """A film with parts of it blanked, by the names of `BLANKED`.

    What is blanked gets the mean level of what is left, so that it stands out as
    little as can be.

    Args:
        film: (1, s, s, 1) float32 in [0, 255].
    """
    side = film.shape[1]
    inside = lungs.of_size((side, side))
    width = round(FRAME * side)
    frame = np.ones((side, side), bool)
    frame[width:-width, width:-width] = False
    # The rim of a lung shows its shape, which is part of the lung.
    around = cv2.dilate(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    masks = {"lungs": around, "all_but_lungs": ~inside, "frame": frame}
    return {name: _fill(film, mask) for name, mask in masks.items()}


def _read(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Radiograph | None]]:
    def load(sample: Sample) -> Radiograph | None:
        try:
            return read_radiograph(sample.path)
        except ImageReadError:
            return None

    return read_ahead(load, samples, threads=2, ahead=8)


def _fill(film: Square, mask: NDArray[np.bool_]) -> Square:
    result = film.copy()
    rest = film[0, ~mask, 0]
    result[0, mask, 0] = rest.mean() if rest.size else 0.0
    return result


def _accuracy(right: Sequence[bool], resamples: Resamples) -> dict[str, Any]:
    values = np.array(right, np.float64)
    drawn = [values[rows].mean() for rows in resamples.rows]
    return with_interval("accuracy", float(values.mean()), drawn)


def _mean(values: Sequence[float], seed: int) -> dict[str, Any]:
    each = np.array(values)
    resamples = Resamples.by_group(range(len(each)), seed=seed)
    drawn = [each[rows].mean() for rows in resamples.rows]
    return with_interval("share", float(each.mean()), drawn)
