"""Phantoms: drawn chest films, for tests and as samples, where no real film may be.

A phantom is a schematic frontal film. Its anatomy (body, lungs, heart, bones,
vessels) and its exposure come from the seed alone, its opacities from the seed and
the label, so `draw_phantom("normal", 7)` is `draw_phantom("covid", 7)` without the
disease: what differs between the two is exactly the finding.

`normal` has clear lungs, `pneumonia` one dense focus in one lung, and `covid` several
faint patches in both, near the chest wall and the bases. That is how the textbooks draw
the three, and no more than that: nothing about disease can be learned here.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.phantom_anatomy import (
    SIDES,
    Anatomy,
    Canvas,
    Layer,
    blob,
    draw_bones,
    draw_heart,
    draw_soft_tissue,
    draw_vessels,
    lung_outline,
    random_anatomy,
    random_pose,
    wall,
)

LABELS = ("covid", "pneumonia", "normal")
SPLITS = ("train", "val", "test")
SAMPLES_DIR = Path(__file__).resolve().parent.parent / "resources" / "samples"
SAMPLE_PX = 768
# Seeds whose films show their finding plainly, chosen by eye.
SAMPLE_SEEDS = {"covid": (10, 13), "pneumonia": (20, 24), "normal": (31, 33)}


def draw_phantom(label: str, seed: int, size: int = 512) -> NDArray[np.uint8]:
    """Draw one film; the same arguments always give the same pixels.

    Args:
        label: one of `LABELS`.
        seed: 0 or more; names the patient and the exposure.
        size: height and width, at least 32.

    Returns:
        (size, size) uint8, bright = dense.

    Raises:
        ValueError: the label is unknown or the size too small.
    """
    if label not in LABELS:
        raise ValueError(f"label must be one of {LABELS}. Received: {label!r}")
    if size < 32:
        raise ValueError(f"size must be at least 32. Received: {size}")
    rng = np.random.default_rng(seed)
    anatomy = random_anatomy(rng)
    canvas = Canvas(size, random_pose(rng))
    lungs = _draw_lungs(canvas, anatomy)
    heart = draw_heart(canvas, anatomy)
    air = lungs[0] + lungs[1]
    density = draw_soft_tissue(canvas, anatomy, rng)
    density *= 1 - air * (0.86 - 0.62 * heart)
    density += 0.15 * heart + draw_bones(canvas, anatomy, rng)
    density += air * (1 - 0.8 * heart) * draw_vessels(canvas, rng)
    # A generator of its own: the opacities must not move what is drawn after them.
    findings = np.random.default_rng([seed, LABELS.index(label)])
    density += _OPACITIES[label](canvas, anatomy, lungs, findings)
    return _expose(canvas, density, rng)


def draw_lung_mask(seed: int, size: int = 512) -> NDArray[np.uint8]:
    """Where the lungs of a phantom are.

    Returns:
        (size, size) uint8, 255 in a lung, 0 outside.
    """
    rng = np.random.default_rng(seed)
    anatomy = random_anatomy(rng)
    lungs = _draw_lungs(Canvas(size, random_pose(rng)), anatomy)
    return ((lungs[0] + lungs[1]) > 0.5).astype(np.uint8) * 255


def _draw_lungs(canvas: Canvas, anatomy: Anatomy) -> tuple[Layer, ...]:
    return tuple(canvas.fill(lung_outline(anatomy, s), blur=0.012) for s in SIDES)


def write_phantom_set(
    folder: Path, per_label: int, size: int = 256, seed: int = 0
) -> Path:
    """Write a labelled set of films and the manifest that splits it.

    Every third patient has two films. Splits are by patient, about 60, 20 and 20 in
    a hundred, and each holds every label.

    Args:
        folder: made if absent; receives `<label>/<label>_0001.png` and so on.
        per_label: films of each label, at least 3.
        size: height and width of the films.
        seed: 0 or more; sets with different seeds share no film.

    Returns:
        The manifest, `<folder>/manifest.csv`, with the columns `file, label, patient,
        source, split`; files are relative to it.

    Raises:
        ValueError: there would be too few films to split.
    """
    if per_label < 3:
        raise ValueError(f"per_label must be at least 3. Received: {per_label}")
    rows: list[dict[str, str]] = []
    for number, label in enumerate(LABELS):
        (folder / label).mkdir(parents=True, exist_ok=True)
        patients = _patients(per_label)
        splits = _splits(patients)
        for i, patient in enumerate(patients):
            name = f"{label}/{label}_{i + 1:04d}.png"
            film_seed = (seed * len(LABELS) + number) * 100_000 + i
            _write_png(folder / name, draw_phantom(label, film_seed, size))
            rows.append(
                {
                    "file": name,
                    "label": label,
                    "patient": f"{label}-{patient:04d}",
                    "source": f"phantom-{'ab'[patient % 2]}",
                    "split": splits[patient],
                }
            )
    manifest = folder / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return manifest


def samples() -> list[tuple[str, str, int]]:
    """List the sample films of the application: file name, label and seed."""
    return [
        (f"phantom-{label}-{number}.png", label, seed)
        for label, seeds in SAMPLE_SEEDS.items()
        for number, seed in enumerate(seeds, start=1)
    ]


def write_samples(folder: Path) -> None:
    """Write the sample films of the application."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, label, seed in samples():
        _write_png(folder / name, draw_phantom(label, seed, SAMPLE_PX))


