"""Heat maps of the default model's earlier layers, against TensorFlow's gradient."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.slow]

keras = pytest.importorskip("keras")

from core.films.preprocess import to_network_input  # noqa: E402
from core.films.radiograph import read_radiograph  # noqa: E402
from core.model.bundle import GRAPH, ModelBundle, read_bundle  # noqa: E402
from core.model.classifier import Classifier  # noqa: E402
from core.model.layer_maps.layers import LayerMap, layers_of  # noqa: E402
from core.paths import default_bundle_dir, sample_films  # noqa: E402
from core.training.export import write_graph  # noqa: E402
from core.training.network import build_inference_model, network_of  # noqa: E402
from tests.networks import gradient_tape_cams  # noqa: E402


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return read_bundle(default_bundle_dir())


@pytest.fixture(scope="module")
def network(bundle: ModelBundle) -> keras.Model:
    return network_of(bundle)


@pytest.fixture(scope="module")
def exact(
    bundle: ModelBundle,
    network: keras.Model,
    tmp_path_factory: pytest.TempPathFactory,
) -> ModelBundle:
    """The same model with weights as Keras has them, not rounded to float16."""
    folder = tmp_path_factory.mktemp("exact")
    write_graph(build_inference_model(network), folder / GRAPH, half=False)
    return dataclasses.replace(bundle, path=folder)


@pytest.fixture(scope="module")
def film(bundle: ModelBundle) -> np.ndarray:
    return to_network_input(read_radiograph(sample_films()[0]), bundle.card.preprocess)


@pytest.fixture(scope="module")
def written(
    bundle: ModelBundle, network: keras.Model, film: np.ndarray
) -> dict[str, np.ndarray]:
    """Layer -> its map as TensorFlow has it."""
    layers = layers_of(bundle.card)
    maps = gradient_tape_cams(network, "densenet121", layers, film)
    return dict(zip(layers, maps, strict=True))


@pytest.mark.parametrize("layer", ["pool2_relu", "pool3_relu", "pool4_relu"])
def test_the_map_is_gradient_tape_grad_cam_of_the_keras_layer(
    bundle: ModelBundle,
    exact: ModelBundle,
    written: dict[str, np.ndarray],
    film: np.ndarray,
    layer: str,
) -> None:
    expected = written[layer]
    largest = np.abs(expected).max(axis=(0, 1))
    assert (largest > 0).all()
    # Rounded weights open and close other units on the way back.
    for model, tolerance in ((exact, 1e-3), (bundle, 3e-2)):
        found = LayerMap(model, layer).evidence(film)
        assert found.shape == expected.shape
        assert (np.abs(found - expected).max(axis=(0, 1)) < tolerance * largest).all()


def test_the_last_layer_s_map_is_that_of_the_first_pass(
    bundle: ModelBundle, written: dict[str, np.ndarray], film: np.ndarray
) -> None:
    usual = Classifier(bundle).predict_batch(film)[0].evidence
    expected = written[layers_of(bundle.card)[-1]]
    places = usual.shape[0] * usual.shape[1]
    tolerance = 1e-2 * np.abs(expected).max()
    np.testing.assert_allclose(usual / places, expected, atol=tolerance)
