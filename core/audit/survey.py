"""Read every film of a data set once, and keep what its check needs."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.fingerprints import LENGTH, fingerprint_of
from core.data.reading import read_samples
from core.films.radiograph import FilmFacts, Radiograph


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
    """The films of a data set.

    Attributes:
        films: Those that could be read, in the order given.
        unreadable: File -> why it could not be read.
    """

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

    Args:
        on_film: Called after each film with the number done; may raise to stop.
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
