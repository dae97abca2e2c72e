"""`recalibrate`, `local-card`, and what the other commands make of them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from core.__main__ import main
from core.jobs.events import JobSucceeded, Progressed, parse_event
from core.model.bundle import EVALUATION, GOLDEN, REPORT, ModelBundle, read_bundle
from core.model.classifier import Classifier
from core.model.golden import check_golden_films
from core.reports.report_json import read_report_json
from core.scan.results import read_rows
from tests.phantoms import draw_phantom, write_phantom_set


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_phantom_set(tmp_path_factory.mktemp("films"), per_label=40, size=64)


@pytest.fixture(scope="module")
def recalibrated(
    tiny_bundle: ModelBundle, films: Path, tmp_path_factory: pytest.TempPathFactory
) -> ModelBundle:
    out = tmp_path_factory.mktemp("made") / "model"
    words = ["recalibrate", tiny_bundle.path, "--data", films, "--out", out]
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert main([*map(str, words), "--job", str(out.with_name("job"))]) == 0
    finally:
        for name, handler in kept.items():
            signal.signal(name, handler)
    return read_bundle(out)


def test_a_program_hears_how_far_a_recalibration_is(recalibrated: ModelBundle) -> None:
    lines = (recalibrated.path.with_name("job") / "events.jsonl").read_text("utf-8")
    events = [parse_event(line) for line in lines.splitlines()]
    told = [event for event in events if isinstance(event, Progressed)]
    assert told
    assert all(0 < event.done <= event.total for event in told)
    assert events[-1] == JobSucceeded(str(recalibrated.path))


def test_a_recalibrated_model_is_the_same_network_with_more_on_its_card(
    recalibrated: ModelBundle, tiny_bundle: ModelBundle
) -> None:
    assert recalibrated.sha256 == tiny_bundle.sha256
    card = recalibrated.card
    assert card.temperature != tiny_bundle.card.temperature
    assert card.conformal is not None
    assert sum(card.conformal.films.values()) == card.metrics["val"]["n"] == 24
    assert {point.label for point in card.sensitivity_points} == {"covid", "pneumonia"}
    assert card.operating_points[0].chosen_on == "validation"
    test = card.metrics["test"]
    assert test["sets"]["target"] == 0.9
    assert test["sensitivity_points"][0]["sensitivity_ci"]
    assert {EVALUATION, REPORT, GOLDEN} <= set(card.files)
    for source in test["by_source"].values():
        assert source["ece_ci"] is not None
        assert source["sets"]["coverage"] is not None
        assert "reliability" not in source
    report = read_report_json(recalibrated)
    assert report["provenance"]["temperature"] == pytest.approx(card.temperature)
    assert all(p["reliability"] for p in report["result"]["by_source"].values())
    found = check_golden_films(Classifier(recalibrated))
    assert found is not None
    assert found.is_kept


def test_without_its_films_a_model_is_not_recalibrated(
    tiny_bundle: ModelBundle,
    films: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = films.read_text("utf-8").splitlines()
    less = films.with_name("less.csv")
    less.write_text("\n".join(x for x in lines if not x.endswith(",val")), "utf-8")
    words = ["recalibrate", tiny_bundle.path, "--data", less, "--out", tmp_path / "m"]
    assert main(list(map(str, words))) == 2
    assert "has only 0 of the films" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
def test_report_and_card_show_sets_and_calibration_by_source(
    recalibrated: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    assert main(["evaluate", str(recalibrated.path), "--report", str(page)]) == 0
    said = capsys.readouterr().out
    assert "Sets of findings, made to hold the true one in 90 %:" in said
    assert "At the thresholds that validation chose for a sensitivity:" in said
    text = page.read_text("utf-8")
    for words in (
        "Sets of findings",
        "Operating points for a sensitivity",
        "Calibration error",
        "Reliability by source",
        "Computed with",
        recalibrated.card.preprocess.version,
    ):
        assert words in text
    assert main(["card", str(recalibrated.path)]) == 0
    said = capsys.readouterr().out
    for heading in ("Intended use", "Factors", "Reference standard", "Data and its"):
        assert f"\n{heading}" in said
    assert said.count("Sets of findings rest on validation films") == 1


@pytest.mark.slow
def test_evaluate_measures_the_coverage_that_is_asked_for(
    recalibrated: ModelBundle, films: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    words = ["evaluate", recalibrated.path, "--data", films, "--coverage", "0.8"]
    assert main([*map(str, words), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["sets"]["target"] == 0.8
    assert result["preprocessing"] == "1-stretch-standardise-32"
    assert {part["sets"]["target"] for part in result["by_source"].values()} == {0.8}


def test_evaluate_without_films_refuses_a_coverage_that_was_not_measured(
    recalibrated: ModelBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(recalibrated.path)]
    assert main([*words, "--coverage", "0.9"]) == 0
    capsys.readouterr()
    assert main([*words, "--coverage", "0.8"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "holds sets of 90 % alone" in said.err


@pytest.mark.slow
def test_a_single_film_that_is_left_out_is_one_film(
    tiny_bundle: ModelBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("covid", "normal", "other"):
        (tmp_path / label).mkdir()
        pixels = draw_phantom("normal", seed=len(label), size=64)
        Image.fromarray(pixels).save(tmp_path / label / "film.png")
    for words in (["evaluate"], ["compare", str(tiny_bundle.path)]):
        words += [str(tiny_bundle.path), "--data", str(tmp_path)]
        assert main(words) == 0
        assert "Left out (labelled other): 1." in capsys.readouterr().err


def test_predict_names_the_set_and_what_it_was_computed_with(
    recalibrated: ModelBundle,
    tiny_bundle: ModelBundle,
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["predict", "--model", str(recalibrated.path), str(film)]
    assert main([*words, "--json", "--coverage", "0.9"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert set(row["set"]) <= set(recalibrated.card.label_names)
    assert row["coverage"] == 0.9
    assert row["temperature"] == pytest.approx(recalibrated.card.temperature)
    assert main([*words, "--coverage", "0.9", "--heatmap", str(tmp_path)]) == 0
    told = capsys.readouterr()
    assert "At 90 % coverage: " in told.out
    assert recalibrated.sha256 in told.err
    (picture,) = tmp_path.glob("*-heatmap.png")
    with Image.open(picture) as image:
        about = image.getexif()[0x010E]
    assert recalibrated.sha256 in about
    assert "preprocessing 1-stretch-standardise-32" in about
    older = ["predict", "--model", str(tiny_bundle.path), "--coverage", "0.9"]
    assert main([*older, str(film)]) == 2
    assert "keeps no conformal scores" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "1", "much", "-0.1"])
def test_a_coverage_that_is_no_share_is_refused(text: str, film: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["predict", "--coverage", text, str(film)])
    assert caught.value.code == 2


def test_rows_of_a_scan_hold_the_set(
    recalibrated: ModelBundle, films: Path, tmp_path: Path
) -> None:
    out, lines = tmp_path / "rows.csv", tmp_path / "rows.jsonl"
    folder = films.parent / "covid"
    words = ["scan", folder, "--model", recalibrated.path, "--out", out]
    words += ["--jsonl", lines, "--coverage", "0.8", "--report", tmp_path / "r.html"]
    assert main(list(map(str, words))) == 0
    card = recalibrated.card
    rows = list(read_rows(out, card.label_names))
    assert len(rows) == 40
    for row in rows:
        assert row.coverage == 0.8
        assert row.set == card.set_at(row.probabilities, 0.8)
        assert row.preprocessing == card.preprocess.version
        assert row.temperature == pytest.approx(card.temperature, rel=1e-5)
    first = json.loads(lines.read_text().splitlines()[0])
    assert tuple(first["set"]) == rows[0].set
    assert "<th>set</th>" in (tmp_path / "r.html").read_text("utf-8")


def test_a_scan_does_not_go_on_with_other_sets_or_without_lungs(
    recalibrated: ModelBundle,
    film: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "rows.csv"
    model = str(recalibrated.path)
    words = ["scan", str(film.parent), "--model", model, "--out", str(out)]
    assert main([*words, "--coverage", "0.8"]) == 0
    before = out.read_bytes()
    assert before.endswith(b",0.800000,\n")  # nothing on lungs: it finds none
    again = [*words, "--resume"]
    assert main(again) == 2
    said = capsys.readouterr().err
    assert "rows.csv holds sets for 0.8 of the films, not 0.9" in said
    assert "Go on with --coverage 0.8" in said
    again += ["--coverage", "0.8"]
    assert main(again) == 0
    assert out.read_bytes() == before

    out.write_bytes(with_lungs := before.replace(b",\n", b",0.500000\n"))
    assert main([*again, "--no-lungs"]) == 2
    assert "Go on without --no-lungs" in capsys.readouterr().err
    assert main(again) == 0
    assert out.read_bytes() == with_lungs


@pytest.mark.slow
def test_a_local_card_is_found_kept_and_said_by_predict(
    recalibrated: ModelBundle,
    films: Path,
    film: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HILUM_HOME", str(tmp_path / "home"))
    bundle = str(recalibrated.path)
    predict = ["predict", "--model", bundle, "--local-card", "auto", str(film)]
    assert main(predict) == 2
    assert "local-card --films" in capsys.readouterr().err
    make = ["local-card", "--bundle", bundle, "--films", str(films)]
    assert main(make) == 0
    said = capsys.readouterr().out
    assert "Stated from" in said
    assert "120 films of your own" in said
    assert "Kolmogorov-Smirnov" in said
    kept = tmp_path / "home" / "data" / "local-cards" / f"{recalibrated.sha256}.json"
    assert kept.is_file()
    assert main(make) == 2  # it would be replaced
    assert main([*make, "--out", str(tmp_path / "mine.json")]) == 0
    capsys.readouterr()
    assert main(predict) == 0
    assert "Local operating points, from 120 films" in capsys.readouterr().out
    assert main([*predict[:-2], str(tmp_path / "mine.json"), str(film), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["local_card"].startswith("Local operating points, from 120 films")
    assert read_bundle(recalibrated.path).card == recalibrated.card
