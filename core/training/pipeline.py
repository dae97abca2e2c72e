"""From films on disk to the batches a network learns from."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample
from core.data.fingerprints import fingerprint_of
from core.data.patients import with_patient
from core.data.reading import read_samples
from core.data.split import Split
from core.errors import DatasetError
from core.files import atomic_write, write_json
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import FilmFacts, Radiograph
from core.json_file import read_json
from core.records import convert
from core.runs.augment import vary
from core.runs.config import TrainingConfig

#: Numbered anew whenever what they hold changes, so that no older one is taken for it.
_FINGERPRINTS, _INDEX = "fingerprints-2.npy", "films-2.json"
_PIXELS = "films.u8"


@dataclasses.dataclass(frozen=True, eq=False)
class Films:
    """Every readable film of a job at the network's size, read once.

    Attributes:
        samples: The films that could be read, each with its patient, where
            anything tells it, and the SHA-256 of its file.
        pixels: (n, size, size) uint8, in the order of `samples`; stays on disk.
        fingerprints: (n, k) uint8, of their looks.
        unreadable: File -> why it could not be read.
        facts: What each file says of itself.
    """

    samples: tuple[Sample, ...]
    pixels: NDArray[np.uint8]
    fingerprints: NDArray[np.uint8]
    unreadable: dict[str, str]
    facts: tuple[FilmFacts, ...]


@dataclasses.dataclass(frozen=True, eq=False)
class JobFilms:
    """The films of a job that could be read, and how they are used."""

    dataset: Dataset
    split: Split
    films: Films

    def rows(self, name: str) -> NDArray[np.intp]:
        """(n,) rows in the stored films of a part of the split."""
        row_of = {sample.file: row for row, sample in enumerate(self.films.samples)}
        return np.array([row_of[s.file] for s in self.split.part(name)], np.intp)

    def truth(self, name: str) -> NDArray[np.intp]:
        """(n,) the labels of the same, by their place among all."""
        place = {label: i for i, label in enumerate(self.dataset.labels)}
        return np.array([place[s.label] for s in self.split.part(name)], np.intp)


class _Kept(msgspec.Struct):
    """A film that could be read."""

    file: str
    sha256: str
    patient: str
    facts: FilmFacts


class _Index(msgspec.Struct):
    """The films in the file of their pixels, in its order, and why others are not."""

    kept: list[_Kept] = []
    unreadable: dict[str, str] = {}


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
        pattern: Of the patient in a file's name, where nothing else tells it.

    Raises:
        DatasetError: No film can be read.
    """
    pixels_path, index_path = folder / _PIXELS, folder / _INDEX
    if not index_path.exists():

        def keep(
            sample: Sample, film: Radiograph, sha256: str
        ) -> tuple[NDArray[np.uint8], NDArray[np.uint8], _Kept]:
            square = np.rint(to_network_input(film, spec)[0, :, :, 0])
            patient = with_patient(sample, film.facts.patient, pattern)[0].patient
            kept = _Kept(sample.file, sha256, patient, film.facts)
            # Not of the square: the check that made the split took it so.
            return square.astype(np.uint8), fingerprint_of(film), kept

        index = _Index()
        fingerprints: list[NDArray[np.uint8]] = []
        # Written, not mapped: a full disk is then an error and not a crash.
        with open(pixels_path, "wb") as pixels:
            read = read_samples(samples, keep)
            for number, (sample, found) in enumerate(read, start=1):
                if isinstance(found, str):
                    index.unreadable[sample.file] = found
                else:
                    square, looks, kept = found
                    pixels.write(square.tobytes())
                    fingerprints.append(looks)
                    index.kept.append(kept)
                on_film(number)
        with atomic_write(folder / _FINGERPRINTS) as partial:
            np.save(partial, np.array(fingerprints, np.uint8))
        write_json(index_path, index)
    return _stored(samples, spec, folder)


def write_part(
    films: Films, samples: Sequence[Sample], folder: Path
) -> NDArray[np.intp]:
    """Write some of the films as `read_films` writes those that it reads.

    Returns:
        (n,) their rows in `films`; those that could not be read are left out.

    Raises:
        OutputError: They cannot be written.
    """
    wanted = {sample.file for sample in samples}
    found = [row for row, s in enumerate(films.samples) if s.file in wanted]
    rows = np.array(found, np.intp)
    if (folder / _INDEX).exists():
        return rows
    with atomic_write(folder / _PIXELS) as partial, open(partial, "wb") as pixels:
        for row in rows:
            pixels.write(films.pixels[row].tobytes())
    with atomic_write(folder / _FINGERPRINTS) as partial:
        np.save(partial, films.fingerprints[rows])
    kept = [
        _Kept(sample.file, sample.sha256, sample.patient, films.facts[row])
        for row in found
        for sample in [films.samples[row]]
    ]
    unreadable = {f: why for f, why in films.unreadable.items() if f in wanted}
    write_json(folder / _INDEX, _Index(kept, unreadable))
    return rows


