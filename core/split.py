"""A split of labelled films that nothing leaks across."""

from __future__ import annotations

import collections
import csv
import dataclasses
import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.dataset import COLUMNS, Dataset, Sample
from core.errors import DatasetError
from core.images import Radiograph
from core.paths import atomic_write

SPLITS = ("train", "val", "test")

#: Bits of 256 in which the difference hashes of two films of one group differ
#: at most.
NEAR_DUPLICATE_BITS = 24


@dataclasses.dataclass(frozen=True)
class Split:
    """Films to train on, to choose on, and to report on. No group is in two."""

    train: tuple[Sample, ...]
    val: tuple[Sample, ...]
    test: tuple[Sample, ...]

    def part(self, name: str) -> tuple[Sample, ...]:
        """The films of "train", "val" or "test"."""
        parts: tuple[Sample, ...] = getattr(self, name)
        return parts

    def sha256(self) -> str:
        """Hash of which film is where, whatever the order."""
        lines = sorted(
            f"{name}\t{sample.file}\t{sample.label}"
            for name in SPLITS
            for sample in self.part(name)
        )
        return hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()


def given_split(dataset: Dataset) -> tuple[Split, dict[str, int]] | None:
    """The split that the data itself names.

    Returns:
        The split and how many films of other split names it leaves out; None
        where the data names no splits.

    Raises:
        DatasetError: A patient, group or film is in two splits, or a label
            is missing from one.
    """
    named = [sample for sample in dataset.samples if sample.split]
    if not named:
        return None
    left_out = collections.Counter(
        f"split {sample.split or 'not stated'}"
        for sample in dataset.samples
        if sample.split not in SPLITS
    )
    parts = {
        name: tuple(s for s in dataset.samples if s.split == name) for name in SPLITS
    }
    split = Split(**parts)
    check_split(split, dataset.labels)
    return split, dict(left_out)


def make_split(
    dataset: Dataset,
    hashes: NDArray[np.uint8],
    *,
    validation: float,
    test: float,
    seed: int,
) -> Split:
    """Split by patient and near-duplicate, keeping the shares of the labels.

    Args:
        hashes: (n, 32) uint8 difference hashes, in the order of the samples.
        validation, test: Shares of the films.
        seed: Of the shuffle.

    Raises:
        DatasetError: There are too few groups of a label to split.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    groups = group_samples(dataset.samples, hashes)
    labels = np.array([sample.label for sample in dataset.samples])
    per_label = {label: len(set(groups[labels == label])) for label in dataset.labels}
    for label, count in per_label.items():
        if count < 3:
            raise DatasetError(
                f"There are {count} independent films labelled {label}; "
                "training, validation and test need at least one each.",
                hint="Add films of other patients; copies of one film count once.",
            )

    def cut(rows: NDArray[np.intp], share: float, salt: int) -> NDArray[np.bool_]:
        folds = max(2, min(round(1 / share), *_group_counts(labels, groups, rows)))
        folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + salt)
        _, chosen = next(folder.split(rows, labels[rows], groups[rows]))
        mask = np.zeros(len(labels), bool)
        mask[rows[chosen]] = True
        return mask

    everything = np.arange(len(labels))
    in_test = cut(everything, test, 0)
    in_val = cut(everything[~in_test], validation / (1 - test), 1)
    where = np.where(in_test, "test", np.where(in_val, "val", "train"))
    parts = {
        name: tuple(s for s, w in zip(dataset.samples, where, strict=True) if w == name)
        for name in SPLITS
    }
    split = Split(**parts)
    check_split(split, dataset.labels)
    return split


def group_samples(
    samples: Sequence[Sample], hashes: NDArray[np.uint8]
) -> NDArray[np.int32]:
    """Number the groups of films that belong together.

    Films of one patient, one stated group, or whose hashes differ in at most
    `NEAR_DUPLICATE_BITS` bits share a number, and so does whatever hangs
    together through them.

    Args:
        hashes: (n, 32) uint8.

    Returns:
        (n,) int32 group numbers.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = list(_near_pairs(hashes))
    first: dict[tuple[str, str], int] = {}
    for i, sample in enumerate(samples):
        for kind, name in (("patient", sample.patient), ("group", sample.group)):
            if name:
                pairs.append((first.setdefault((kind, name), i), i))
    n = len(samples)
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    _, numbers = connected_components(links, directed=False)
    return np.asarray(numbers, np.int32)


