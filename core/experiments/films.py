"""Which films each training of an experiment learns from and is measured on."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Dataset, Sample, index_dataset
from core.data.reading import read_samples
from core.data.split import SPLITS, Split, split_as
from core.errors import DatasetError
from core.experiments.experiment import OTHER, Arm
from core.files import atomic_write
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import Radiograph
from core.model.bundle import read_bundle
from core.model.lungs import Lungs, lung_finder
from core.paths import default_bundle_dir

#: Room around the lungs, as a share of the film.
_MARGIN = 0.03
#: What cropped films are kept as; networks see fewer pixels.
_SQUARE = PreprocessSpec(512)


def read_split(manifest: Path) -> tuple[Dataset, Split]:
    """The films of a manifest that names their splits."""
    dataset = index_dataset(manifest)
    return dataset, split_as(dataset.samples, [s.split for s in dataset.samples])


def parts_of(arm: Arm, dataset: Dataset, split: Split) -> list[tuple[int, str]]:
    """The trainings of an arm with one seed: a number, and the source that each lacks.

    A source is left out where the others have films of every label to learn from.

    Returns:
        (0, "") alone for an arm that learns from all sources.

    Raises:
        DatasetError: No source can be left out.
    """
    if not arm.unseen:
        return [(0, "")]
    parts = []
    for number, source in enumerate(dataset.sources(), start=1):
        rest = films_for(arm, split, without=source, positive="", seed=0)
        learned = [{s.label for s in part} for part in (rest.train, rest.val)]
        if all(labels == set(dataset.labels) for labels in learned):
            parts.append((number, source))
    if not parts:
        raise DatasetError(
            "There is no source that can be left out with films of every label left "
            "in the others.",
            hint="Name the source of each film in a CSV file, in the column source, "
            "and take films of each label from several sources.",
        )
    return parts


def films_for(
    arm: Arm, split: Split, *, without: str, positive: str, seed: int
) -> Split:
    """The films of one training; those that are tested on are the same for all.

    Args:
        without: Source of which no film is learned from; may be empty.
        positive: Label of `Arm.one_against_rest`.
        seed: Decides which films a share takes; the same for all arms.
    """
    train, val, test = split.train, split.val, split.test
    if without:
        left = {s.group or s.file for s in (*train, *val) if s.source == without}
        train, val = (
            tuple(s for s in part if (s.group or s.file) not in left)
            for part in (train, val)
        )
    if arm.share < 1:
        train = _share_of(train, arm.share, seed)
    parts = [train, val, test]
    if arm.one_against_rest:
        parts = [
            tuple(
                s if s.label == positive else dataclasses.replace(s, label=OTHER)
                for s in part
            )
            for part in parts
        ]
    return Split(*parts)


def _share_of(films: Sequence[Sample], share: float, seed: int) -> tuple[Sample, ...]:
    """A share of the films of each label, in whole groups."""
    order = np.random.default_rng(seed).permutation(len(films))
    place: dict[str, int] = {}
    for at in order.tolist():
        place.setdefault(films[at].group or films[at].file, len(place))
    ordered = sorted(films, key=lambda s: place[s.group or s.file])
    counts = collections.Counter(s.label for s in films)
    wanted = {label: max(1, round(n * share)) for label, n in counts.items()}
    taken: collections.Counter[str] = collections.Counter()
    groups = set()
    for sample in ordered:
        group = sample.group or sample.file
        if group in groups or taken[sample.label] < wanted[sample.label]:
            groups.add(group)
            taken[sample.label] += 1
    return tuple(s for s in films if (s.group or s.file) in groups)


def crop_films(split: Split, folder: Path, on_film: Callable[[int], None]) -> int:
    """Write every film cropped to its lungs, as a grey PNG.

    A film in which no lungs are found stays whole.

    Returns:
        How many films stayed whole.

    Raises:
        DatasetError: A film cannot be read any more, or there is no lung network.
        OutputError: They cannot be written.
    """
    finder = lung_finder(read_bundle(default_bundle_dir()), for_many=True)
    if finder is None:
        raise DatasetError(
            "The model that comes with the program cannot find lungs.",
            hint="Install it again, or make a model that can with `train-lungs`.",
        )
    names = _names(split)
    whole = 0

    def crop(sample: Sample, film: Radiograph, sha256: str) -> bool:
        lungs = finder.find(film)
        _, png = cv2.imencode(".png", cropped(film, lungs))
        with atomic_write(folder / names[sample.file]) as partial:
            partial.write_bytes(png.tobytes())
        return not lungs.mask.any()

    every = (*split.train, *split.val, *split.test)
    for done, (sample, is_whole) in enumerate(read_samples(every, crop), start=1):
        if isinstance(is_whole, str):
            raise DatasetError(
                f"{sample.file} cannot be cropped: {is_whole}",
                hint="Put the film back as it was, or begin a new experiment.",
            )
        whole += is_whole
        on_film(done)
    return whole


def cropped_split(split: Split, folder: Path) -> Split:
    """The films that `crop_films` wrote, in the same order."""
    names = _names(split)
    parts = (
        tuple(
            dataclasses.replace(s, file=names[s.file], path=path, sha256="")
            for s in split.part(name)
            for path in [folder / names[s.file]]
        )
        for name in SPLITS
    )
    return Split(*parts)


def _names(split: Split) -> dict[str, str]:
    """File -> name of the cropped film; in the order of the films, as rows are."""
    every = (sample.file for name in SPLITS for sample in split.part(name))
    return {file: f"{n:06d}.png" for n, file in enumerate(sorted(every))}


def cropped(film: Radiograph, lungs: Lungs) -> NDArray[np.uint8]:
    """The rectangle around the lungs, as a square; all of it where there are none.

    Films become squares before a network sees them, in any case.
    """
    pixels = film.pixels
    height, width = pixels.shape
    down, across = (np.flatnonzero(lungs.mask.any(axis=axis)) for axis in (1, 0))
    if len(down):
        side = len(lungs.mask)
        low, high = -_MARGIN, 1 / side + _MARGIN
        top, bottom = down[0] / side + low, down[-1] / side + high
        left, right = across[0] / side + low, across[-1] / side + high
        pixels = pixels[
            max(0, int(top * height)) : int(bottom * height) + 1,
            max(0, int(left * width)) : int(right * width) + 1,
        ]
    square = to_network_input(dataclasses.replace(film, pixels=pixels), _SQUARE)
    return np.rint(square[0, :, :, 0]).astype(np.uint8)
