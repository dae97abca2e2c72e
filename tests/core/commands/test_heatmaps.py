"""`predict --heatmap` of a chosen label and layer, with the default model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.commands.parser import parser
from core.errors import CoreError
from core.films.radiograph import read_radiograph
from core.model import classifier as classifiers
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier, evidence_of
from core.model.gradcam import heatmap_from_evidence, overlay
from core.paths import default_bundle_dir, sample_films

FILM = sample_films()[0]


def predict(folder: Path, *words: str | Path) -> np.ndarray:
    """The pixels of the one heat map that is written."""
    given = ["predict", str(FILM), "--heatmap", str(folder), *map(str, words)]
    arguments = parser(given).parse_args(given)
    assert arguments.run(arguments) == 0
    (written,) = folder.iterdir()
    with Image.open(written) as picture:
        return np.asarray(picture)


def told(folder: Path) -> str:
    """What the picture says of itself."""
    (written,) = folder.iterdir()
    with Image.open(written) as picture:
        return " ".join(map(str, picture.info.values()))


def laid_over(evidence: np.ndarray) -> np.ndarray:
    grey = read_radiograph(FILM).to_uint8()
    return overlay(grey, heatmap_from_evidence(evidence, grey.shape), 0.6)


@pytest.mark.slow
def test_the_label_and_the_layer_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = read_bundle(default_bundle_dir())
    classifier, film = Classifier(bundle), read_radiograph(FILM)
    prediction = classifier.predict(film)
    place = bundle.card.label_names.index("pneumonia")

    usual = predict(tmp_path / "a", "--label", "pneumonia")
    expected = laid_over(evidence_of(prediction, bundle.card, "pneumonia"))
    np.testing.assert_array_equal(usual, expected)
    assert "Evidence for pneumonia." in told(tmp_path / "a")
    assert "relative" not in told(tmp_path / "a") + capsys.readouterr().err

    finer = predict(tmp_path / "b", "--label", "pneumonia", "--layer", "pool4_relu")
    evidence = classifier.evidence_at(film, "pool4_relu")[:, :, place]
    assert np.abs(finer.astype(int) - laid_over(evidence)).max() <= 1
    note = "Heat map of pool4_relu: its colours are relative"
    assert note in told(tmp_path / "b")
    assert note in capsys.readouterr().err

    last = predict(tmp_path / "c", "--label", "pneumonia", "--layer", "relu")
    np.testing.assert_array_equal(last, usual)


@pytest.mark.slow
def test_a_second_graph_is_made_only_where_a_layer_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*about: object) -> None:
        raise AssertionError("it was made")

    monkeypatch.setattr(classifiers, "LayerMap", refuse)
    predict(tmp_path / "a")
    predict(tmp_path / "b", "--label", "normal")
    with pytest.raises(AssertionError):
        predict(tmp_path / "c", "--layer", "pool3_relu")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (["--layer", "nose"], "no heat maps of a layer nose", "pool2_relu, pool3_relu"),
        (["--label", "nose"], "no label nose", "covid, normal, pneumonia"),
    ],
)
def test_a_name_that_is_none_lists_those_there_are(
    tmp_path: Path, words: list[str], said: str, hint: str
) -> None:
    with pytest.raises(CoreError, match=said) as caught:
        predict(tmp_path / "heat", *words)
    assert hint in caught.value.hint
    assert not (tmp_path / "heat").exists()


def test_a_choice_without_heat_maps_is_refused(tiny_bundle: ModelBundle) -> None:
    given = ["predict", str(FILM), "--model", str(tiny_bundle.path)]
    for words in (["--label", "covid"], ["--layer", "relu"]):
        arguments = parser(given).parse_args([*given, *words])
        with pytest.raises(CoreError, match="none is to be written") as caught:
            arguments.run(arguments)
        assert "--heatmap" in caught.value.hint
