"""From the network's numbers to what is said of a film."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.errors import BundleError, CoreError
from core.films.film_warning import FilmWarning
from core.films.preprocess import PreprocessSpec, to_network_input
from core.films.radiograph import read_radiograph
from core.model.bundle import (
    CARD,
    GRAPH,
    Label,
    ModelBundle,
    ModelCard,
    read_bundle,
    write_bundle,
)
from core.model.classifier import (
    DRAWN,
    Classifier,
    Prediction,
    Verdict,
    decide,
    open_graph,
    probabilities,
)
from core.model.gate import FilmCheck
from core.model.graph import probe_input
from core.model.wording import no_sign, normal_note, sentence
from core.paths import sample_films
from core.words import percent
from tests.phantoms import draw_phantom
from tests.tiny_bundle import CELLS, SIZE, make_card, write_tiny_bundle


@pytest.fixture(scope="module")
def classifier(tiny_bundle: ModelBundle) -> Classifier:
    return Classifier(tiny_bundle)


def prediction_of(*shares: float) -> Prediction:
    """A prediction whose probabilities are `shares`."""
    logits = np.log(np.array(shares, np.float64)).astype(np.float32)
    return Prediction(logits, np.zeros((1, 1, 3), "f4"), np.zeros(1, "f4"))


def card_with(*thresholds: float, temperature: float = 1.0) -> ModelCard:
    card = make_card()
    points = [
        msgspec.structs.replace(point, threshold=threshold)
        for point, threshold in zip(card.operating_points, thresholds, strict=True)
    ]
    return msgspec.structs.replace(
        card, operating_points=tuple(points), temperature=temperature
    )


def test_probabilities_are_one_softmax_over_the_temperature() -> None:
    logits = np.array([2 * math.log(6), 2 * math.log(3), 0.0], np.float32)
    given = probabilities(logits, 2.0)
    np.testing.assert_allclose(given, [0.6, 0.3, 0.1], atol=1e-7)


def test_confident_network_is_not_held_down_by_a_second_softmax() -> None:
    assert probabilities(np.array([20, 0, 0], np.float32), 1.0)[0] > 0.999


@pytest.mark.parametrize("temperature", [0.05, 1.0, 20.0])
def test_probabilities_of_any_logits_sum_to_1(temperature: float) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 300, (50, 3)).astype(np.float32)
    given = probabilities(logits, temperature)
    np.testing.assert_allclose(given.sum(axis=1), 1, atol=1e-12)
    assert (given >= 0).all()
    np.testing.assert_array_equal(given.argmax(axis=1), logits.argmax(axis=1))


def test_probabilities_leave_the_logits_alone() -> None:
    logits = np.array([[1, 2, 3]], np.float64)
    probabilities(logits, 2.0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(logits, [[1, 2, 3]])


def test_higher_temperature_makes_less_sure_of_the_same_finding() -> None:
    logits = np.array([3.0, 1.0, 0.0], np.float32)
    sure, unsure = probabilities(logits, 1.0), probabilities(logits, 4.0)
    assert sure.argmax() == unsure.argmax() == 0
    assert 1 / 3 < unsure[0] < sure[0]


def test_finding_is_the_label_whose_operating_point_is_met() -> None:
    verdict = decide(prediction_of(0.1, 0.7, 0.2), card_with(0.6, 0.6, 0.6))
    assert verdict.finding == "pneumonia"
    assert list(verdict.probabilities) == ["covid", "pneumonia", "normal"]
    assert verdict.probabilities["pneumonia"] == pytest.approx(0.7, abs=1e-6)


def test_threshold_is_inclusive() -> None:
    prediction = prediction_of(0.1, 0.7, 0.2)
    exactly = float(probabilities(prediction.logits, 1.0)[1])
    assert decide(prediction, card_with(0.9, exactly, 0.9)).finding == "pneumonia"
    above = math.nextafter(exactly, 1)
    assert decide(prediction, card_with(0.9, above, 0.9)).finding is None


def test_threshold_is_compared_after_the_temperature() -> None:
    card = card_with(0.6, 0.6, 0.6, temperature=5.0)
    assert decide(prediction_of(0.7, 0.2, 0.1), card).finding is None


def test_each_label_has_its_own_threshold() -> None:
    card = card_with(0.95, 0.5, 0.95)
    assert decide(prediction_of(0.6, 0.3, 0.1), card).finding is None
    assert decide(prediction_of(0.3, 0.6, 0.1), card).finding == "pneumonia"


def test_of_two_labels_that_are_met_the_likelier_is_stated() -> None:
    card = card_with(0.2, 0.2, 0.9)
    assert decide(prediction_of(0.3, 0.6, 0.1), card).finding == "pneumonia"


def test_of_two_labels_that_are_equal_the_first_is_stated() -> None:
    prediction = Prediction(
        np.array([1, 1, -9], "f4"), np.zeros((1, 1, 3), "f4"), np.zeros(1, "f4")
    )
    assert decide(prediction, card_with(0.3, 0.3, 0.3)).finding == "covid"
    assert decide(prediction, card_with(0.5, 0.5, 0.5)).finding is None


def test_warnings_of_the_film_go_into_the_verdict(film: Path) -> None:
    radiograph = dataclasses.replace(read_radiograph(film), warnings=("It is small.",))
    prediction = prediction_of(0.1, 0.7, 0.2)
    assert decide(prediction, make_card(), radiograph).warnings == ("It is small.",)
    assert decide(prediction, make_card()).warnings == ()


def test_card_of_another_number_of_labels_is_a_mistake() -> None:
    card = msgspec.structs.replace(
        make_card(), labels=(Label("a", "A"), Label("b", "B"))
    )
    with pytest.raises(ValueError, match="zip"):
        decide(prediction_of(0.1, 0.7, 0.2), card)


def test_a_refused_film_has_no_probabilities(film: Path) -> None:
    radiograph = dataclasses.replace(read_radiograph(film), refused="It is a CT slice.")
    verdict = decide(prediction_of(0.1, 0.7, 0.2), make_card(), radiograph)
    assert (verdict.finding, dict(verdict.probabilities)) == (None, {})
    assert verdict.refused == "It is a CT slice."
    assert sentence(verdict, make_card()) == "No verdict. It is a CT slice."


def test_what_the_gate_says_goes_into_the_verdict(film: Path) -> None:
    turned = FilmWarning("It lies on its side.", mend="rotate 90")
    prediction = dataclasses.replace(
        prediction_of(0.1, 0.7, 0.2), check=FilmCheck(warnings=(turned,))
    )
    verdict = decide(prediction, make_card())
    assert verdict.finding is None
    assert verdict.probabilities["pneumonia"] == pytest.approx(0.7, abs=1e-6)
    assert verdict.warnings[0].mend == "rotate 90"
    said = sentence(verdict, make_card())
    assert said == "In doubt: Pneumonia 70 %, Normal 20 %."
    refused = dataclasses.replace(prediction, check=FilmCheck(refused="A house."))
    assert decide(refused, make_card(), read_radiograph(film)).refused == "A house."
    assert not decide(refused, make_card(), read_radiograph(film)).probabilities


def test_a_drawn_sample_is_told_to_be_one_and_not_refused() -> None:
    sample = read_radiograph(sample_films()[0])
    prediction = dataclasses.replace(
        prediction_of(0.1, 0.7, 0.2), check=FilmCheck(refused="A drawing.")
    )
    verdict = decide(prediction, make_card(), sample)
    assert verdict.refused is None
    assert DRAWN in verdict.warnings


def test_a_mild_warning_leaves_the_headline(film: Path) -> None:
    radiograph = dataclasses.replace(read_radiograph(film), warnings=("Two pages.",))
    verdict = decide(prediction_of(0.1, 0.8, 0.1), make_card(), radiograph)
    assert sentence(verdict, make_card()) == "Looks like Pneumonia, 80 %."


def test_normal_is_told_as_what_was_looked_for() -> None:
    labels = (
        Label("covid", "COVID-19"),
        Label("tb", "Tuberculosis"),
        Label("pneumonia", "Pneumonia"),
        Label("normal", "Clear"),
    )
    card = make_card(labels=labels)
    assert normal_note(card.names) == (
        "“Clear” means: No sign of COVID-19, tuberculosis or pneumonia. "
        "Nothing else was looked for."
    )
    assert normal_note(make_card(labels=labels[:3]).names) == ""
    assert no_sign(make_card(labels=labels[::3]).names).startswith(
        "No sign of COVID-19. "
    )


def verdict_of(finding: str | None, *shares: float) -> Verdict:
    return Verdict(finding, dict(zip(make_card().label_names, shares, strict=True)))


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (verdict_of("covid", 0.93, 0.04, 0.03), "Looks like COVID-19, 93 %."),
        (
            verdict_of("normal", 0.001, 0.002, 0.997),
            "No sign of COVID-19 or pneumonia. Nothing else was looked for.",
        ),
        (
            verdict_of(None, 0.2, 0.38, 0.42),
            "Uncertain: Normal 42 %, Pneumonia 38 %.",
        ),
        (
            verdict_of(None, 0.994, 0.002, 0.004),
            "Uncertain: COVID-19 over 99 %, Normal under 1 %.",
        ),
    ],
)
def test_sentence_is(verdict: Verdict, text: str) -> None:
    assert sentence(verdict, make_card()) == text


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "0 %"),
        (1e-9, "under 1 %"),
        (0.004, "under 1 %"),
        (0.0099, "under 1 %"),
        (0.01, "1 %"),
        (0.5, "50 %"),
        (0.934, "93 %"),
        (0.99, "99 %"),
        (0.9901, "over 99 %"),
        (0.996, "over 99 %"),
        (1 - 1e-9, "over 99 %"),
        (1.0, "100 %"),
    ],
)
def test_percent_is(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_percent_never_claims_a_certainty_that_is_not() -> None:
    for probability in np.linspace(0, 1, 10_001)[1:-1]:
        assert percent(float(probability)) not in ("0 %", "100 %")


def test_brightness_decides_in_the_tiny_model(
    classifier: Classifier, make_film: Callable[..., Path]
) -> None:
    card = classifier.bundle.card
    for name, brightness, finding in (("b", 250, "covid"), ("d", 5, "normal")):
        film = read_radiograph(make_film(f"{name}.png", brightness))
        assert decide(classifier.predict(film), card, film).finding == finding


def test_prediction_has_the_shapes_it_promises(
    classifier: Classifier, film: Path
) -> None:
    prediction = classifier.predict(read_radiograph(film))
    assert prediction.logits.shape == (3,)
    assert prediction.evidence.shape == (CELLS, CELLS, 3)
    assert prediction.embedding.shape == (CELLS * CELLS,)
    for array in (prediction.logits, prediction.evidence, prediction.embedding):
        assert array.dtype == np.float32


def test_batch_gives_what_the_films_give_one_by_one(classifier: Classifier) -> None:
    rng = np.random.default_rng(1)
    batch = rng.uniform(0, 255, (5, SIZE, SIZE, 1)).astype(np.float32)
    together = classifier.predict_batch(batch)
    assert len(together) == 5
    for i, prediction in enumerate(together):
        (alone,) = classifier.predict_batch(batch[i : i + 1])
        np.testing.assert_allclose(prediction.logits, alone.logits, atol=1e-5)
        np.testing.assert_allclose(prediction.evidence, alone.evidence, atol=1e-5)
        np.testing.assert_allclose(prediction.embedding, alone.embedding, atol=1e-6)


def test_film_is_read_as_the_batch_of_its_network_input(
    classifier: Classifier, film: Path
) -> None:
    radiograph = read_radiograph(film)
    spec = classifier.bundle.card.preprocess
    (expected,) = classifier.predict_batch(to_network_input(radiograph, spec))
    np.testing.assert_array_equal(
        classifier.predict(radiograph).logits, expected.logits
    )


def test_predictions_own_their_memory(classifier: Classifier) -> None:
    white = np.full((1, SIZE, SIZE, 1), 255, np.float32)
    (first,) = classifier.predict_batch(white)
    logits, evidence = first.logits.copy(), first.evidence.copy()
    (second,) = classifier.predict_batch(np.zeros_like(white))
    second.logits[:] = 9
    second.evidence[:] = 9
    np.testing.assert_array_equal(first.logits, logits)
    np.testing.assert_array_equal(first.evidence, evidence)


def test_unknown_precision_is_refused(tiny_bundle: ModelBundle) -> None:
    with pytest.raises(CoreError, match="no precision called double"):
        open_graph(tiny_bundle, precision="double")


def test_faster_precision_agrees_closely(
    tiny_bundle: ModelBundle, classifier: Classifier, film: Path
) -> None:
    radiograph = read_radiograph(film)
    exact = probabilities(classifier.predict(radiograph).logits, 1.0)
    pixels = to_network_input(radiograph, tiny_bundle.card.preprocess)
    (fast,) = open_graph(tiny_bundle, precision="bfloat16").logits(pixels)
    np.testing.assert_allclose(probabilities(fast, 1.0), exact, atol=0.05)


def test_graph_that_is_no_graph_is_refused_even_with_the_right_hash(
    tmp_path: Path,
) -> None:
    path = write_tiny_bundle(tmp_path / "model").path
    (path / GRAPH).write_bytes(b"<net>not a graph</net>")
    fields = json.loads((path / CARD).read_text("utf-8"))
    fields["files"][GRAPH] = hashlib.sha256((path / GRAPH).read_bytes()).hexdigest()
    (path / CARD).write_text(json.dumps(fields), "utf-8")
    with pytest.raises(BundleError, match="cannot be loaded"):
        Classifier(read_bundle(path))


def test_graph_of_another_card_is_refused(tmp_path: Path) -> None:
    made = write_tiny_bundle(tmp_path / "model")
    card = msgspec.structs.replace(made.card, preprocess=PreprocessSpec(size=64))
    files = {name: made.path / name for name in made.card.files}
    with pytest.raises(BundleError, match="its input is"):
        Classifier(write_bundle(tmp_path / "larger", card, files))


def test_graph_of_more_labels_than_the_card_is_refused(tmp_path: Path) -> None:
    made = write_tiny_bundle(tmp_path / "model")
    card = msgspec.structs.replace(
        made.card,
        labels=made.card.labels[:2],
        operating_points=made.card.operating_points[:2],
        probe=(0.5, 0.5),
    )
    files = {name: made.path / name for name in made.card.files}
    with pytest.raises(BundleError, match="for 2 labels"):
        Classifier(write_bundle(tmp_path / "fewer", card, files))


def test_probe_is_a_picture_that_every_machine_makes_alike() -> None:
    probe = probe_input(PreprocessSpec(size=SIZE))
    assert probe.shape == (1, SIZE, SIZE, 1)
    assert probe.dtype == np.float32
    assert probe.min() >= 0
    assert 30 < probe.std()
    assert probe.max() <= 255
    np.testing.assert_array_equal(probe, probe_input(PreprocessSpec(size=SIZE)))


def test_mirrored_film_gives_mirrored_evidence(classifier: Classifier) -> None:
    film = draw_phantom("pneumonia", seed=2, size=SIZE).astype(np.float32)
    batch = np.stack([film, film[:, ::-1]])[..., np.newaxis]
    plain, mirrored = classifier.predict_batch(batch)
    np.testing.assert_allclose(mirrored.evidence, plain.evidence[:, ::-1], atol=1e-4)
