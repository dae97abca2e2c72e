"""Splits that nothing leaks across, and the weights of films."""

from __future__ import annotations

import collections
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.dataset import Dataset, Sample
from core.errors import DatasetError
from core.images import Radiograph, radiograph_from_array
from core.split import (
    NEAR_DUPLICATE_BITS,
    SPLITS,
    Split,
    balanced_weights,
    difference_hash,
    group_samples,
    make_split,
)
from tests.phantoms import draw_phantom

LABELS = ("covid", "normal", "pneumonia")


def sample(name: object, label: str = "covid", **fields: str) -> Sample:
    return Sample(f"{name}.png", Path(f"{name}.png"), label, **fields)


def flip_bits(row: np.ndarray, *bits: int) -> np.ndarray:
    spread = np.unpackbits(row)
    spread[list(bits)] ^= 1
    return np.packbits(spread)


def random_hashes(n: int, seed: int) -> np.ndarray:
    """Hashes that are far apart, as those of different films are."""
    return np.random.default_rng(seed).integers(0, 256, (n, 32)).astype(np.uint8)


def make_data(seed: int) -> tuple[Dataset, np.ndarray]:
    """About 240 films: patients with several, and near-duplicates among them."""
    rng = np.random.default_rng(seed)
    samples: list[Sample] = []
    for patient in range(110):
        label = LABELS[rng.choice(3, p=[0.25, 0.5, 0.25])]
        stated = f"P{patient}" if rng.random() < 0.7 else ""
        count = rng.integers(1, 5) if stated else 1
        for _ in range(count):
            samples.append(sample(len(samples), label, patient=stated))
    hashes = random_hashes(len(samples), seed)
    for _ in range(15):  # copies, a few bits changed, under another name
        a, b = rng.choice(len(samples), 2, replace=False)
        bits = rng.choice(256, NEAR_DUPLICATE_BITS, replace=False)
        hashes[b] = flip_bits(hashes[a], *bits)
    return Dataset(tuple(samples), LABELS, {}), hashes


Made = tuple[Dataset, np.ndarray, Split]


@pytest.fixture(scope="module", params=range(6))
def made(request: pytest.FixtureRequest) -> Made:
    """Films, their hashes, and the split made of them, for several seeds."""
    dataset, hashes = make_data(request.param)
    seed = request.param
    split = make_split(dataset, hashes, validation=0.2, test=0.2, seed=seed)
    return dataset, hashes, split


def distance(a: np.ndarray, b: np.ndarray) -> int:
    return int(np.unpackbits(a ^ b).sum())


def test_every_film_is_in_one_split(made: Made) -> None:
    dataset, _, split = made
    files = [s.file for name in SPLITS for s in split.part(name)]
    assert sorted(files) == sorted(s.file for s in dataset.samples)


def test_no_patient_is_in_two_splits(made: Made) -> None:
    split = made[2]
    where = collections.defaultdict(set)
    for name in SPLITS:
        for each in split.part(name):
            where[each.patient].add(name)
    where.pop("")
    assert where
    assert all(len(names) == 1 for names in where.values())


def test_no_near_duplicate_is_in_two_splits(made: Made) -> None:
    dataset, hashes, split = made
    where = {s.file: name for name in SPLITS for s in split.part(name)}
    bits = np.unpackbits(hashes, axis=1).astype(np.int16)
    near = np.argwhere(np.abs(bits[:, None] - bits).sum(axis=2) <= NEAR_DUPLICATE_BITS)
    assert len(near) > len(hashes)  # more than each with itself
    for a, b in near:
        assert where[dataset.samples[a].file] == where[dataset.samples[b].file]


def test_shares_are_near_the_wish_and_alike_for_every_label(made: Made) -> None:
    dataset, _, split = made
    for label in LABELS:
        whole = sum(s.label == label for s in dataset.samples)
        for name, wish in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
            share = sum(s.label == label for s in split.part(name)) / whole
            assert share == pytest.approx(wish, abs=0.1), (label, name)


def test_other_shares_can_be_wished_for() -> None:
    dataset, hashes = make_data(1)
    split = make_split(dataset, hashes, validation=0.25, test=0.33, seed=1)
    n = len(dataset.samples)
    assert len(split.val) / n == pytest.approx(0.25, abs=0.05)
    assert len(split.test) / n == pytest.approx(0.33, abs=0.05)


def test_same_seed_makes_the_same_split_and_another_another() -> None:
    dataset, hashes = make_data(1)
    hashed = [
        make_split(dataset, hashes, validation=0.2, test=0.2, seed=seed).sha256()
        for seed in (5, 5, 6)
    ]
    assert hashed[0] == hashed[1] != hashed[2]


def test_three_independent_films_of_each_label_are_enough() -> None:
    samples = [sample(f"{label}{i}", label) for label in LABELS for i in range(3)]
    dataset = Dataset(tuple(samples), LABELS, {})
    split = make_split(dataset, random_hashes(9, 1), validation=0.2, test=0.2, seed=1)
    for name in SPLITS:
        assert sorted(s.label for s in split.part(name)) == list(LABELS)


def test_two_independent_films_of_a_label_are_too_few() -> None:
    samples = [sample(i, "covid", patient=f"P{i % 2}") for i in range(12)]
    samples += [sample(f"n{i}", "normal") for i in range(12)]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    with pytest.raises(DatasetError, match="2 independent films labelled covid") as e:
        make_split(dataset, random_hashes(24, 1), validation=0.2, test=0.2, seed=1)
    assert "copies of one film count once" in e.value.hint


