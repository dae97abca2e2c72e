"""Read every film of a data set once, and count what its check needs."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample
from core.data.fingerprints import LENGTH, fingerprint_of
from core.data.reading import read_samples
from core.films.radiograph import FilmFacts, Radiograph

_COMMONEST = 5


@dataclasses.dataclass(frozen=True, eq=False)
class SurveyedFilm:
    """What is kept of a film that could be read.

    Attributes:
        sample: With the SHA-256 of the file.
        picture: Hash of the decoded pixels: equal for the same picture stored
            twice without loss.
        fingerprint: (k,) uint8 of `core.data.fingerprints`.
    """

    sample: Sample
    facts: FilmFacts
    picture: str
    fingerprint: NDArray[np.uint8]

    @classmethod
    def of(cls, sample: Sample, film: Radiograph, sha256: str) -> SurveyedFilm:
        """Sum up a film."""
        sample = dataclasses.replace(sample, sha256=sha256)
        shown = (film.pixels.shape, film.low, film.high)
        picture = hashlib.sha256(repr(shown).encode())
        picture.update(np.ascontiguousarray(film.pixels).data)
        return cls(sample, film.facts, picture.hexdigest(), fingerprint_of(film))


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """The films that could be read, in the order given, and why others could not."""

    films: tuple[SurveyedFilm, ...]
    unreadable: dict[str, str]

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(film.sample for film in self.films)

    @property
    def fingerprints(self) -> NDArray[np.uint8]:
        """(n, k) uint8, in the order of the films."""
        rows = [film.fingerprint for film in self.films]
        return np.array(rows, np.uint8).reshape(len(rows), LENGTH)


def survey(samples: Sequence[Sample], on_film: Callable[[int], None]) -> Survey:
    """Decode and sum up every film; one that cannot be read keeps its reason.

    `on_film` hears how many are done; it may raise to stop.
    """
    films: list[SurveyedFilm] = []
    unreadable: dict[str, str] = {}
    read = read_samples(samples, SurveyedFilm.of)
    for number, (sample, found) in enumerate(read, start=1):
        if isinstance(found, str):
            unreadable[sample.file] = found
        else:
            films.append(found)
        on_film(number)
    return Survey(tuple(films), unreadable)


def counts(dataset: Dataset, surveyed: Survey) -> dict[str, Any]:
    """How many films there are of what."""
    samples = dataset.samples
    labels = {label: sum(s.label == label for s in samples) for label in dataset.labels}
    has_splits = any(sample.split for sample in samples)
    smallest = min(labels.values())
    children = collections.Counter(s.label for s in samples if s.child == "yes")
    return {
        "films": len(samples),
        "labels": labels,
        "sources": tally([(s.source, s.label) for s in samples]),
        "splits": tally([(s.split, s.label) for s in samples]) if has_splits else {},
        "children": dict(children),
        "unreadable": surveyed.unreadable,
        "left_out": dict(dataset.left_out),
        "imbalance": round(max(labels.values()) / smallest, 2) if smallest else None,
    }


def tally(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Count pairs: the first -> the second -> how many, in order."""
    counts: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(collections.Counter(pairs).items()):
        counts.setdefault(outer, {})[inner] = count
    return counts


def kinds(films: Sequence[SurveyedFilm]) -> dict[str, Any]:
    """Sizes, views, formats and bits of the films."""
    sizes = collections.Counter((f.facts.width, f.facts.height) for f in films)
    widths, heights = zip(*sizes, strict=True)
    views = collections.Counter(
        film.sample.view or film.facts.view_position or "unknown" for film in films
    )
    return {
        "sizes": {
            "width": [min(widths), max(widths)],
            "height": [min(heights), max(heights)],
            "commonest": [
                {"width": width, "height": height, "films": count}
                for (width, height), count in sizes.most_common(_COMMONEST)
            ],
        },
        "views": dict(views.most_common()),
        "formats": dict(collections.Counter(f.facts.format for f in films)),
        "bits": dict(collections.Counter(str(f.facts.bits) for f in films)),
    }


def patients(samples: Sequence[Sample], origins: Sequence[str]) -> dict[str, Any]:
    """How many patients are known, and from where."""
    known = [sample.patient for sample in samples if sample.patient]
    return {
        "known": len(known),
        "patients": len(set(known)),
        "origin": ", ".join(dict.fromkeys(origins)),
        "grouped": grouped(samples),
    }


def grouped(samples: Sequence[Sample]) -> int:
    """How many films share a group which the data names."""
    sizes = collections.Counter(sample.group for sample in samples if sample.group)
    return sum(size for size in sizes.values() if size > 1)
