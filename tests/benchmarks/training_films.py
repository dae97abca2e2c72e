"""The labelled films that training is measured with: real ones, else drawn ones."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample, index_dataset
from core.data.film_weights import balanced_weights
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.runs.config import TrainingConfig
from tests.benchmarks.machine import real_films_dir
from tests.phantoms import draw_phantom

LABELS = ("covid", "normal", "pneumonia")
_DRAWN_SIDE = 320


@dataclasses.dataclass(frozen=True, eq=False)
class StoredFilms:
    """Films decoded at the network's size, those to train on first.

    Attributes:
        pixels: (n, s, s) uint8.
        truth: (n,) int, numbers of `LABELS`.
        weights: (n,) float32, mean 1 in each split.
        train: How many are to train on; the rest is for validation.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.intp]
    weights: NDArray[np.float32]
    train: int


def choose_films(folder: Path, counts: Mapping[str, int]) -> Path:
    """Choose films, the labels in equal parts, and list them.

    Real films keep the split that they are in, so that no patient is in two.

    Args:
        folder: Takes the manifest and, without real films, drawn ones.
        counts: Split -> number of films.

    Returns:
        The manifest: a CSV with `file, label, source, split`.
    """
    samples: list[Sample] = []
    real = _real_films()
    rng = np.random.default_rng(2020)
    for split, count in counts.items():
        for number, label in enumerate(LABELS):
            wanted = len(range(number, count, len(LABELS)))
            if real is None:
                samples += _drawn(folder, label, split, wanted)
                continue
            known = [s for s in real.samples if (s.label, s.split) == (label, split)]
            taken = rng.permutation(len(known))[:wanted]
            samples += [known[row] for row in taken]
    manifest = folder / "films.csv"
    with open(manifest, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label", "source", "split"))
        writer.writerows((s.path, s.label, s.source, s.split) for s in samples)
    return manifest


def kind() -> str:
    """What the films are: "real" or "drawn"."""
    return "drawn" if _real_films() is None else "real"


def store_films(manifest: Path, target: Path, size: int = 224) -> None:
    """Decode the films to train and validate on into one file, as a job does."""
    dataset = index_dataset(manifest, LABELS)
    config = TrainingConfig()
    chosen: list[Sample] = []
    weights: list[NDArray[np.float32]] = []
    for split in ("train", "val"):
        part = [sample for sample in dataset.samples if sample.split == split]
        if part:
            weights.append(balanced_weights(part, config.balance, config.heaviest))
        chosen += part
    np.savez(
        target,
        pixels=_decoded(chosen, size),
        truth=np.array([LABELS.index(sample.label) for sample in chosen], np.intp),
        weights=np.concatenate(weights),
        train=len(weights[0]),
    )


def load_films(path: Path) -> StoredFilms:
    """The films that `store_films` wrote."""
    with np.load(path) as stored:
        return StoredFilms(
            stored["pixels"], stored["truth"], stored["weights"], int(stored["train"])
        )


def _real_films() -> Dataset | None:
    manifest = real_films_dir() / "manifest.csv"
    return index_dataset(manifest, LABELS) if manifest.is_file() else None


def _drawn(folder: Path, label: str, split: str, count: int) -> list[Sample]:
    # Apart by split, so that no film is in two.
    first = 10_000 * ("train", "val", "test").index(split)
    samples = []
    for seed in range(first, first + count):
        path = folder / f"{label}-{seed}.png"
        path.write_bytes(
            cv2.imencode(".png", draw_phantom(label, seed, _DRAWN_SIDE))[1].tobytes()
        )
        samples.append(Sample(path.name, path, label, split=split))
    return samples


def _decoded(samples: Sequence[Sample], size: int) -> NDArray[np.uint8]:
    spec = PreprocessSpec(size=size)
    squares = [to_network_input(read_radiograph(s.path), spec) for s in samples]
    whole: NDArray[np.uint8] = np.rint(np.concatenate(squares)[..., 0]).astype(np.uint8)
    return whole
