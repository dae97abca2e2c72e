from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.phantoms import (
    LABELS,
    SAMPLE_PX,
    SAMPLES_DIR,
    SPLITS,
    draw_phantom,
    samples,
    write_phantom_set,
)

_SEEDS = range(8)


def _opacity(label: str, seed: int, size: int = 128) -> np.ndarray:
    """What the label adds to the clear film of the same seed."""
    clear = draw_phantom("normal", seed, size).astype(float)
    return draw_phantom(label, seed, size) - clear


def _sides(opacity: np.ndarray) -> tuple[float, float]:
    half = opacity.shape[1] // 2
    return opacity[:, :half].sum(), opacity[:, half:].sum()


def _patches(opacity: np.ndarray) -> int:
    smooth = cv2.GaussianBlur(opacity, (0, 0), 3)
    dense = (smooth > 0.4 * smooth.max()).astype(np.uint8)
    return cv2.connectedComponents(dense)[0] - 1  # the first is the background


def _rows(manifest: Path) -> list[dict[str, str]]:
    with manifest.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_set(tmp_path_factory.mktemp("set"), per_label=10, size=64)


@pytest.mark.parametrize("label", LABELS)
def test_the_same_arguments_give_the_same_film(label: str) -> None:
    film = draw_phantom(label, 3, 96)

    assert film.shape == (96, 96)
    assert film.dtype == np.uint8
    assert np.array_equal(film, draw_phantom(label, 3, 96))


def test_another_seed_gives_another_patient() -> None:
    first, second = (draw_phantom("normal", seed, 96).astype(int) for seed in (1, 2))

    assert np.abs(first - second).mean() > 5


def test_a_phantom_looks_alike_at_every_size() -> None:
    small = draw_phantom("covid", 5, 128).astype(float)
    large = draw_phantom("covid", 5, 512)

    shrunk = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)

    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("seed", _SEEDS)
def test_pneumonia_is_in_one_lung(seed: int) -> None:
    weaker, stronger = sorted(_sides(_opacity("pneumonia", seed)))

    assert stronger > 20 * max(weaker, 0)


@pytest.mark.parametrize("seed", _SEEDS)
def test_covid_is_in_both_lungs(seed: int) -> None:
    weaker, stronger = sorted(_sides(_opacity("covid", seed)))

    assert weaker > stronger / 5


@pytest.mark.parametrize("seed", _SEEDS)
def test_pneumonia_is_one_focus_and_covid_several_patches(seed: int) -> None:
    assert _patches(_opacity("pneumonia", seed)) == 1
    assert _patches(_opacity("covid", seed)) > 1


def test_lungs_are_darker_than_what_surrounds_them() -> None:
    for seed in _SEEDS:
        film = draw_phantom("normal", seed, 128)
        middle = film[50:70]

        spine = middle[:, 58:70].mean()

        assert middle[:, 32:44].mean() < 0.75 * spine
        assert middle[:, 84:96].mean() < 0.75 * spine


@pytest.mark.slow
def test_brightness_alone_does_not_tell_the_labels_apart() -> None:
    means = {
        label: [draw_phantom(label, seed, 64).mean() for seed in range(n, n + 40)]
        for label, n in zip(LABELS, (0, 1000, 2000), strict=True)
    }

    spread = np.ptp([np.mean(values) for values in means.values()])

    assert spread < min(np.std(values) for values in means.values())


def test_unknown_labels_and_tiny_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="Received: 'flu'"):
        draw_phantom("flu", 0)
    with pytest.raises(ValueError, match="Received: 8"):
        draw_phantom("covid", 0, 8)


def test_a_set_holds_the_films_its_manifest_names(manifest: Path) -> None:
    rows = _rows(manifest)

    assert list(rows[0]) == ["file", "label", "patient", "source", "split"]
    assert rows[0]["file"] == "covid/covid_0001.png"
    assert [row["label"] for row in rows] == [x for x in LABELS for _ in range(10)]
    for row in rows:
        film = cv2.imread(str(manifest.parent / row["file"]), cv2.IMREAD_UNCHANGED)
        assert film.shape == (64, 64)


def test_no_two_films_of_a_set_are_the_same(manifest: Path) -> None:
    films = [(manifest.parent / row["file"]).read_bytes() for row in _rows(manifest)]

    assert len(set(films)) == len(films)


def test_every_split_holds_every_label(manifest: Path) -> None:
    rows = _rows(manifest)

    assert {(row["label"], row["split"]) for row in rows} == {
        (label, split) for label in LABELS for split in SPLITS
    }
    assert 0.5 <= sum(row["split"] == "train" for row in rows) / len(rows) <= 0.7


def test_the_smallest_set_still_fills_every_split(tmp_path: Path) -> None:
    rows = _rows(write_phantom_set(tmp_path, per_label=3, size=32))

    assert len({(row["label"], row["split"]) for row in rows}) == 9
    with pytest.raises(ValueError, match="at least 3"):
        write_phantom_set(tmp_path, per_label=2)


def test_a_patient_with_two_films_stays_in_one_split(manifest: Path) -> None:
    splits: dict[str, list[str]] = {}
    for row in _rows(manifest):
        splits.setdefault(row["patient"], []).append(row["split"])

    assert any(len(films) == 2 for films in splits.values())
    assert all(len(set(films)) == 1 for films in splits.values())


def test_sources_do_not_tell_the_label(manifest: Path) -> None:
    rows = _rows(manifest)

    assert len({(row["label"], row["source"]) for row in rows}) == 2 * len(LABELS)


@pytest.mark.slow
def test_the_samples_shipped_are_the_samples_drawn() -> None:
    shipped = {path.name for path in SAMPLES_DIR.glob("*.png")}

    assert shipped == {name for name, _, _ in samples()}
    assert sum((SAMPLES_DIR / name).stat().st_size for name in shipped) < 1_200_000
    for name, label, seed in samples():
        film = cv2.imread(str(SAMPLES_DIR / name), cv2.IMREAD_UNCHANGED)
        assert film.shape == (SAMPLE_PX, SAMPLE_PX)
        # Not to the last bit: arithmetic differs a little between processors.
        assert cv2.absdiff(film, draw_phantom(label, seed, SAMPLE_PX)).max() <= 2
