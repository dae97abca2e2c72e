"""Read every film of a data set once, and keep what its check needs."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.fingerprints import LENGTH, fingerprint_of
from core.errors import ImageReadError
from core.films.radiograph import FilmFacts, Radiograph, read_radiograph
from core.films.read_ahead import read_ahead

_THREADS = 4


@dataclasses.dataclass(frozen=True, eq=False)
class SurveyedFilm:
    """What is kept of a film that could be read.

    Attributes:
        sample: With the SHA-256 of the file.
        facts: What the file says about itself.
        picture: Hash of the decoded pixels: equal for the same picture stored
            twice without loss.
        fingerprint: (k,) uint8 of `core.data.fingerprints`.
    """

    sample: Sample
    facts: FilmFacts
    picture: str
    fingerprint: NDArray[np.uint8]


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
    threads = min(_THREADS, os.cpu_count() or 1)
    read = read_ahead(_sum_up, samples, threads=threads)
    for number, (sample, found) in enumerate(read, start=1):
        if isinstance(found, str):
            unreadable[sample.file] = found
        else:
            films.append(found)
        on_film(number)
    return Survey(tuple(films), unreadable)


def _sum_up(sample: Sample) -> SurveyedFilm | str:
    try:
        film = read_radiograph(sample.path)
        with open(sample.path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except ImageReadError as error:
        return str(error)
    except OSError as error:  # gone between the two
        return f"The film cannot be read: {error.strerror}."
    if sample.sha256 not in ("", digest):
        return "The film has changed since the manifest was written."
    return SurveyedFilm(
        sample=dataclasses.replace(sample, sha256=digest),
        facts=film.facts,
        picture=_picture(film),
        fingerprint=fingerprint_of(film),
    )


def _picture(film: Radiograph) -> str:
    digest = hashlib.sha256(repr((film.pixels.shape, film.low, film.high)).encode())
    digest.update(np.ascontiguousarray(film.pixels).data)
    return digest.hexdigest()
