"""Films of a data set, each read once and held to the hash that the data names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from core.data.dataset import Sample
from core.errors import ImageReadError
from core.films.radiograph import Radiograph, read_radiograph
from core.films.read_ahead import read_ahead
from core.regular_file import sha256_of

T = TypeVar("T")

_THREADS = 4


def read_samples(
    samples: Sequence[Sample], keep: Callable[[Sample, Radiograph, str], T]
) -> Iterator[tuple[Sample, T | str]]:
    """Decode every film, in threads and in order.

    Args:
        keep: Called with a film and the SHA-256 of its file; what it gives is kept.

    Yields:
        Each film with that, or with why it cannot be read.
    """

    def read(sample: Sample) -> T | str:
        try:
            film = read_radiograph(sample.path)
            sha256 = sha256_of(sample.path)
        except ImageReadError as error:
            return str(error)
        except OSError as error:  # gone between the two
            return f"The film cannot be read: {error.strerror}."
        if sample.sha256 not in ("", sha256):
            return "The film has changed since the manifest was written."
        return keep(sample, film, sha256)

    threads = min(_THREADS, os.cpu_count() or 1)
    return read_ahead(read, samples, threads=threads)
