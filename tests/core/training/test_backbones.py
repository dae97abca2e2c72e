"""The five backbones: their heat maps, and how each is made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.films.preprocess import DEVIATION_FLOOR  # noqa: E402
from core.model.bundle import ModelBundle  # noqa: E402
from core.model.gradcam import FULL_SCALE, heatmap_from_evidence  # noqa: E402
from core.model.layer_maps.layers import LAYERS, LayerMap  # noqa: E402
from core.runs.config import USUAL_LAYERS, TrainingConfig  # noqa: E402
from core.training.backbones import (  # noqa: E402
    DEVIATIONS,
    make_backbone,
    standardise,
)
from core.training.export import export_openvino  # noqa: E402
from core.training.heads import HEAD, POOLED, head_model  # noqa: E402
from tests.networks import (  # noqa: E402
    SIZE,
    films,
    gradient_tape_cams,
    lively_network,
)
from tests.small_network import small_vgg16  # noqa: E402
from tests.tiny_bundle import make_card  # noqa: E402

DEEP = "512-256-64"
SMALL_HEADS = ("linear", "64", "64-32")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "head", "head_norm"),
    [
        *((name, DEEP, True) for name in USUAL_LAYERS),
        *(("vgg16", head, False) for head in SMALL_HEADS),
    ],
)
def test_heat_map_equals_gradient_tape_grad_cam(
    backbone: str,
    head: str,
    head_norm: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if head in SMALL_HEADS:  # it is the head that matters
        monkeypatch.setattr(keras.applications, "VGG16", small_vgg16)
    config = TrainingConfig(
        backbone=backbone, head=head, head_norm=head_norm, size=SIZE
    )
    network = lively_network(config)
    film = films(3)[1:]

    graph = export_openvino(network, tmp_path / "model.xml", half=False)

    logits, evidence, embedding = graph.run(film)
    features = keras.Model(network.input, network.get_layer(POOLED).input)
    expected = cam_of_features(network, features(film, training=False))
    height, width = evidence.shape[1:3]
    # Grad-CAM's gradient is of one location: 1 / (h * w) of the mean's.
    found = evidence / (height * width)
    tolerance = 1e-4 * np.abs(expected).max()
    assert tolerance > 0
    np.testing.assert_allclose(found, expected, atol=tolerance)
    for label in range(3):
        cam = np.clip(expected[0, :, :, label] * height * width / FULL_SCALE, 0.0, 1.0)
        ours = heatmap_from_evidence(evidence[0, :, :, label], (height, width))
        np.testing.assert_allclose(ours, cam, atol=1e-3)
    # And by finite difference: how the logits change as all features grow.
    alone = head_model(config, embedding.shape[1], 3)
    alone.set_weights([w for x in head_layers(network) for w in x.get_weights()])
    step = np.float32(2e-3)
    grown, shrunk = (embedding * (1 + step), embedding * (1 - step))
    above, below = (alone.predict(x, verbose=0) for x in (grown, shrunk))
    np.testing.assert_allclose(
        evidence.mean(axis=(1, 2)),
        (above - below) / (2 * step),
        atol=1e-2 * np.abs(logits).max(),
    )
    if head in SMALL_HEADS:
        return
    # And at the layers before the last.
    card = msgspec.structs.replace(
        make_card(), training={"config": {"backbone": backbone}}
    )
    bundle = ModelBundle(tmp_path, card, "")
    sides = []
    layers = LAYERS[backbone][:-1]
    written = gradient_tape_cams(network, backbone, layers, film[:1])
    for layer, expected in zip(layers, written, strict=True):
        found = LayerMap(bundle, layer).evidence(film[:1])
        # Where a unit is near 0, rounding decides whether its gradient passes.
        tolerance = 2e-2 * np.abs(expected).max()
        assert tolerance > 0
        np.testing.assert_allclose(found, expected, atol=tolerance, err_msg=layer)
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999
        sides.append(len(found))
    assert sides == [height * 2**n for n in range(len(sides), 0, -1)]


def cam_of_features(network: keras.Model, features: object) -> np.ndarray:
    """(n, h, w, c) of Grad-CAM before its relu, as it is written down."""
    import tensorflow as tf

    cams = []
    for label in range(3):
        with tf.GradientTape() as tape:
            tape.watch(features)
            out = tf.reduce_mean(features, axis=(1, 2))
            for layer in head_layers(network):
                out = layer(out, training=False)
            logit = out[:, label]
        weights = tf.reduce_mean(tape.gradient(logit, features), axis=(1, 2))
        cams.append(np.einsum("nhwk,nk->nhw", features, weights))
    return np.stack(cams, axis=-1)


def head_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Every layer after the pooling."""
    names = [layer.name for layer in network.layers]
    assert names[-1] == HEAD
    return network.layers[names.index(POOLED) + 1 :]


@pytest.mark.parametrize("deviation", [1.0, 57.0, 0.45])
def test_standardise_gives_mean_0_the_deviation_and_three_equal_channels(
    deviation: float,
) -> None:
    film = films(1)
    out = np.asarray(standardise(film, deviation))
    scaled = film / 255.0
    expected = (scaled - scaled.mean()) / (scaled.std() + DEVIATION_FLOOR) * deviation
    np.testing.assert_allclose(out[..., 0:1], expected, atol=1e-5 * deviation)
    np.testing.assert_array_equal(out[..., 0], out[..., 2])


@pytest.mark.parametrize("name", USUAL_LAYERS)
def test_deviation_is_what_keras_gives_films_like_those_of_imagenet(
    name: str,
) -> None:
    module = {"resnet152v2": "resnet_v2", "densenet121": "densenet"}.get(name, name)
    prepare = getattr(keras.applications, module).preprocess_input
    # Grey at the mean of ImageNet, plus and minus its deviation.
    levels = np.array([0.45 - 0.225, 0.45 + 0.225], np.float32) * 255
    prepared = prepare(np.tile(levels.reshape(1, 2, 1, 1), (1, 1, 1, 3)))
    assert DEVIATIONS[name] == pytest.approx(prepared.std(axis=1).mean(), rel=0.02)


@pytest.mark.parametrize("name", USUAL_LAYERS)
def test_takes_any_square_size_and_ends_in_a_feature_map(name: str) -> None:
    backbone = make_backbone(name, 75)
    assert backbone.input_shape == (None, 75, 75, 3)
    assert len(backbone.output_shape) == 4
    usual = USUAL_LAYERS[name]
    assert any(layer.weights for layer in backbone.layers[usual:])
