"""Splits that nothing leaks across, and the weights of films."""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from core.data.dataset import Dataset, Sample
from core.data.film_weights import balanced_weights
from core.data.fingerprints import LENGTH
from core.data.near_duplicates import similar_pairs
from core.data.split import (
    SPLITS,
    Split,
    group_by_pairs,
    mend_split,
    refuse_leaks,
    split_by_group,
)
from core.errors import DatasetError

LABELS = ("covid", "normal", "pneumonia")


def group_samples(
    samples: Sequence[Sample],
    prints: np.ndarray,
    check: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """The groups of films, by what is known of them and how they look."""
    alike = similar_pairs(prints, lambda share: check())
    return group_by_pairs(samples, [(pair.first, pair.second) for pair in alike])


def sample(name: object, label: str = "covid", **fields: str) -> Sample:
    return Sample(f"{name}.png", Path(f"{name}.png"), label, **fields)


def random_prints(n: int, seed: int) -> np.ndarray:
    """Fingerprints that are far apart, as those of different films are."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (n, LENGTH)).astype(np.uint8)


def copied(row: np.ndarray) -> np.ndarray:
    """The fingerprint of the same film, darker."""
    return (row // 2 + 40).astype(np.uint8)


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
    prints = random_prints(len(samples), seed)
    copies = rng.choice(len(samples), (15, 2), replace=False)
    for a, b in copies:
        prints[b] = copied(prints[a])
    return Dataset(tuple(samples), LABELS, {}), prints


def make_split(dataset: Dataset, prints: np.ndarray, *, seed: int) -> Split:
    """Split as a job does that finds no split in its data."""
    groups = group_samples(dataset.samples, prints)
    return split_by_group(dataset, groups, validation=0.2, test=0.2, seed=seed)


Made = tuple[Dataset, np.ndarray, Split]


@pytest.fixture(scope="module", params=range(3))
def made(request: pytest.FixtureRequest) -> Made:
    """Films, their fingerprints, and the split made of them, for several seeds."""
    dataset, prints = make_data(request.param)
    seed = request.param
    split = make_split(dataset, prints, seed=seed)
    return dataset, prints, split


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


@pytest.mark.slow
def test_no_copy_is_in_two_splits(made: Made) -> None:
    dataset, prints, split = made
    where = {s.file: name for name in SPLITS for s in split.part(name)}
    pairs = similar_pairs(prints)
    assert len(pairs) == 15
    for pair in pairs:
        one, other = (dataset.samples[row].file for row in (pair.first, pair.second))
        assert where[one] == where[other]


def test_shares_are_near_the_wish_and_alike_for_every_label(made: Made) -> None:
    dataset, _, split = made
    for label in LABELS:
        whole = sum(s.label == label for s in dataset.samples)
        for name, wish in (("train", 0.6), ("val", 0.2), ("test", 0.2)):
            share = sum(s.label == label for s in split.part(name)) / whole
            assert share == pytest.approx(wish, abs=0.1), (label, name)


@pytest.mark.parametrize(
    ("validation", "test"), [(0.25, 0.33), (0.1, 0.4), (0.15, 0.15), (0.3, 0.45)]
)
def test_other_shares_can_be_wished_for(validation: float, test: float) -> None:
    samples = [sample(i, LABELS[i % 3]) for i in range(240)]
    dataset = Dataset(tuple(samples), LABELS, {})
    split = split_by_group(
        dataset,
        np.arange(240, dtype=np.int32),
        validation=validation,
        test=test,
        seed=1,
    )
    assert len(split.val) / 240 == pytest.approx(validation, abs=0.05)
    assert len(split.test) / 240 == pytest.approx(test, abs=0.05)


def test_split_that_cannot_be_says_why() -> None:
    # All three labels have three groups, but the same three patients fill them.
    samples = [sample(f"{p}{k}", k, patient=f"P{p}") for p in range(3) for k in LABELS]
    samples += [sample(f"x{i}", "covid", patient="P0") for i in range(9)]
    dataset = Dataset(tuple(samples), LABELS, {})
    prints = random_prints(len(samples), 1)
    split = make_split(dataset, prints, seed=1)
    assert {s.patient for s in split.test} != {s.patient for s in split.train}


@pytest.mark.parametrize(
    ("groups", "said"),
    [([0, 1, 0], "A film or patient is"), ([0, 1, 0, 1], "2 films or patients are")],
)
def test_what_leaks_is_counted_and_named(groups: list[int], said: str) -> None:
    splits = ("train", "val", "test", "test")
    samples = [
        sample(f"{i}", "covid", split=splits[i], patient=f"P{i}")
        for i in range(len(groups))
    ]
    dataset = Dataset(tuple(samples), ("covid",), {})
    with pytest.raises(DatasetError) as caught:
        refuse_leaks(dataset.samples, np.array(groups, np.int32))
    where = "0.png in train and 2.png in test"
    assert str(caught.value) == f"{said} in more than one split: {where}."


def test_what_leaks_goes_to_train() -> None:
    samples = [
        sample(f"{label}{i}", label, split=name, patient=f"{label}{name}{i}")
        for label in ("covid", "normal")
        for name in SPLITS
        for i in range(3)
    ]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    groups = np.arange(18, dtype=np.int32)
    groups[8] = groups[0]  # a covid film of test is a copy of one of train
    mended = mend_split(dataset, groups)
    assert mended is not None
    assert [len(mended.part(name)) for name in SPLITS] == [7, 6, 5]
    assert samples[8] in mended.train


def test_mending_that_empties_a_label_is_no_split() -> None:
    samples = [
        sample(f"{label}{name}", label, split=name)
        for label in ("covid", "normal")
        for name in SPLITS
    ]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    assert mend_split(dataset, np.array([0, 1, 0, 3, 4, 5], np.int32)) is None


@pytest.mark.slow
def test_same_seed_makes_the_same_split_and_another_another() -> None:
    dataset, prints = make_data(1)
    hashed = [make_split(dataset, prints, seed=seed).sha256() for seed in (5, 5, 6)]
    assert hashed[0] == hashed[1] != hashed[2]


def test_three_independent_films_of_each_label_are_enough() -> None:
    samples = [sample(f"{label}{i}", label) for label in LABELS for i in range(3)]
    dataset = Dataset(tuple(samples), LABELS, {})
    split = make_split(dataset, random_prints(9, 1), seed=1)
    for name in SPLITS:
        assert sorted(s.label for s in split.part(name)) == list(LABELS)


def test_two_independent_films_of_a_label_are_too_few() -> None:
    samples = [sample(i, "covid", patient=f"P{i % 2}") for i in range(12)]
    samples += [sample(f"n{i}", "normal") for i in range(12)]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    with pytest.raises(DatasetError, match="covid has 2 independent films") as e:
        make_split(dataset, random_prints(24, 1), seed=1)
    assert "copies of one film count once" in e.value.hint


def test_copies_of_one_film_count_once() -> None:
    samples = [
        sample(i, label) for i, label in enumerate(["covid"] * 9 + ["normal"] * 9)
    ]
    prints = random_prints(18, 1)
    prints[:7] = prints[0]
    prints[7] = prints[8]
    dataset = Dataset(tuple(samples), ("covid", "normal"), {})
    with pytest.raises(DatasetError, match="2 independent films"):
        make_split(dataset, prints, seed=1)


def test_films_hang_together_through_patient_group_and_likeness() -> None:
    samples = [
        sample("a", patient="P1"),
        sample("b", patient="P1", group="G1"),
        sample("c", group="G1"),
        sample("d"),  # a near-duplicate of c
        sample("e"),
        sample("f", patient="G1"),  # a patient of that name is no group
    ]
    prints = random_prints(6, 1)
    prints[3] = copied(prints[2])
    numbers = group_samples(samples, prints)
    assert len(set(numbers[:4])) == 1
    assert len({numbers[0], numbers[4], numbers[5]}) == 3


def test_films_of_which_nothing_is_known_are_groups_of_their_own() -> None:
    samples = [sample(i) for i in range(20)]
    assert len(set(group_samples(samples, random_prints(20, 3)))) == 20


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
    own = weights[:8] / weights[:8].mean()
    assert own.tolist() == pytest.approx([5 / 6] * 6 + [1.5] * 2, rel=1e-5)
    assert total(samples, weights, "covid", "") == pytest.approx(24, rel=1e-5)


def test_search_for_copies_can_be_stopped(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop() -> None:
        raise Enough

    samples = [Sample(f"{n}.png", tmp_path / f"{n}.png", "a") for n in range(3)]
    prints = np.random.default_rng(0).integers(0, 256, (3, LENGTH)).astype(np.uint8)
    with pytest.raises(Enough):
        group_samples(samples, prints, stop)
