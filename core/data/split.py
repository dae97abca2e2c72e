"""A split of labelled films that nothing leaks across."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import SPLITS as SPLITS
from core.data.dataset import Dataset, Sample, write_samples
from core.errors import DatasetError
from core.paths import command_name
from core.words import films

#: Ways to split that are tried, and parts into which films are divided at most.
_ATTEMPTS, _MOST_FOLDS = 10, 10


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


def given_split(
    dataset: Dataset, *, leaks_accepted: bool = False
) -> tuple[Split, dict[str, int]] | None:
    """The split that the data itself names.

    Args:
        leaks_accepted: Whether a patient or a group may be in several splits.

    Returns:
        The split and how many films of other split names it leaves out; None
        where the data names no splits.

    Raises:
        DatasetError: A patient or group is in two splits, or a label is missing
            from one.
    """
    named = [sample for sample in dataset.samples if sample.split]
    if not named:
        return None
    left_out = collections.Counter(
        f"split {sample.split or 'not stated'}"
        for sample in dataset.samples
        if sample.split not in SPLITS
    )
    split = split_as(dataset.samples, [sample.split for sample in dataset.samples])
    for name in SPLITS:
        present = {sample.label for sample in split.part(name)}
        for label in dataset.labels:
            if label not in present:
                raise DatasetError(
                    f"The split {name} has no film labelled {label}.",
                    hint=f"Add films, call the splits {', '.join(SPLITS)}, or leave "
                    "the column split empty to have one made.",
                )
    if not leaks_accepted:
        used = [sample for sample in named if sample.split in SPLITS]
        refuse_leaks(used, group_by_pairs(used, ()))
    return split, dict(left_out)


def split_by_group(
    dataset: Dataset,
    groups: NDArray[np.int32],
    *,
    validation: float,
    test: float,
    seed: int,
) -> Split:
    """Split by group, keeping the shares of the labels.

    Args:
        groups: (n,) int32 group numbers, in the order of the samples.

    Raises:
        DatasetError: There are too few groups of a label to split.
    """
    refuse_too_few(groups_per_label(dataset, groups))
    labels = np.array([sample.label for sample in dataset.samples])
    everything = np.arange(len(labels))
    for attempt in range(_ATTEMPTS):
        salt = seed + 2 * attempt
        in_test = _cut(everything, test, labels, groups, salt)
        rest = everything[~in_test]
        in_val = _cut(rest, validation / (1 - test), labels, groups, salt + 1)
        where = np.where(in_test, "test", np.where(in_val, "val", "train"))
        present = set(zip(where.tolist(), labels.tolist(), strict=True))
        if len(present) == len(SPLITS) * len(dataset.labels):
            return split_as(dataset.samples, where.tolist())
    raise DatasetError(
        "No split that keeps together what belongs together gives training, validation "
        "and test films of every label.",
        hint="Films of one patient or copies of one film fill most of a label: "
        "add films of other patients.",
    )


def split_by_fold(
    dataset: Dataset,
    groups: NDArray[np.int32],
    *,
    folds: int,
    validation: float,
    seed: int,
) -> list[Split]:
    """Split by group once for each fold; each film is tested on in one of them.

    Args:
        groups: (n,) int32 group numbers, in the order of the samples.
        validation: Share of the films outside a fold that are chosen on.

    Raises:
        DatasetError: A label has too few groups to be in every fold.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    for label, count in groups_per_label(dataset, groups).items():
        if count < max(folds, len(SPLITS)):
            raise DatasetError(
                f"{label} has {films(count, 'independent')}, too few for {folds} "
                "folds.",
                hint="Choose fewer folds, or add films of other patients.",
            )
    labels = np.array([sample.label for sample in dataset.samples])
    rows = np.arange(len(labels))
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed % 2**32)
    splits = []
    for rest, tested in folder.split(rows, labels, groups):
        where = np.full(len(labels), "train", object)
        where[tested] = "test"
        where[_cut(rest, validation, labels, groups, seed + 1)] = "val"
        splits.append(split_as(dataset.samples, where.tolist()))
    return splits


def groups_per_label(dataset: Dataset, groups: NDArray[np.int32]) -> dict[str, int]:
    """Label -> groups of films that have nothing to do with each other."""
    labels = np.array([sample.label for sample in dataset.samples])
    return {label: len(set(groups[labels == label])) for label in dataset.labels}


def refuse_too_few(per_label: Mapping[str, int]) -> None:
    """Refuse labels of too few groups to be in every split.

    Args:
        per_label: Label -> groups, or as many as there can be at most.

    Raises:
        DatasetError: Names one.
    """
    for label, count in per_label.items():
        if count < len(SPLITS):
            raise DatasetError(
                f"{label} has {films(count, 'independent')}; training, validation "
                "and test need at least one each.",
                hint="Add films of other patients; copies of one film count once.",
            )


