"""The network that finds lungs: learned from drawn films, read back from a bundle."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.data.dataset import index_dataset
from core.errors import BundleError, DatasetError
from core.evaluation.lung_probes import BLANKED, probe_lungs
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier
from core.model.lungs import (
    LUNG_GRAPH,
    LUNG_WEIGHTS,
    SIZE,
    LungFinder,
    _without_specks,
    lung_finder,
)
from core.reports.sentences import lung_sentences
from core.runs.augment import vary_with_mask
from core.runs.model_settings import Augmentation
from core.training.lungs.add import (
    add_lungs,
    lungs_in_words,
    measure_lungs,
    overlap,
    read_masked_films,
)
from core.training.lungs.network import build_lung_network
from tests.phantoms import LABELS, draw_lung_mask, draw_phantom
from tests.tiny_bundle import LABELS as LABELS_OF
from tests.tiny_bundle import write_tiny_bundle

pytestmark = pytest.mark.slow  # a network is trained
TRAIN, VAL, TEST = 24, 4, 6
EPOCHS = 6


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of drawn films; their masks are in `masks` beside it."""
    folder = tmp_path_factory.mktemp("lungs")
    (folder / "films").mkdir()
    (folder / "masks").mkdir()
    rows = []
    splits = ["train"] * TRAIN + ["val"] * VAL + ["test"] * TEST
    for seed, split in enumerate([*splits, "train"]):
        label, name = LABELS[seed % 3], f"film-{seed}.png"
        cv2.imwrite(str(folder / "films" / name), draw_phantom(label, seed, 160))
        if seed < len(splits):  # the last one has none
            cv2.imwrite(str(folder / "masks" / name), draw_lung_mask(seed, 160))
        rows.append((f"films/{name}", label, split, f"group-{seed // 2}"))
    with open(folder / "films.csv", "w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "split", "group"), *rows])
    return folder / "films.csv"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("model") / "plain")