def test_copies_of_one_film_count_once() -> None:
    samples = [
        sample(i, label) for i, label in enumerate(["covid"] * 9 + ["normal"] * 9)
    ]
    hashes = random_hashes(18, 1)
    hashes[:7] = hashes[0]
    hashes[7] = hashes[8]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    with pytest.raises(DatasetError, match="2 independent films"):
        make_split(dataset, hashes, validation=0.2, test=0.2, seed=1)


def test_films_hang_together_through_patient_group_and_likeness() -> None:
    samples = [
        sample("a", patient="P1"),
        sample("b", patient="P1", group="G1"),
        sample("c", group="G1"),
        sample("d"),  # a near-duplicate of c
        sample("e"),
        sample("f", patient="G1"),  # a patient of that name is no group
    ]
    hashes = random_hashes(6, 1)
    hashes[3] = flip_bits(hashes[2], *range(NEAR_DUPLICATE_BITS))
    numbers = group_samples(samples, hashes)
    assert len(set(numbers[:4])) == 1
    assert len({numbers[0], numbers[4], numbers[5]}) == 3


def test_likeness_ends_where_it_says() -> None:
    hashes = np.repeat(random_hashes(1, 1), 2, axis=0)
    hashes[1] = flip_bits(hashes[0], *range(NEAR_DUPLICATE_BITS + 1))
    assert len(set(group_samples([sample("a"), sample("b")], hashes))) == 2


def test_films_of_which_nothing_is_known_are_groups_of_their_own() -> None:
    samples = [sample(i) for i in range(20)]
    assert len(set(group_samples(samples, random_hashes(20, 3)))) == 20


@pytest.fixture(scope="module")
def films() -> list[Radiograph]:
    pictures = [draw_phantom("covid", seed, size=300) for seed in range(4)]
    return [radiograph_from_array(picture) for picture in pictures]


def recompressed(film: Radiograph, quality: int) -> Radiograph:
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    encoded = cv2.imencode(".jpg", film.to_uint8(), options)[1]
    return radiograph_from_array(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE))


def resized(film: Radiograph, side: int) -> Radiograph:
    size = (side, side)
    return radiograph_from_array(cv2.resize(film.to_uint8(), size, interpolation=3))


def test_hash_survives_resizing_and_recompression(films: list[Radiograph]) -> None:
    for film in films:
        original = difference_hash(film)
        for copy in (
            resized(film, 224),
            resized(film, 1000),
            recompressed(film, 40),
            recompressed(resized(film, 300), 60),
        ):
            assert distance(original, difference_hash(copy)) <= NEAR_DUPLICATE_BITS


def test_hash_tells_films_of_different_patients_apart(films: list[Radiograph]) -> None:
    hashes = [difference_hash(film) for film in films]
    for a in range(4):
        for b in range(a):
            assert distance(hashes[a], hashes[b]) > NEAR_DUPLICATE_BITS


def test_hash_says_which_cell_is_brighter_than_the_one_to_its_left() -> None:
    rising = np.tile(np.arange(17, dtype=np.uint8) * 10, (16, 1))
    rising[5] = rising[5, ::-1]
    bits = np.unpackbits(difference_hash(radiograph_from_array(rising))).reshape(16, 16)
    assert not bits[5].any()
    assert np.delete(bits, 5, axis=0).all()


def weighed(balance: str, heaviest: float = 1000.0) -> tuple[list[Sample], np.ndarray]:
    samples = [sample(i, "covid", source="a") for i in range(6)]
    samples += [sample(f"b{i}", "covid", source="b") for i in range(2)]
    samples += [sample(f"n{i}", "normal", source="a") for i in range(40)]
    return samples, balanced_weights(samples, balance, heaviest)


def total(samples: list[Sample], weights: np.ndarray, label: str, source: str) -> float:
    return float(
        sum(
            weight
            for each, weight in zip(samples, weights, strict=True)
            if each.label == label and source in ("", each.source)
        )
    )


def test_without_balance_every_film_weighs_1() -> None:
    assert (weighed("none")[1] == 1).all()


def test_balance_of_labels_makes_their_sums_equal() -> None:
    samples, weights = weighed("labels")
    assert weights.dtype == np.float32
    assert weights.mean() == pytest.approx(1, abs=1e-6)
    assert total(samples, weights, "covid", "") == pytest.approx(24, rel=1e-5)
    assert total(samples, weights, "normal", "") == pytest.approx(24, rel=1e-5)
    assert len(set(weights[:8])) == 1


def test_balance_of_sources_makes_their_sums_within_a_label_equal() -> None:
    samples, weights = weighed("labels-and-sources")
    assert weights.mean() == pytest.approx(1, abs=1e-6)
    for source in ("a", "b"):
        assert total(samples, weights, "covid", source) == pytest.approx(12, rel=1e-5)
    assert total(samples, weights, "normal", "a") == pytest.approx(24, rel=1e-5)


def test_films_of_a_rare_source_weigh_no_more_than_the_cap() -> None:
    samples, weights = weighed("labels-and-sources", heaviest=1.5)
    # Uncapped, the two films of b weigh 2 and the six of a weigh 2 / 3.
    assert weights[6] / weights[0] == pytest.approx(1.5 / (2 / 3), rel=1e-5)
    assert total(samples, weights, "covid", "") == pytest.approx(24, rel=1e-5)