def mend_split(dataset: Dataset, groups: NDArray[np.int32]) -> Split | None:
    """The given split, but each group that is in several goes whole to train.

    Args:
        groups: (n,) int32 group numbers, in the order of the samples.

    Returns:
        None where that would leave a split without a film of a label.
    """
    spread: dict[int, set[str]] = collections.defaultdict(set)
    for sample, group in zip(dataset.samples, groups.tolist(), strict=True):
        if sample.split in SPLITS:
            spread[group].add(sample.split)
    where = [
        "train" if sample.split in SPLITS and len(spread[group]) > 1 else sample.split
        for sample, group in zip(dataset.samples, groups.tolist(), strict=True)
    ]
    mended = split_as(dataset.samples, where)
    for name in SPLITS:
        if {sample.label for sample in mended.part(name)} != set(dataset.labels):
            return None
    return mended


def refuse_leaks(samples: Sequence[Sample], groups: NDArray[np.int32]) -> None:
    """Refuse given splits between which films of one group are spread.

    Args:
        groups: (n,) int32 group numbers, in the order of the samples.

    Raises:
        DatasetError: Says how many films, names two, and what to do.
    """
    first: dict[int, Sample] = {}
    spread: dict[int, tuple[Sample, Sample]] = {}
    for sample, group in zip(samples, groups.tolist(), strict=True):
        if sample.split in SPLITS:
            one = first.setdefault(group, sample)
            if one.split != sample.split:
                spread.setdefault(group, (one, sample))
    if spread:
        one, two = next(iter(spread.values()))
        count = len(spread)
        what = (
            "A film or patient is" if count == 1 else f"{count:,} films or patients are"
        )
        raise DatasetError(
            f"{what} in more than one split: {one.file} in {one.split} and {two.file} "
            f"in {two.split}.",
            hint=f"Write a split that groups them with `{command_name()} audit DATA "
            "--group --manifest split.csv` and train on that, or say why they may "
            "stay with --set accept_leaks=REASON.",
        )


def _cut(
    rows: NDArray[np.intp],
    share: float,
    labels: NDArray[np.str_],
    groups: NDArray[np.int32],
    seed: int,
) -> NDArray[np.bool_]:
    """(n,) mask of about a share of the rows, whole groups, every label."""
    from sklearn.model_selection import StratifiedGroupKFold

    pairs = set(zip(labels[rows].tolist(), groups[rows].tolist(), strict=True))
    per_label = collections.Counter(label for label, _ in pairs)
    most = min(_MOST_FOLDS, *per_label.values())
    # 2 of 5 folds come nearer to 0.4 than 1 of 2.
    taken, folds = min(
        ((m, k) for k in range(2, max(2, most) + 1) for m in range(1, k)),
        key=lambda part: (round(abs(part[0] / part[1] - share), 9), part[1]),
    )
    folder = StratifiedGroupKFold(folds, shuffle=True, random_state=seed % 2**32)
    parts = list(folder.split(rows, labels[rows], groups[rows]))[:taken]
    mask = np.zeros(len(labels), bool)
    mask[rows[np.concatenate([chosen for _, chosen in parts])]] = True
    return mask


def split_as(samples: Sequence[Sample], where: Sequence[str]) -> Split:
    """The split that puts each film where it is said to be, if anywhere."""
    parts = {
        name: tuple(s for s, w in zip(samples, where, strict=True) if w == name)
        for name in SPLITS
    }
    return Split(**parts)


def write_manifest(path: Path, split: Split) -> None:
    """Write which film is where, as `write_samples` does, for the record."""
    write_samples(
        path,
        (
            dataclasses.replace(sample, split=name)
            for name in SPLITS
            for sample in split.part(name)
        ),
    )


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


def group_by_pairs(
    samples: Sequence[Sample], alike: Iterable[tuple[int, int]]
) -> NDArray[np.int32]:
    """Number the groups of films that belong together.

    Films of one patient, of one stated group, or that show one picture share a
    number, and so does whatever hangs together through them.

    Returns:
        (n,) int32 group numbers.
    """
    pairs = list(alike)
    first: dict[tuple[str, str], int] = {}
    for i, sample in enumerate(samples):
        for kind, name in (("patient", sample.patient), ("group", sample.group)):
            if name:
                pairs.append((first.setdefault((kind, name), i), i))
    return component_numbers(len(samples), pairs)


def component_numbers(
    count: int, pairs: Iterable[tuple[int, int]]
) -> NDArray[np.int32]:
    """Number the groups of rows that pairs link, directly or by way of others.

    Returns:
        (count,) int32; a row that is in no pair has a number of its own.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.array(list(pairs), int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(rows), bool), (rows, columns)), (count, count))
    _, numbers = connected_components(links, directed=False)
    return np.asarray(numbers, np.int32)
