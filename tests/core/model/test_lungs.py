"""Heat in lungs, lungs that are cut off, and their outline."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.__main__ import main
from core.cluster.worker import ShardReader, ship
from core.errors import BundleError
from core.films.film_warning import FilmWarning, is_grave
from core.films.finder import find_films
from core.films.preprocess import to_network_input
from core.films.radiograph import radiograph_from_array, read_radiograph
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier, Verdict, check_model, decide
from core.model.gate import FilmCheck
from core.model.lungs import (
    HEAT_OUTSIDE,
    LUNG_GRAPH,
    NO_LUNGS,
    SIZE,
    SPEC,
    Lungs,
    lung_finder,
    lung_warnings,
)
from core.paths import default_bundle_dir
from core.scan.results import read_rows
from core.scan.scanner import Scanner
from tests.phantoms import draw_lung_mask, draw_phantom
from tests.tiny_lungs import FILMS, write_bundle_with_lungs, write_films_with_lungs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ModelBundle:
    return write_bundle_with_lungs(tmp_path_factory.mktemp("lungs") / "model")


@pytest.fixture(scope="module")
def classifier(bundle: ModelBundle) -> Classifier:
    return Classifier(bundle)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_films_with_lungs(tmp_path_factory.mktemp("films") / "in")


def verdict_on(classifier: Classifier, path: Path) -> Verdict:
    film = read_radiograph(path)
    return decide(classifier.predict(film), classifier.bundle.card, film)


def square(rows: slice, columns: slice) -> Lungs:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[rows, columns] = True
    return Lungs(mask)


def test_evidence_beside_the_lungs_is_told_and_warned_of(
    classifier: Classifier, folder: Path
) -> None:
    outside = verdict_on(classifier, folder / "outside.png")
    assert outside.finding == "covid"  # it is no reason to state nothing
    assert outside.heat_in_lungs is not None
    assert outside.heat_in_lungs < 0.2
    assert outside.warnings == (HEAT_OUTSIDE,)
    assert not is_grave(HEAT_OUTSIDE)
    inside = verdict_on(classifier, folder / "inside.png")
    assert inside.finding == "covid"
    assert inside.heat_in_lungs is not None
    assert 0.5 < inside.heat_in_lungs < 1.0
    assert not inside.warnings


def test_a_normal_verdict_is_not_warned_of_for_evidence_elsewhere(
    classifier: Classifier, folder: Path
) -> None:
    verdict = verdict_on(classifier, folder / "normal.png")
    assert verdict.finding == "normal"
    assert verdict.heat_in_lungs is not None
    assert verdict.heat_in_lungs < 0.5
    assert not verdict.warnings


def test_a_film_without_lungs_gets_no_confident_word(
    classifier: Classifier, folder: Path
) -> None:
    verdict = verdict_on(classifier, folder / "none.png")
    assert (verdict.finding, verdict.heat_in_lungs) == (None, None)
    assert verdict.warnings == (NO_LUNGS,)
    assert verdict.is_doubtful
    assert verdict.probabilities


def test_cut_off_lungs_get_no_confident_word(
    classifier: Classifier, folder: Path
) -> None:
    verdict = verdict_on(classifier, folder / "cut.png")
    assert verdict.warnings[0] == "The lungs are cut off at the left edge."
    assert verdict.is_doubtful
    assert verdict.finding is None


def test_what_argues_for_nothing_has_no_share_in_lungs(
    classifier: Classifier, folder: Path
) -> None:
    prediction = classifier.predict(read_radiograph(folder / "inside.png"))
    card = classifier.bundle.card
    silent = dataclasses.replace(prediction, evidence=-abs(prediction.evidence))
    assert decide(silent, card).heat_in_lungs is None
    unsought = dataclasses.replace(prediction, lungs=None)
    assert decide(unsought, card).heat_in_lungs is None
    check = FilmCheck(refused="A house.")
    refused = decide(dataclasses.replace(prediction, check=check), card)
    assert (refused.heat_in_lungs, refused.warnings) == (None, ())
    turned = FilmWarning("The film seems to stand on its head.", mend="rotate 180")
    cut = dataclasses.replace(
        prediction,
        check=FilmCheck(warnings=(turned,)),
        lungs=square(slice(50, 200), slice(0, 90)),
    )
    verdict = decide(cut, card)
    assert (verdict.heat_in_lungs, verdict.warnings) == (None, (turned,))


def test_no_lungs_are_looked_for_in_films_that_are_refused(
    classifier: Classifier, tiny_bundle: ModelBundle
) -> None:
    film = radiograph_from_array(FILMS["inside.png"])
    assert classifier.predict(film).lungs is not None
    refused = dataclasses.replace(film, refused="It is a CT slice.")
    assert classifier.predict(refused).lungs is None
    assert Classifier(tiny_bundle).predict(film).lungs is None


@pytest.mark.parametrize(
    ("lungs", "edges"),
    [
        (square(slice(50, 200), slice(0, 90)), ("left",)),
        (square(slice(50, 200), slice(90, 256)), ("right",)),
        (square(slice(0, 120), slice(40, 200)), ("top",)),
        (square(slice(90, 256), slice(40, 200)), ("bottom",)),
        (square(slice(90, 256), slice(0, 200)), ("left", "bottom")),
        (square(slice(4, 252), slice(4, 252)), ()),
        (square(slice(0, 0), slice(0, 0)), ()),
    ],
)
def test_lungs_are_cut_off_where_they_end_at_an_edge(
    lungs: Lungs, edges: tuple[str, ...]
) -> None:
    assert lungs.cut_off == edges


def test_lungs_that_only_touch_an_edge_are_whole() -> None:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(mask, (60, 128), (60, 100), 0, 0, 360, 1, -1)
    assert mask[:, 0].any()
    assert Lungs(mask > 0).cut_off == ()
    assert Lungs(np.roll(mask, -30, axis=1) * (np.arange(SIZE) < 90) > 0).cut_off


def test_several_edges_make_one_sentence() -> None:
    (warning,) = lung_warnings(square(slice(0, 256), slice(0, 256)))
    assert warning == (
        "The lungs are cut off at the left, right, top and bottom edges."
    )


def test_the_outline_runs_around_the_lungs_in_pixels_of_the_film() -> None:
    lungs = square(slice(64, 192), slice(32, 96))
    (line,) = lungs.outline((512, 1024))
    assert line.dtype == np.float32
    # Corners are rounded off; sides stay where they are.
    np.testing.assert_allclose(line.min(axis=0), (128, 128), atol=3)
    np.testing.assert_allclose(line.max(axis=0), (384, 384), atol=3)
    assert not square(slice(0, 0), slice(0, 0)).outline((512, 1024))


def test_the_outline_has_no_steps() -> None:
    mask = cv2.resize(draw_lung_mask(3, 512), (SIZE, SIZE)) > 127
    lines = Lungs(mask).outline((SIZE, SIZE))
    assert len(lines) == 2
    drawn = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(drawn, [np.rint(line - 0.5).astype(np.int32) for line in lines], 1)
    both, either = (drawn > 0) & mask, (drawn > 0) | mask
    assert both.sum() / either.sum() > 0.95
    for line in lines:
        sides = np.abs(np.diff(line, axis=0))
        is_step = (sides.min(axis=1) < 0.01) & (sides.max(axis=1) < 1.01)
        assert is_step.mean() < 0.1


@pytest.mark.slow
def test_threads_that_ask_together_get_their_own_lungs(bundle: ModelBundle) -> None:
    finder = lung_finder(bundle, for_many=True, threads=2)
    assert finder is not None
    films = [
        to_network_input(radiograph_from_array(pixels), SPEC)
        for pixels in FILMS.values()
    ] * 20
    expected = [finder.probabilities(film) for film in films]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(finder.probabilities, films))
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one, other)


def test_a_model_whose_lungs_cannot_be_loaded_is_refused(
    bundle: ModelBundle, tmp_path: Path
) -> None:
    (tmp_path / "model").mkdir()
    for file in bundle.path.iterdir():
        (tmp_path / "model" / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model" / LUNG_GRAPH).write_text("<net/>")
    broken = dataclasses.replace(bundle, path=tmp_path / "model")
    with pytest.raises(BundleError):
        Classifier(broken)
    with pytest.raises(BundleError):
        check_model(broken)


@pytest.mark.slow
def test_the_model_that_comes_with_hilum_finds_the_lungs_of_drawn_films() -> None:
    finder = lung_finder(read_bundle(default_bundle_dir()))
    assert finder is not None
    for seed in range(4):
        lungs = finder.find(radiograph_from_array(draw_phantom("normal", seed, 512)))
        mask = cv2.resize(draw_lung_mask(seed, 512), (SIZE, SIZE)) > 127
        both, either = lungs.mask & mask, lungs.mask | mask
        assert both.sum() / either.sum() > 0.6


@pytest.mark.slow
def test_a_scan_and_a_cluster_say_what_one_film_alone_gets(
    classifier: Classifier, folder: Path
) -> None:
    films, bundle = find_films(folder).films, classifier.bundle
    rows = list(Scanner(bundle, folder).scan(films))
    assert len(rows) == 5
    for row in rows:
        verdict = verdict_on(classifier, folder / row.file)
        assert row.finding == verdict.finding
        assert row.warnings == verdict.warnings
        assert row.heat_in_lungs == pytest.approx(verdict.heat_in_lungs, abs=1e-4)
    assert list(ShardReader(ship(bundle), folder, threads=1).read(films)) == rows
    plain = list(Scanner(bundle, folder, lungs=False).scan(films))
    assert all(row.heat_in_lungs is None and not row.warnings for row in plain)
    without = ship(bundle, lungs=False)
    assert list(ShardReader(without, folder, threads=1).read(films)) == plain


@pytest.mark.slow
def test_the_commands_tell_the_heat_in_lungs(
    bundle: ModelBundle,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--model", str(bundle.path)]
    inside, none = str(folder / "inside.png"), str(folder / "none.png")
    assert main(["predict", *words, "--json", inside, none, str(tmp_path)]) == 4
    read, empty, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert 0.5 < read["heat_in_lungs"] < 1.0
    assert empty["heat_in_lungs"] is failed["heat_in_lungs"] is None
    assert set(read) == set(failed)
    assert main(["predict", *words, inside]) == 0
    share = f"Heat in lungs: {read['heat_in_lungs']:.0%}".replace("%", " %.")
    assert share in capsys.readouterr().out
    out, lines = tmp_path / "r.csv", tmp_path / "r.jsonl"
    page = tmp_path / "r.html"
    forms = ["--jsonl", str(lines), "--report", str(page)]
    assert main(["scan", str(folder), *words, "--out", str(out), *forms]) == 0
    rows = {row.file: row for row in read_rows(out, bundle.card.label_names)}
    heat = rows["inside.png"].heat_in_lungs
    assert heat == pytest.approx(read["heat_in_lungs"], abs=1e-3)
    assert rows["none.png"].heat_in_lungs is None
    written = map(json.loads, lines.read_text("utf-8").splitlines())
    told = {row["path"]: row for row in written}
    assert told["inside.png"]["heat_in_lungs"] == pytest.approx(heat)
    assert "<th>heat in lungs</th>" in page.read_text("utf-8")
    bare = tmp_path / "bare.csv"
    assert main(["scan", str(folder), *words, "--out", str(bare), "--no-lungs"]) == 0
    for row in read_rows(bare, bundle.card.label_names):
        assert row.heat_in_lungs is None