def difference_hash(film: Radiograph) -> NDArray[np.uint8]:
    """Sum up a film in 256 bits that survive resizing and re-compression.

    Returns:
        (32,) uint8: whether each of 16 x 16 cells is darker than the next to
        its right.
    """
    import cv2

    small = cv2.resize(film.to_uint8(), (17, 16), interpolation=cv2.INTER_AREA)
    return np.packbits(small[:, 1:] > small[:, :-1])


def check_split(split: Split, labels: Iterable[str]) -> None:
    """Refuse a split that leaks or lacks a label.

    Raises:
        DatasetError: Says what is wrong and with which films.
    """
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for name in SPLITS:
        present = {sample.label for sample in split.part(name)}
        for label in labels:
            if label not in present:
                raise DatasetError(
                    f"The split {name} has no film labelled {label}.",
                    hint="Add films, or leave the split column empty to have one made.",
                )
        for sample in split.part(name):
            for kind in ("file", "patient", "group"):
                key = (kind, getattr(sample, kind))
                where, file = seen.setdefault(key, (name, sample.file))
                if key[1] and where != name:
                    raise DatasetError(
                        f"The {kind} {key[1]} is in the splits {where} and {name} "
                        f"({file} and {sample.file}).",
                        hint="Put all films of a patient or group into one split.",
                    )


def balanced_weights(
    samples: Sequence[Sample], balance: str, heaviest: float
) -> NDArray[np.float32]:
    """Weigh films so that labels, and sources within a label, count the same.

    Args:
        balance: "none", "labels" or "labels-and-sources".
        heaviest: Most that one film may weigh compared with the mean of its
            label, before what the cap took is spread over the label again.

    Returns:
        (n,) float32 with mean 1.
    """
    weights = np.ones(len(samples), np.float64)
    if balance == "none":
        return weights.astype(np.float32)
    labels = np.array([sample.label for sample in samples])
    sources = np.array([sample.source for sample in samples])
    for label in set(labels):
        rows = labels == label
        if balance == "labels-and-sources":
            for source in set(sources[rows]):
                mine = rows & (sources == source)
                weights[mine] = 1.0 / mine.sum()
            weights[rows] /= weights[rows].mean()
            weights[rows] = np.minimum(weights[rows], heaviest)
        weights[rows] /= weights[rows].sum()
    return np.asarray(weights / weights.mean(), np.float32)


def write_manifest(path: Path, split: Split) -> None:
    """Write which film is where, with absolute paths, for the record.

    Raises:
        OutputError: It cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name in SPLITS:
        for s in split.part(name):
            row = (s.path.resolve(), s.label, s.patient, s.group, s.source, name)
            writer.writerow(row)
    with atomic_write(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8", newline="")


def summarise(split: Split) -> dict[str, dict[str, int]]:
    """Films per split, and per "label, source" within it."""
    counts: dict[str, dict[str, int]] = {}
    for name in SPLITS:
        part = split.part(name)
        tally = collections.Counter(
            f"{s.label}, {s.source}" if s.source else s.label for s in part
        )
        counts[name] = {"all": len(part), **dict(sorted(tally.items()))}
    return counts


def _near_pairs(hashes: NDArray[np.uint8]) -> Iterable[tuple[int, int]]:
    words = np.ascontiguousarray(hashes).view(np.uint64)
    for i in range(len(words) - 1):
        apart = np.bitwise_count(words[i + 1 :] ^ words[i]).sum(axis=1)
        for j in np.flatnonzero(apart <= NEAR_DUPLICATE_BITS):
            yield i, i + 1 + int(j)


def _group_counts(
    labels: NDArray[np.str_], groups: NDArray[np.int32], rows: NDArray[np.intp]
) -> list[int]:
    return [
        len(set(groups[rows][labels[rows] == label])) for label in set(labels[rows])
    ]
