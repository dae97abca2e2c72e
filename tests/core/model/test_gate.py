"""What is said of films that a model cannot speak of."""

from __future__ import annotations

import dataclasses
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest

from core.cluster.worker import ShardReader, ship
from core.errors import BundleError
from core.films.film_warning import FilmWarning
from core.films.finder import find_films
from core.films.radiograph import radiograph_from_array
from core.model.bundle import ModelBundle, write_bundle
from core.model.classifier import Classifier, decide
from core.model.gate import GATE, NOT_CHEST, ORIENTATIONS, Gate, read_gate
from core.model.lungs import Lungs, lung_finder
from core.scan.scanner import Scanner
from tests.tiny_bundle import CELLS, SIZE, write_tiny_bundle
from tests.tiny_lungs import write_bundle_with_lungs

K = CELLS * CELLS
#: Brightness of the cells of an upright film: dark above, bright below.
UPRIGHT = np.repeat(np.linspace(0.2, 0.8, CELLS), CELLS).astype(np.float32)


def embed(pixels: np.ndarray) -> np.ndarray:
    """As the tiny model does."""
    cells = pixels.reshape(CELLS, SIZE // CELLS, CELLS, SIZE // CELLS)
    return (cells.mean(axis=(1, 3)) / 255).ravel().astype(np.float32)


def picture(cells: np.ndarray) -> np.ndarray:
    """A film of these cells, (SIZE, SIZE) float32 in [0, 255]."""
    side = SIZE // CELLS
    grid = cells.reshape(CELLS, CELLS).repeat(side, axis=0).repeat(side, axis=1)
    return (255 * grid).astype(np.float32)


def make_gate(**fields: object) -> Gate:
    """Knows films that are near `UPRIGHT`, and what the other ways up look like."""
    grid = UPRIGHT.reshape(CELLS, CELLS)
    looks = {
        "upright": grid,
        "rot90": np.rot90(grid),
        "rot180": np.rot90(grid, 2),
        "rot270": np.rot90(grid, 3),
    }
    centred = np.stack([look.ravel() - 0.5 for look in looks.values()])
    values = {
        "mean": UPRIGHT,
        "whiten": np.eye(K, dtype=np.float32) / 0.05,
        "threshold": np.array(40.0, np.float32),
        "orientation_kernel": (20 * centred.T).astype(np.float32),
        "orientation_bias": (-10 * centred.sum(axis=1)).astype(np.float32),
        "orientation_names": np.array(list(looks)),
        "orientation_thresholds": np.full(4, 0.5, np.float32),
        "embed": embed,
    }
    return Gate(**{**values, **fields})


def check(gate: Gate, pixels: np.ndarray) -> tuple[str, tuple[str, ...]]:
    found = gate.check(pixels, embed(pixels))
    return found.refused, tuple(each.mend for each in found.warnings)


def gated_bundle(folder: Path, content: bytes | None = None) -> ModelBundle:
    plain = write_tiny_bundle(folder / "plain")
    gate = folder / GATE
    make_gate().write(gate)
    if content is not None:
        gate.write_bytes(content)
    parts = {name: plain.path / name for name in plain.card.files}
    return write_bundle(folder / "gated", plain.card, {**parts, GATE: gate})


def test_a_film_like_those_it_knows_passes() -> None:
    noise = np.random.default_rng(1).normal(0, 0.02, K)
    assert check(make_gate(), picture(UPRIGHT + noise)) == ("", ())


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_blank_picture_is_refused(value: float) -> None:
    assert check(make_gate(), picture(np.full(K, value)))[0] == NOT_CHEST


def test_noise_is_refused() -> None:
    cells = np.random.default_rng(0).uniform(0, 1, K)
    assert check(make_gate(), picture(cells))[0] == NOT_CHEST


def test_the_distance_is_mahalanobis() -> None:
    rng = np.random.default_rng(2)
    whiten, mean = rng.normal(size=(K, 5)), rng.normal(size=K)
    gate = make_gate(whiten=whiten, mean=mean)
    e = rng.normal(size=(3, K))
    covariance = whiten @ whiten.T
    expected = [(x - mean) @ covariance @ (x - mean) for x in e]
    np.testing.assert_allclose(gate.distances(e), expected)
    np.testing.assert_allclose(gate.distances(e[0]), expected[0])


@pytest.mark.parametrize(
    ("turns", "mend"), [(1, "rotate 90"), (2, "rotate 180"), (3, "rotate 270")]
)
def test_a_turned_film_is_warned_of_with_what_mends_it(turns: int, mend: str) -> None:
    turned = np.ascontiguousarray(np.rot90(picture(UPRIGHT), turns))
    assert check(make_gate(), turned) == ("", (mend,))


def test_a_turned_picture_of_something_else_is_refused() -> None:
    cells = np.rot90(UPRIGHT.reshape(CELLS, CELLS)).copy()
    cells[::2, ::2] = 1.0
    assert make_gate().orientation(cells.ravel()) == "rot90"
    assert check(make_gate(), picture(cells))[0] == NOT_CHEST


def test_an_upright_film_that_is_taken_for_a_turned_one_is_not_warned_of() -> None:
    wrong = make_gate(orientation_bias=np.array([0, 99, 0, 0], np.float32))
    assert wrong.orientation(UPRIGHT) == "rot90"
    assert check(wrong, picture(UPRIGHT)) == ("", ())


def test_below_its_threshold_nothing_is_warned_of() -> None:
    gate = make_gate(orientation_thresholds=np.full(4, 1.0, np.float32))
    turned = np.ascontiguousarray(np.rot90(picture(UPRIGHT)))
    assert gate.orientation(embed(turned)) == "upright"


def test_what_is_taken_for_no_chest_film_is_refused() -> None:
    names = np.array(["upright", "other", "lateral", "rot270"])
    bias = np.array([0, 99, 0, 0], np.float32)
    gate = make_gate(orientation_names=names, orientation_bias=bias)
    assert check(gate, picture(UPRIGHT))[0] == NOT_CHEST


def test_a_lateral_view_is_warned_of_and_cannot_be_mended() -> None:
    names = np.array(["upright", "lateral", "rot180", "rot270"])
    bias = np.array([0, 99, 0, 0], np.float32)
    gate = make_gate(orientation_names=names, orientation_bias=bias)
    found = gate.check(picture(UPRIGHT), UPRIGHT)
    assert found.warnings == (ORIENTATIONS["lateral"][0],)
    assert isinstance(found.warnings[0], FilmWarning)
    assert not found.warnings[0].mend


def test_a_picture_in_which_it_is_not_sure_of_lungs_is_refused() -> None:
    gate = make_gate(lung_likelihood=np.array(0.9, np.float32))
    everywhere = np.ones((SIZE, SIZE), bool)

    def refused(film: np.ndarray, likelihood: float) -> str:
        return gate.check(film, embed(film), Lungs(everywhere, likelihood)).refused

    upright = picture(UPRIGHT)
    assert refused(upright, 0.89) == NOT_CHEST
    assert refused(upright, 0.91) == ""
    assert check(gate, upright) == ("", ())  # nobody looked for lungs


@pytest.mark.parametrize(("least", "said"), [(0.9, ""), (1.1, NOT_CHEST)])
def test_what_seems_turned_is_refused_unless_it_has_lungs_when_mended(
    tmp_path: Path, least: float, said: str
) -> None:
    finder = lung_finder(write_bundle_with_lungs(tmp_path / "model"))
    gate = make_gate(lung_likelihood=np.array(least, np.float32), finder=finder)
    turned = np.ascontiguousarray(np.rot90(picture(UPRIGHT)))
    refused, mends = check(gate, turned)
    assert refused == said
    assert mends == (() if said else ("rotate 90",))


def test_a_gate_that_was_fitted_without_lungs_does_not_ask_for_them(
    tmp_path: Path,
) -> None:
    bundle = gated_bundle(tmp_path, bytes_with(lung_likelihood=None))
    gate = read_gate(bundle, embed)
    assert gate is not None
    none = Lungs(np.zeros((SIZE, SIZE), bool), 0.0)
    assert not gate.check(picture(UPRIGHT), UPRIGHT, none).refused


def test_numbers_that_are_none_are_left_to_the_verdict() -> None:
    found = make_gate().check(picture(UPRIGHT), np.full(K, np.nan))
    assert not found.refused


def test_a_gate_comes_back_from_its_bundle(tmp_path: Path) -> None:
    bundle = gated_bundle(tmp_path)
    assert GATE in bundle.card.files
    gate = read_gate(bundle, embed)
    assert gate is not None
    films = np.random.default_rng(3).uniform(0, 1, (20, K)).astype(np.float32)
    there = make_gate().distances(films)
    assert gate.lung_likelihood == 0.0
    np.testing.assert_allclose(gate.distances(films), there, rtol=2e-3)
    assert read_gate(write_tiny_bundle(tmp_path / "without"), embed) is None


def bytes_with(**fields: object) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        make_gate().write(Path(folder) / GATE)
        with np.load(Path(folder) / GATE) as stored:
            arrays = {**stored, **fields}
    file = io.BytesIO()
    np.savez(file, **{name: a for name, a in arrays.items() if a is not None})
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        bytes_with(mean=None),
        bytes_with(mean=np.zeros(3)),
        bytes_with(whiten=np.full((K, 2), np.nan)),
        bytes_with(threshold=np.array("far")),
        bytes_with(lung_likelihood=np.zeros(3)),
        bytes_with(orientation_names=np.array(["upright", "a", "b", "c"])),
        bytes_with(orientation_names=np.array(["rot90"] * 4)),
        bytes_with(orientation_thresholds=np.zeros(3)),
        bytes_with(orientation_names=np.array([{}] * 4, object)),
    ],
)
def test_a_damaged_gate_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    bundle = gated_bundle(tmp_path, content)
    with pytest.raises(BundleError, match=r"its gate\.npz cannot be used") as caught:
        Classifier(bundle)
    assert caught.value.hint


