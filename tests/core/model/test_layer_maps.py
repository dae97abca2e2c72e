"""Heat maps of earlier layers, of the default model in OpenVINO alone."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from core.errors import BundleError, CoreError
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle, read_bundle
from core.model.classifier import Classifier
from core.model.gradcam import FULL_SCALE
from core.model.layer_maps.layers import LAYERS, LayerMap, check_layer, layers_of
from core.paths import default_bundle_dir, sample_films
from core.runs.config import TITLES


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return read_bundle(default_bundle_dir())


@pytest.fixture(scope="module")
def classifier(bundle: ModelBundle) -> Classifier:
    return Classifier(bundle)


def test_layers_are_known_of_every_backbone_that_can_be_trained() -> None:
    assert set(LAYERS) == set(TITLES)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("layer", "side"), [("pool2_relu", 56), ("pool3_relu", 28), ("pool4_relu", 14)]
)
def test_an_earlier_layer_gives_a_finer_map_of_every_label(
    classifier: Classifier, layer: str, side: int
) -> None:
    film = read_radiograph(sample_films()[0])
    evidence = classifier.evidence_at(film, layer)
    assert evidence.shape == (side, side, 3)
    np.testing.assert_allclose(evidence.max(axis=(0, 1)), FULL_SCALE, rtol=1e-5)
    maps = [evidence[..., label].ravel() for label in range(3)]
    assert np.corrcoef(maps).min() < 0.5  # labels have maps of their own
    again = classifier.evidence_at(film, layer)
    np.testing.assert_allclose(evidence, again, atol=1e-3)


def test_a_layer_that_is_none_is_refused_with_those_there_are(
    bundle: ModelBundle, tiny_bundle: ModelBundle
) -> None:
    with pytest.raises(CoreError, match="no heat maps of a layer conv9") as caught:
        check_layer(bundle.card, "conv9")
    assert "pool2_relu, pool3_relu, pool4_relu, relu (the usual" in caught.value.hint
    assert layers_of(tiny_bundle.card) == ()
    with pytest.raises(CoreError, match="last layer alone"):
        check_layer(tiny_bundle.card, "relu")


@pytest.mark.parametrize("config", [[], "vgg16", {}, {"backbone": ["vgg16"]}])
def test_a_card_that_makes_no_sense_has_no_layers(
    tiny_bundle: ModelBundle, config: object
) -> None:
    training = {"config": config}
    assert not layers_of(msgspec.structs.replace(tiny_bundle.card, training=training))


def test_a_graph_of_other_layers_than_its_card_says_is_refused(
    tiny_bundle: ModelBundle,
) -> None:
    training = {"config": {"backbone": "vgg16"}}
    card = msgspec.structs.replace(tiny_bundle.card, training=training)
    with pytest.raises(BundleError, match="of 0 sizes and not 4"):
        LayerMap(ModelBundle(tiny_bundle.path, card, ""), "block5_conv3")
