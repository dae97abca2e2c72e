"""From films on disk to the batches a network learns from."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.fingerprints import fingerprint_of
from core.data.patients import with_patient
from core.errors import DatasetError, ImageReadError
from core.files import atomic_write
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import FilmFacts, read_radiograph
from core.films.read_ahead import read_ahead
from core.json_file import read_json
from core.runs.augment import vary
from core.runs.variations import Augmentation

_THREADS = 4
#: Numbered anew whenever a fingerprint changes, so that no older one is taken for it.
_FINGERPRINTS = "fingerprints-2.npy"
#: The first fields of `FilmFacts`, in its order.
_FACTS = ("format", "width", "height", "bits", "colour", "file_bytes")


@dataclasses.dataclass(frozen=True, eq=False)
class Films:
    """Every readable film of a job at the network's size, read once.

    Attributes:
        samples: The films that could be read, each with its patient, where
            anything tells it, and the SHA-256 of its file.
        pixels: (n, size, size) uint8, in the order of `samples`; stays on disk.
        fingerprints: (n, k) uint8, of their looks.
        unreadable: File -> why it could not be read.
        facts: What each file says of itself, as far as its check needs it.
    """

    samples: tuple[Sample, ...]
    pixels: NDArray[np.uint8]
    fingerprints: NDArray[np.uint8]
    unreadable: dict[str, str]
    facts: tuple[FilmFacts, ...]

    def rows(self, part: Sequence[Sample]) -> NDArray[np.intp]:
        """Row numbers in `pixels` of some of the films."""
        row_of = {sample.file: row for row, sample in enumerate(self.samples)}
        return np.array([row_of[sample.file] for sample in part], np.intp)


def read_films(
    samples: Sequence[Sample],
    spec: PreprocessSpec,
    folder: Path,
    on_film: Callable[[int], None],
    *,
    pattern: re.Pattern[str] | None = None,
) -> Films:
    """Decode every film once, at the network's size, into a file.

    A film that cannot be read is left out with its reason. What a former call
    finished in the same folder is used again.

    Args:
        folder: Where the job keeps its files; must exist.
        on_film: Called after each film with the number done; may raise to stop.
        pattern: Of the patient in a file's name, where nothing else tells it.

    Raises:
        DatasetError: No film can be read.
    """
    pixels_path, index_path = folder / "films.u8", folder / "films.json"
    if not (index_path.exists() and (folder / _FINGERPRINTS).exists()):
        fingerprints: list[NDArray[np.uint8]] = []
        digests: list[str] = []
        facts: list[list[str | int]] = []
        unreadable: dict[str, str] = {}
        kept: list[str] = []
        patients: list[Sample] = []
        # Written, not mapped: a full disk is then an error and not a crash.
        with open(pixels_path, "wb") as pixels:
            for number, (sample, film) in enumerate(_decode(samples, spec), start=1):
                if isinstance(film, str):
                    unreadable[sample.file] = film
                else:
                    pixels.write(film.square.tobytes())
                    fingerprints.append(film.fingerprint)
                    digests.append(film.sha256)
                    facts.append([getattr(film.facts, name) for name in _FACTS])
                    kept.append(sample.file)
                    patient = film.facts.patient
                    patients.append(with_patient(sample, patient, pattern)[0])
                on_film(number)
        with atomic_write(folder / _FINGERPRINTS) as partial:
            np.save(partial, np.array(fingerprints, np.uint8))
        index = {
            "kept": kept,
            "sha256": digests,
            "facts": facts,
            "patients": [sample.patient for sample in patients],
            "unreadable": unreadable,
        }
        with atomic_write(index_path) as partial:
            partial.write_text(json.dumps(index), encoding="utf-8")
    index = read_json(index_path)
    if not index["kept"]:
        raise DatasetError(
            "None of the films can be read.",
            hint="The first one: " + next(iter(index["unreadable"].values()), ""),
        )
    by_file = {sample.file: sample for sample in samples}
    known = zip(index["kept"], index["patients"], index["sha256"], strict=True)
    kept_samples = tuple(
        dataclasses.replace(by_file[file], patient=patient, sha256=sha256)
        for file, patient, sha256 in known
    )
    shape = (len(index["kept"]), spec.size, spec.size)
    return Films(
        kept_samples,
        np.memmap(pixels_path, np.uint8, "r", shape=shape),
        np.load(folder / _FINGERPRINTS),
        index["unreadable"],
        tuple(FilmFacts(*fields) for fields in index.get("facts", ())),
    )


class TrainingBatches(keras.utils.PyDataset):
    """One epoch of varied films, drawn so that what weighs more comes oftener.

    The films of an epoch depend on the seed and the epoch alone, so a resumed
    job sees the same ones. Keras's threads run ahead of the step.

    Args:
        pixels: (m, s, s) uint8, of which the epoch uses some rows.
        rows: (n,) int, the rows of the films to train on.
        labels: (n,) int.
        weights: (n,) float32 with mean 1.
        classes: Number of labels.
        devices: Devices that share a step: the last batch of an epoch is
            filled up with its first films to a multiple of it.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        rows: NDArray[np.intp],
        labels: NDArray[np.intp],
        weights: NDArray[np.float32],
        *,
        classes: int,
        batch: int,
        augmentation: Augmentation,
        seed: int,
        devices: int = 1,
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=6)
        self._pixels = pixels
        self._rows = rows
        self._weights = weights
        self._targets = np.eye(classes, dtype=np.float32)[labels]
        self._batch = batch
        self._augmentation = augmentation
        self._seed = seed
        self._devices = devices
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> TrainingBatches:
        """Draw the films of an epoch, numbered from 0; itself."""
        self._epoch = epoch
        rng = np.random.default_rng((self._seed, epoch))
        self._order = _filled_up(draw(self._weights, rng), self._devices)
        return self

    # Keras overrides

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        drawn = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        films = [
            vary(self._pixels[row], self._augmentation, rng)
            for row in self._rows[drawn]
        ]
        return np.stack(films)[..., np.newaxis], self._targets[drawn]