def test_the_same_film_is_refused_alone_and_in_a_scan(tmp_path: Path) -> None:
    bundle = gated_bundle(tmp_path)
    classifier = Classifier(bundle)
    folder = tmp_path / "films"
    folder.mkdir()
    upright = picture(UPRIGHT).repeat(4, axis=0).repeat(4, axis=1).astype(np.uint8)
    films = {
        "chest.png": upright,
        "noise.png": np.random.default_rng(0).integers(0, 256, (128, 128)),
        "turned.png": np.rot90(upright),
    }
    from PIL import Image

    for name, pixels in films.items():
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    found = {
        name: decide(
            classifier.predict(film := radiograph_from_array(pixels.astype(np.uint8))),
            bundle.card,
            film,
        )
        for name, pixels in films.items()
    }
    assert found["chest.png"].refused is None
    assert found["noise.png"].refused == NOT_CHEST
    assert not found["noise.png"].probabilities
    assert [each.mend for each in found["turned.png"].warnings] == ["rotate 90"]
    assert found["turned.png"].is_doubtful
    listed = find_films(folder).films
    rows = {row.file: row for row in Scanner(bundle, folder).scan(listed)}
    elsewhere = ShardReader(ship(bundle), folder, threads=1).read(listed)
    assert elsewhere == list(rows.values())
    for name, verdict in found.items():
        row = rows[name]
        assert (row.finding, row.reason or None) == (verdict.finding, verdict.refused)
        assert row.probabilities == pytest.approx(dict(verdict.probabilities), abs=1e-5)
        assert row.warnings == verdict.warnings
        assert all(type(each) is str for each in row.warnings)
        assert not row.error


def test_a_bundle_without_a_gate_says_nothing_new(
    tiny_bundle: ModelBundle,
) -> None:
    film = radiograph_from_array(np.full((128, 128), 9, np.uint8))
    prediction = Classifier(tiny_bundle).predict(film)
    assert prediction.check == dataclasses.replace(prediction).check
    assert decide(prediction, tiny_bundle.card, film).refused is None