def _stored(samples: Sequence[Sample], spec: PreprocessSpec, folder: Path) -> Films:
    """The films that were read into a folder."""
    index = convert(read_json(folder / _INDEX), _Index)
    if not index.kept:
        raise DatasetError(
            "None of the films can be read.",
            hint="The first one: " + next(iter(index.unreadable.values()), ""),
        )
    by_file = {sample.file: sample for sample in samples}
    return Films(
        tuple(
            dataclasses.replace(by_file[k.file], patient=k.patient, sha256=k.sha256)
            for k in index.kept
        ),
        np.memmap(
            folder / _PIXELS,
            np.uint8,
            "r",
            shape=(len(index.kept), spec.size, spec.size),
        ),
        np.load(folder / _FINGERPRINTS),
        index.unreadable,
        tuple(kept.facts for kept in index.kept),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Part:
    """Films of a split, as a phase needs them.

    Attributes:
        rows: (n,) int, their rows in the stored films.
        truth: (n,) int.
        weights: (n,) float32 with mean 1.
    """

    rows: NDArray[np.intp]
    truth: NDArray[np.intp]
    weights: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingFilms:
    """What both phases learn from.

    Attributes:
        pixels: (m, s, s) uint8, the stored films.
        train, val: Those to learn from, and to choose the best epoch on.
    """

    pixels: NDArray[np.uint8]
    train: Part
    val: Part
    classes: int


class TrainingBatches(keras.utils.PyDataset):
    """One epoch of varied films; what weighs more comes oftener, or counts more.

    The films of an epoch depend on the seed and the epoch alone, so a resumed
    job sees the same ones. Keras's threads run ahead of the step.

    Args:
        films: Its training films are drawn from.
        devices: Devices that share a step: the last batch of an epoch is
            filled up with its first films to a multiple of it.
    """

    def __init__(
        self, films: TrainingFilms, config: TrainingConfig, batch: int, devices: int = 1
    ) -> None:
        super().__init__(workers=2, use_multiprocessing=False, max_queue_size=6)
        self._pixels, self._part = films.pixels, films.train
        self._targets = np.eye(films.classes, dtype=np.float32)[films.train.truth]
        self._batch = batch
        self._config = config
        self._devices = devices
        #: In the loss, films are weighted and each comes once an epoch.
        self._in_loss = config.balance_by == "weights"
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> TrainingBatches:
        """Draw the films of an epoch, numbered from 0; itself."""
        self._epoch = epoch
        rng = np.random.default_rng((self._config.seed, epoch))
        weights = self._part.weights
        drawn = draw(np.ones_like(weights) if self._in_loss else weights, rng)
        self._order = _filled_up(drawn, self._devices)
        return self

    # Keras overrides

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], ...]:
        drawn = self._order[index * self._batch : (index + 1) * self._batch]
        rng = np.random.default_rng((self._config.seed, self._epoch, index))
        how = self._config.augmentation
        rows = self._part.rows[drawn]
        films = [vary(self._pixels[row], how, rng) for row in rows]
        batch = np.stack(films)[..., np.newaxis], self._targets[drawn]
        return (*batch, self._part.weights[drawn]) if self._in_loss else batch


class StoredBatches(keras.utils.PyDataset):
    """Films as they are, in order, for validation.

    Args:
        films: Its validation films are given.
        devices: Devices that share a batch: films that fill the last one up to
            a multiple of it follow the n.
    """

    def __init__(self, films: TrainingFilms, batch: int, devices: int = 1) -> None:
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self._pixels = films.pixels
        self._rows = _filled_up(films.val.rows, devices)
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


def logits_of(
    films: Films,
    rows: NDArray[np.intp],
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Logits (n, c) of stored films, a few at a time.

    Args:
        rows: (n,) of the films.
        run: From (m, s, s, 1) float32 in [0, 255] to (m, c) logits.
    """
    batches = [rows[start : start + 16] for start in range(0, len(rows), 16)]
    return np.concatenate(
        [run(films.pixels[b].astype(np.float32)[..., np.newaxis]) for b in batches]
    )