class StoredBatches(keras.utils.PyDataset):
    """Films as they are, in order, for validation.

    Args:
        pixels: (m, s, s) uint8.
        rows: (n,) int, the rows to give.
        devices: Devices that share a batch: films that fill the last one up to
            a multiple of it follow the n.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        rows: NDArray[np.intp],
        batch: int,
        devices: int = 1,
    ) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._pixels = pixels
        self._rows = _filled_up(rows, devices)
        self._batch = batch

    # Keras overrides

    def __len__(self) -> int:
        return -(-len(self._rows) // self._batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32]]:
        rows = self._rows[index * self._batch : (index + 1) * self._batch]
        return (self._pixels[rows].astype(np.float32)[..., np.newaxis],)


def draw(weights: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw n of n films, each about as often as it weighs, in random order.

    Systematic sampling: a film of weight w comes floor(w) or ceil(w) times,
    so no film of weight 1 or more is missed in any epoch.

    Args:
        weights: (n,) float32 with mean 1.
    """
    n = len(weights)
    ends = np.cumsum(weights, dtype=np.float64) * (n / weights.sum(dtype=np.float64))
    rows = np.searchsorted(ends, np.arange(n) + rng.random(), side="right")
    return rng.permutation(np.minimum(rows, n - 1))


def _filled_up(rows: NDArray[np.intp], multiple: int) -> NDArray[np.intp]:
    return np.concatenate([rows, np.resize(rows, -len(rows) % multiple)])


@dataclasses.dataclass(frozen=True, eq=False)
class _Decoded:
    square: NDArray[np.uint8]
    fingerprint: NDArray[np.uint8]
    sha256: str
    facts: FilmFacts


def _decode(
    samples: Sequence[Sample], spec: PreprocessSpec
) -> Iterator[tuple[Sample, _Decoded | str]]:
    def one(sample: Sample) -> _Decoded | str:
        try:
            film = read_radiograph(sample.path)
            with open(sample.path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except ImageReadError as error:
            return str(error)
        except OSError as error:
            return f"The film cannot be read: {error.strerror}."
        if sample.sha256 not in ("", digest):
            return "The film has changed since the split was written."
        square = np.rint(to_network_input(film, spec)[0, :, :, 0]).astype(np.uint8)
        # Not of the square: the check that made the split took it so.
        looks = fingerprint_of(film)
        return _Decoded(square, looks, digest, film.facts)

    return read_ahead(one, samples, threads=_THREADS)
