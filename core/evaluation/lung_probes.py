"""Whether a model looks at lungs: the same films again, with parts of them blanked."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.errors import ImageReadError
from core.evaluation.intervals import Resamples, groups_of, mean_with_interval
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
    on_film: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Measure what is left of a model's accuracy without lungs, and without the rest.

    Films that cannot be read, or in which no lung is found, are left out. `on_film`
    hears how many are done; it may raise to stop.

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
    inside: dict[str, list[float]] = {name: [] for name in names}
    area: dict[str, list[float]] = {name: [] for name in names}
    kept: list[Sample] = []
    films = read_ahead(_load, samples, threads=2, ahead=8)
    for done, (sample, film) in enumerate(films, start=1):
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
    resamples = Resamples.by_group(groups_of(kept), seed=0)
    told = {
        name: mean_with_interval("accuracy", np.array(values), resamples)
        for name, values in right.items()
    }
    ((_, commonest),) = collections.Counter(s.label for s in kept).most_common(1)
    result = {
        "n": len(kept),
        **told.pop("whole"),
        **told,
        "chance": round(commonest / len(kept), 4),
        "inside": {},
    }
    for name, shares in inside.items():
        if shares:
            each = Resamples.by_group(range(len(shares)), seed=0)
            result["inside"][name] = {
                "n": len(shares),
                **mean_with_interval("share", np.array(shares), each),
                "area": round(float(np.mean(area[name])), 4),
            }
    return result


def blanked(film: Square, lungs: Lungs) -> dict[str, Square]:
    """A film with parts of it blanked, by the names of `BLANKED`.

    What is blanked gets the mean level of what is left, so that it stands out as
    little as can be. The film is (1, s, s, 1) float32 in [0, 255].
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


def _load(sample: Sample) -> Radiograph | None:
    try:
        return read_radiograph(sample.path)
    except ImageReadError:
        return None


def _fill(film: Square, mask: NDArray[np.bool_]) -> Square:
    result = film.copy()
    rest = film[0, ~mask, 0]
    result[0, mask, 0] = rest.mean() if rest.size else 0.0
    return result