@pytest.fixture(scope="module")
def commanded(
    plain: ModelBundle, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ModelBundle, str]:
    """What the command made, and what it said."""
    folder = tmp_path_factory.mktemp("made")
    words = ["train-lungs", plain.path, "--data", data]
    words += ["--masks", data.parent / "masks", "--out", folder / "with-lungs"]
    words += ["--epochs", EPOCHS, "--seed", 1]
    with (
        contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as said,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("HILUM_HOME", str(folder / "home"))
        assert main([str(word) for word in words]) == 0
        said.seek(0)
    return read_bundle(folder / "with-lungs"), said.read()


@pytest.fixture(scope="module")
def made(commanded: tuple[ModelBundle, str]) -> ModelBundle:
    return commanded[0]


@pytest.fixture(scope="module")
def finder(made: ModelBundle) -> LungFinder:
    found = lung_finder(made)
    assert found is not None
    return found


def test_it_finds_the_lungs_of_films_it_has_not_seen(made: ModelBundle) -> None:
    record = made.card.training["lungs"]
    assert record["films"] == {"train": TRAIN, "val": VAL, "test": TEST}
    figures = record["test"]
    assert figures["n"] == TEST
    assert figures["dice"] > 0.75
    low, high = figures["dice_ci"]
    assert low <= figures["dice"] <= high
    assert figures["iou"] < figures["dice"]
    assert f"Dice {figures['dice']:.3f}" in lungs_in_words(record)


def test_the_model_is_the_same_and_its_card_tells_of_the_lungs(
    made: ModelBundle, plain: ModelBundle
) -> None:
    bundle = read_bundle(made.path)
    assert bundle.sha256 == plain.sha256
    assert set(bundle.card.files) - set(plain.card.files) == {LUNG_GRAPH, LUNG_WEIGHTS}
    assert bundle.card.training["lungs"] == made.card.training["lungs"]
    assert lung_finder(plain) is None


def test_the_network_has_under_a_million_weights() -> None:
    assert build_lung_network().count_params() < 1_000_000


def test_the_figures_are_those_of_the_stored_graph(
    made: ModelBundle, finder: LungFinder, data: Path
) -> None:
    films = read_masked_films(data, data.parent / "masks")
    test = [film for film in films if film.sample.split == "test"]
    assert measure_lungs(finder, test) == made.card.training["lungs"]["test"]


def test_lungs_are_found_in_the_pixels_of_the_film(
    finder: LungFinder, data: Path
) -> None:
    film = read_radiograph(data.parent / "films" / f"film-{TRAIN + VAL}.png")
    lungs = finder.find(film)
    assert lungs.mask.shape == (SIZE, SIZE)
    assert 0.05 < lungs.area < 0.6
    mask = lungs.of_size((320, 200))
    assert mask.shape == (320, 200)
    assert mask.mean() == pytest.approx(lungs.area, abs=0.02)


def test_evidence_is_shared_between_the_lungs_and_the_rest(
    finder: LungFinder, data: Path
) -> None:
    film = read_radiograph(data.parent / "films" / f"film-{TRAIN + VAL}.png")
    lungs = finder.find(film)
    everywhere = np.ones((7, 7), np.float32)
    assert lungs.share_inside(everywhere) == pytest.approx(lungs.area, abs=1e-5)
    assert lungs.share_inside(-everywhere) is None
    inside = lungs.mask.astype(np.float32)
    assert lungs.share_inside(inside) == pytest.approx(1.0)
    assert lungs.share_inside(1 - inside) == pytest.approx(0.0)


def test_a_mask_moves_with_its_film() -> None:
    mask = draw_lung_mask(3, 128)
    moves = ("rotation_deg", "zoom", "shift", "flip")
    how = Augmentation(
        **{name: 0.0 for name in Augmentation.__struct_fields__ if name not in moves}
    )
    film, moved = vary_with_mask(mask, mask, how, np.random.default_rng(5))
    assert np.allclose(film / 255.0, moved, atol=1e-4)
    assert not np.allclose(moved, mask / 255.0, atol=0.1)


def test_specks_are_no_lungs() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[50:200, 30:100] = mask[60:190, 150:220] = True
    lungs = mask.copy()
    mask[230:240, 10:20] = True
    assert np.array_equal(_without_specks(mask), lungs)
    nothing = np.zeros((SIZE, SIZE), bool)
    assert not _without_specks(nothing).any()


def test_overlap_is_as_defined() -> None:
    a, b = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    assert overlap(a, b) == (1.0, 1.0)
    a[0], b[:, :2] = True, True  # four pixels each, two of them shared
    assert overlap(a, b) == (0.5, pytest.approx(1 / 3))


def test_parts_of_films_are_blanked_and_measured(
    finder: LungFinder, made: ModelBundle, data: Path
) -> None:
    samples = index_dataset(data).samples[:9]
    done: list[int] = []
    probe = probe_lungs(Classifier(made), finder, samples, on_film=done.append)
    assert done == list(range(1, 10))
    assert probe["n"] == 9
    for name in BLANKED:
        low, high = probe[name]["accuracy_ci"]
        assert low <= probe[name]["accuracy"] <= high
    assert 0 <= probe["chance"] <= 1
    names = {label: label for label in LABELS}
    said = lung_sentences(probe, names)
    assert len(said) == 1 + len(BLANKED) + len(probe["inside"])


def test_a_film_with_its_lungs_blanked_has_no_lungs_left(
    finder: LungFinder, data: Path
) -> None:
    from core.evaluation.lung_probes import blanked

    pixels = draw_phantom("normal", 3, SIZE).astype(np.float32)
    film = pixels[np.newaxis, ..., np.newaxis]
    lungs = finder.find(read_radiograph(data.parent / "films" / "film-3.png"))
    parts = blanked(film, lungs)
    inside = lungs.mask
    assert np.ptp(parts["lungs"][0, inside, 0]) == 0
    assert np.array_equal(parts["all_but_lungs"][0, inside, 0], film[0, inside, 0])
    assert np.ptp(parts["all_but_lungs"][0, ~inside, 0]) == 0
    assert np.ptp(parts["frame"][0, :8, :, 0]) == 0
    middle = slice(SIZE // 4, SIZE // 2)
    assert np.array_equal(parts["frame"][0, middle, middle], film[0, middle, middle])


def test_another_graph_is_refused(plain: ModelBundle) -> None:
    with pytest.raises(BundleError, match="not what its card describes"):
        LungFinder(plain.path / "model.xml", name="Plain")


def test_too_few_masks_are_refused(
    plain: ModelBundle, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "film-0.png").write_bytes(
        (data.parent / "masks" / "film-0.png").read_bytes()
    )
    with pytest.raises(DatasetError, match="Only 1 films"):
        add_lungs(plain, data, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mask_of_another_shape_is_refused(data: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "film-0.png"), np.zeros((80, 160), np.uint8))
    with pytest.raises(DatasetError, match="another shape"):
        read_masked_films(data, tmp_path)


def test_the_command_tells_what_it_trained(commanded: tuple[ModelBundle, str]) -> None:
    bundle, said = commanded
    assert f"Trained on the lungs of {TRAIN} films." in said
    assert LUNG_GRAPH in bundle.card.files


def test_evaluate_says_whether_it_looks_at_lungs(
    made: ModelBundle, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures, page = tmp_path / "e.json", tmp_path / "e.html"
    words = ["evaluate", made.path, "--data", data]
    words += ["--json", figures, "--report", page]
    assert main([str(word) for word in words]) == 0
    lungs = json.loads(figures.read_text("utf-8"))["lungs"]
    said = lung_sentences(lungs, {each.name: each.display_name for each in LABELS_OF})
    text = capsys.readouterr().out
    assert "Does it look at lungs?" in text
    for sentence in said:
        assert sentence in text
        assert sentence in page.read_text("utf-8")