_Lungs = tuple[Layer, ...]


def _no_opacity(
    canvas: Canvas, anatomy: Anatomy, lungs: _Lungs, rng: np.random.Generator
) -> Layer:
    return np.zeros((canvas.size, canvas.size), np.float32)


def _consolidation(
    canvas: Canvas, anatomy: Anatomy, lungs: _Lungs, rng: np.random.Generator
) -> Layer:
    """One dense focus in one lung, crossed by air-filled bronchi."""
    lung = int(rng.integers(2))
    side, base = SIDES[lung], anatomy.domes[lung]
    y = (-0.40, -0.05, base - 0.12)[rng.integers(3)] + rng.uniform(-0.06, 0.06)
    behind_heart = side > 0 and y > 0  # would hide the focus
    x = side * wall(anatomy, y) * rng.uniform(0.45, 0.68)
    x += 0.12 * behind_heart
    radius = rng.uniform(0.22, 0.30)
    focus = canvas.fill(blob(rng, (x, y), radius), 0.05)
    bronchi = []
    for heading in rng.uniform(-0.9, 0.9, 5):
        end = (x + 0.8 * radius * side * np.cos(heading), y + radius * np.sin(heading))
        bronchi.append([(x - 0.6 * radius * side, y), end])
    texture = 1 + 0.12 * canvas.noise(rng, 0.06)
    air = 1 - 0.18 * canvas.strokes(bronchi, 0.014, 0.006)
    return rng.uniform(0.65, 0.90) * lungs[lung] * focus * texture * air


def _ground_glass(
    canvas: Canvas, anatomy: Anatomy, lungs: _Lungs, rng: np.random.Generator
) -> Layer:
    """Several faint patches in both lungs, near the wall and the base."""
    haze = np.zeros((canvas.size, canvas.size), np.float32)
    for lung, side in enumerate(SIDES):
        for y in np.linspace(-0.2, anatomy.domes[lung] + 0.08, rng.integers(3, 6)):
            y = float(y + rng.normal(0, 0.05))
            x = side * rng.uniform(0.70, 0.95) * wall(anatomy, y)
            patch = canvas.fill(blob(rng, (x, y), rng.uniform(0.09, 0.16)), 0.035)
            haze += rng.uniform(0.22, 0.36) * lungs[lung] * patch
    texture = 1 + 0.22 * canvas.noise(rng, 0.045)
    return np.minimum(haze, 0.45) * texture


_OPACITIES: dict[
    str, Callable[[Canvas, Anatomy, _Lungs, np.random.Generator], Layer]
] = {
    "covid": _ground_glass,
    "pneumonia": _consolidation,
    "normal": _no_opacity,
}


def _expose(
    canvas: Canvas, density: Layer, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn thickness into grey: absorption, uneven beam, contrast, a little grain."""
    absorbed = 1 - np.exp(-rng.uniform(1.1, 1.6) * np.maximum(density, 0))
    ramp = np.linspace(-1, 1, canvas.size, dtype=np.float32)
    tilt = rng.normal(0, 0.03) * ramp + rng.normal(0, 0.03) * ramp[:, None]
    # Scatter makes even empty air differ from film to film, so that a search for near
    # duplicates tells two drawn patients apart.
    scatter = 0.016 * canvas.noise(rng, 0.12)
    black, white = rng.uniform(-0.08, 0.02), rng.uniform(0.88, 1.02)
    grey = np.clip((absorbed + tilt + scatter - black) / (white - black), 0, 1)
    grey = grey ** rng.uniform(0.8, 1.3)
    grain = rng.standard_normal(grey.shape).astype(np.float32)
    film: NDArray[np.uint8] = np.clip(255 * grey + 0.5 * grain, 0, 255).astype(np.uint8)
    return film


def _patients(films: int) -> list[int]:
    """Number the patient of each film: every third has two, but never the first."""
    patients: list[int] = []
    while len(patients) < films:
        patient = patients[-1] + 1 if patients else 0
        patients += [patient, patient] if patient % 3 == 2 else [patient]
    return patients[:films]


def _splits(patients: Sequence[int]) -> dict[int, str]:
    """Give each patient a split, keeping each split's share as even as it goes."""
    goal = {"train": 0.6, "val": 0.2, "test": 0.2}
    filled = dict.fromkeys(SPLITS, 0)
    split_of: dict[int, str] = {}
    for patient in patients:
        if patient not in split_of:
            split_of[patient] = min(SPLITS, key=lambda s: filled[s] / goal[s])
        filled[split_of[patient]] += 1
    return split_of


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Encode in memory: OpenCV cannot write every path on every system."""
    _, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    path.write_bytes(data.tobytes())


def main() -> None:
    """Write the samples, or a set for trying the trainer."""
    parser = argparse.ArgumentParser(
        "python -m tests.phantoms", description=main.__doc__
    )
    parser.add_argument("--samples", action="store_true", help="resources/samples")
    parser.add_argument("--set", type=Path, metavar="FOLDER", help="a labelled set")
    parser.add_argument("--per-label", type=int, default=30)
    options = parser.parse_args()
    if not options.samples and options.set is None:
        parser.error("say --samples, or --set FOLDER")
    if options.samples:
        write_samples(SAMPLES_DIR)
    if options.set is not None:
        write_phantom_set(options.set, options.per_label)


if __name__ == "__main__":
    main()
