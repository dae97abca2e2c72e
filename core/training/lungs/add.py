"""A bundle -> the same bundle with a network that finds the lungs."""

from __future__ import annotations

import collections
import dataclasses
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample, index_dataset
from core.data.split import SPLITS
from core.errors import DatasetError
from core.evaluation.metrics import Resamples, with_interval
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle, extend_bundle
from core.model.lungs import LUNG_GRAPH, LUNG_WEIGHTS, SPEC, THRESHOLD, LungFinder
from core.training.export import write_graph
from core.training.lungs.network import Pixels, build_lung_network, fit_lung_network
from core.training.seeds import begin_phase

EPOCHS: Final = 80
_MIN_FILMS: Final = 8


@dataclasses.dataclass(frozen=True, eq=False)
class MaskedFilm:
    """A film whose lungs somebody drew.

    Attributes:
        film: (256, 256) uint8.
        mask: (256, 256) uint8, 0 or 255.
    """

    sample: Sample
    film: Pixels
    mask: Pixels


def add_lungs(
    bundle: ModelBundle,
    data: Path,
    masks: Path,
    out: Path,
    *,
    epochs: int = EPOCHS,
    seed: int = 0,
    on_epoch: Callable[[int, float], None] = lambda done, loss: None,
) -> ModelBundle:
    """Train a lung network and put it into a copy of a bundle.

    The figures are those of the exported graph. Films of the split "test" are read
    for them alone, and those of "val" too: nothing is chosen on either.

    Args:
        data: A manifest with splits that keep a patient in one of them, or a folder
            with a subfolder per label, all of whose films are trained on.
        masks: Folder of PNG files, each named as its film is, 0 outside the lungs.
        out: Folder to make.
        on_epoch: Called with the epochs done and the loss; may raise to stop.

    Raises:
        DatasetError: There are too few films with masks.
        ImageReadError: One of them cannot be read.
        TrainingError: The network cannot be exported.
        OutputError: The bundle cannot be written.
    """
    films = read_masked_films(data, masks)
    parts = {
        name: [film for film in films if (film.sample.split or "train") == name]
        for name in SPLITS
    }
    train = parts["train"]
    if len(train) < _MIN_FILMS:
        raise DatasetError(
            f"Only {len(train)} films to train on have a mask in {masks.name}.",
            hint=f"At least {_MIN_FILMS} are needed; a mask is a PNG file with the "
            "name of its film.",
        )
    begin_phase(seed, "start")
    network = build_lung_network()
    fit_lung_network(
        network,
        [each.film for each in train],
        [each.mask for each in train],
        epochs=epochs,
        seed=seed,
        on_epoch=on_epoch,
    )
    with tempfile.TemporaryDirectory(prefix="hilum-lungs-") as folder:
        graph = Path(folder) / LUNG_GRAPH
        write_graph(network, graph, half=True, outputs=())
        finder = LungFinder(graph, name=graph.name)
        record: dict[str, Any] = {
            "films": {name: len(part) for name, part in parts.items()},
            "epochs": epochs,
            "seed": seed,
            "weights": network.count_params(),
        }
        for name in ("val", "test"):
            if parts[name]:
                record[name] = measure_lungs(finder, parts[name])
        files = {LUNG_GRAPH: graph, LUNG_WEIGHTS: graph.with_suffix(".bin")}
        return extend_bundle(bundle, out, "lungs", record, files)


def lungs_in_words(record: Mapping[str, Any]) -> str:
    """What `add_lungs` noted on a card, as sentences."""
    films = record["films"]
    said = [f"Trained on the lungs of {films['train']:,} films."]
    for split, title in (("val", "validation"), ("test", "test")):
        if split in record:
            figures = record[split]
            dice, (low, high) = figures["dice"], figures["dice_ci"]
            said.append(
                f"On {films[split]:,} {title} films: Dice {dice:.3f} "
                f"({low:.3f} to {high:.3f}), IoU {figures['iou']:.3f}."
            )
    return " ".join(said)


def read_masked_films(data: Path, masks: Path) -> list[MaskedFilm]:
    """Read the films of some data that have a mask.

    Raises:
        DatasetError: The data cannot be understood, or a mask has another shape
            than its film.
        ImageReadError: A film or a mask cannot be read.
    """
    # Not as a method of `masks`, which fails for names that no system takes.
    names = sorted(os.listdir(masks)) if os.path.isdir(masks) else []
    pictures = [name for name in names if name.lower().endswith(".png")]
    by_stem = {Path(name).stem: masks / name for name in pictures}
    samples = index_dataset(data).samples
    stems = collections.Counter(sample.path.stem for sample in samples)
    read = []
    for sample in samples:
        stem = sample.path.stem
        if stem in by_stem and stems[stem] == 1:
            read.append(_read(sample, by_stem[stem]))
    return read


def measure_lungs(finder: LungFinder, films: Sequence[MaskedFilm]) -> dict[str, Any]:
    """Dice and intersection over union with their intervals, mean over the films.

    The intervals resample patients where they are known, else groups.
    """
    found = [
        finder.probabilities(each.film[np.newaxis, ..., np.newaxis].astype(np.float32))
        for each in films
    ]
    both = [
        overlap(probability[0] >= THRESHOLD, each.mask > 0)
        for probability, each in zip(found, films, strict=True)
    ]
    groups = [e.sample.patient or e.sample.group or e.sample.file for e in films]
    resamples = Resamples.by_group(groups, seed=0, count=1000)
    told: dict[str, Any] = {"n": len(films)}
    for name, values in zip(("dice", "iou"), np.array(both).T, strict=True):
        drawn = [values[rows].mean() for rows in resamples.rows]
        told |= with_interval(name, float(values.mean()), drawn)
    return told


def overlap(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Dice coefficient and intersection over union of two masks; 1 if both are empty.

    Source:
        Dice, Ecology 26, 1945; Jaccard, 1901.
    """
    both, each = int((found & truth).sum()), int(found.sum() + truth.sum())
    if not each:
        return 1.0, 1.0
    return 2 * both / each, both / (each - both)


def _read(sample: Sample, mask_path: Path) -> MaskedFilm:
    film, mask = read_radiograph(sample.path), read_radiograph(mask_path)
    # A film that is turned by its file's tags would no longer lie on its mask.
    ratios = [f.pixels.shape[1] / f.pixels.shape[0] for f in (film, mask)]
    if abs(ratios[0] - ratios[1]) > 0.02 * ratios[0]:
        raise DatasetError(
            f"The mask {mask_path.name} has another shape than its film.",
            hint="A mask shows the whole film, as its file shows it.",
        )
    pixels, drawn = (to_network_input(each, SPEC)[0, ..., 0] for each in (film, mask))
    inside = (drawn >= 128).astype(np.uint8) * 255
    return MaskedFilm(sample, pixels.round().astype(np.uint8), inside)
