"""Networks: their heads, what learns, and rebuilding them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.errors import TrainingError  # noqa: E402
from core.model.bundle import ModelBundle, read_bundle  # noqa: E402
from core.model.classifier import probabilities  # noqa: E402
from core.model.graph import Graph  # noqa: E402
from core.paths import default_bundle_dir  # noqa: E402
from core.runs.config import TrainingConfig  # noqa: E402
from core.runs.starting_weights import config_of  # noqa: E402
from core.training.backbones import BACKBONE  # noqa: E402
from core.training.export import keras_logits  # noqa: E402
from core.training.heads import HEAD, head_model, set_head  # noqa: E402
from core.training.network import (  # noqa: E402
    build_inference_model,
    build_network,
    network_of,
    summary_of,
    unfreeze,
)
from core.training.weights import load_whole  # noqa: E402
from tests.networks import films, lively_network, write_network_bundle  # noqa: E402
from tests.small_network import small_resnet50  # noqa: E402

SMALL = TrainingConfig(backbone="vgg16", head="8-4", head_norm=True, size=32)
DENSE = TrainingConfig(size=32)


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A small network with hidden layers."""
    return lively_network(SMALL)


@pytest.fixture(scope="module")
def densenet() -> keras.Model:
    """A DenseNet121 with the weights that a test's file holds."""
    return lively_network(msgspec.structs.replace(DENSE, head="8"))


def backbone_weights(network: keras.Model) -> list[np.ndarray]:
    """As they are now."""
    return network.get_layer(BACKBONE).get_weights()


def test_the_model_that_comes_with_the_program_is_rebuilt_from_its_card() -> None:
    bundle = read_bundle(default_bundle_dir())
    film = films(3, 224)
    graph = Graph(bundle.path / "model.xml", size=224, labels=3)
    # The graph's weights are stored as float16.
    np.testing.assert_allclose(
        probabilities(keras_logits(network_of(bundle), film), 1.0),
        probabilities(graph.logits(film), 1.0),
        atol=1e-3,
    )


def test_a_bundle_with_hidden_layers_is_rebuilt_from_its_card(
    network: keras.Model, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    bundle = write_network_bundle(tmp_path / "model", network, SMALL, tiny_bundle)
    film = films(2, 32)
    rebuilt = network_of(bundle)
    np.testing.assert_array_equal(
        keras_logits(rebuilt, film), keras_logits(network, film)
    )


def test_a_card_that_says_nothing_means_a_densenet_with_a_linear_head(
    tiny_bundle: ModelBundle,
) -> None:
    config = config_of(tiny_bundle.card)
    assert (config.backbone, config.hidden, config.size) == ("densenet121", (), 32)


def test_a_card_from_the_future_is_refused_in_a_sentence(
    tiny_bundle: ModelBundle,
) -> None:
    fields = {"config": {"backbone": "vit-b16"}}
    card = msgspec.structs.replace(tiny_bundle.card, training=fields)
    with pytest.raises(TrainingError, match="vit-b16") as caught:
        config_of(card)
    assert caught.value.hint


def test_a_bundle_without_weights_cannot_be_rebuilt(tiny_bundle: ModelBundle) -> None:
    with pytest.raises(TrainingError, match="comes without"):
        network_of(tiny_bundle)


def test_a_head_trained_alone_gives_the_same_logits_on_the_network(
    network: keras.Model,
) -> None:
    head = head_model(SMALL, 512, 3)
    features = np.random.default_rng(0).uniform(0, 1, (16, 512)).astype(np.float32)
    head.compile("adam", "mse")
    head.fit(features, np.ones((16, 3)), epochs=2, verbose=0)
    taking = lively_network(SMALL)

    set_head(taking, head)

    pooled = keras.Model(taking.input, taking.get_layer("embedding").output)
    film = films(2, 32)
    expected = head.predict(pooled.predict(film, verbose=0), verbose=0)
    np.testing.assert_allclose(keras_logits(taking, film), expected, atol=1e-5)


def test_dropout_follows_the_features_and_every_hidden_layer() -> None:
    config = msgspec.structs.replace(SMALL, dropout=0.25)
    dropouts = [
        layer.rate
        for layer in build_network(config, 2).layers
        if isinstance(layer, keras.layers.Dropout)
    ]
    assert dropouts == [0.25] * 3
    without = build_network(config, 2, dropout=0.0)
    assert without.get_layer("dropout").rate == 0.0


def test_dropout_of_hidden_layers_alone_comes_before_their_normalisation() -> None:
    config = msgspec.structs.replace(SMALL, dropout=0.25, dropout_at="hidden")
    layers = build_network(config, 2).layers
    dropouts = [x.rate for x in layers if isinstance(x, keras.layers.Dropout)]
    assert dropouts == [0.0, 0.25, 0.25]
    names = [layer.name for layer in layers]
    first = names.index("hidden_1")
    assert names[first : first + 3] == ["hidden_1", "dropout_1", "norm_1"]
    names = [layer.name for layer in build_network(SMALL, 2).layers]
    assert names[first : first + 3] == ["hidden_1", "norm_1", "dropout_1"]


def test_weights_and_heat_do_not_depend_on_where_dropout_stood(tmp_path: Path) -> None:
    config = msgspec.structs.replace(SMALL, dropout_at="hidden")
    network, film = lively_network(config), films(2, 32)
    network.save_weights(tmp_path / "model.weights.h5")
    rebuilt = build_network(SMALL, 3, dropout=0.0)
    load_whole(rebuilt, tmp_path / "model.weights.h5")
    for one, other in zip(
        build_inference_model(network).predict(film, verbose=0),
        build_inference_model(rebuilt).predict(film, verbose=0),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_summary_says_what_learns() -> None:
    frozen = msgspec.structs.replace(SMALL, epochs=0)
    text = summary_of(frozen, 3)
    assert max(map(len, text.splitlines())) <= 80
    for name in ("hidden_1", "norm_2", "logits", "block5_conv3"):
        assert name in text
    assert "Trainable params: 4,179 " in text
    tuned = summary_of(msgspec.structs.replace(SMALL, unfreeze_from=0), 3)
    assert "Non-trainable params: 24 " in tuned, "the statistics of the head's"
    with pytest.raises(TrainingError, match="none can be unfrozen"):
        summary_of(msgspec.structs.replace(SMALL, unfreeze_from=500), 3)


def test_film_and_head_stay_float32_where_the_backbone_computes_in_bfloat16(
    network: keras.Model,
) -> None:
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = build_network(SMALL, 3, dropout=0.0)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    mixed.set_weights(network.get_weights())
    assert mixed.get_layer(BACKBONE).get_layer("block1_conv1").compute_dtype == (
        "bfloat16"
    )
    for name in ("hidden_1", "norm_2", HEAD):
        assert mixed.get_layer(name).compute_dtype == "float32"
    film = films(2, 32)
    np.testing.assert_allclose(
        keras_logits(mixed, film), keras_logits(network, film), rtol=0.1, atol=0.1
    )


@pytest.fixture
def small_resnet(monkeypatch: pytest.MonkeyPatch) -> None:
    """ResNet50 is a small network that normalises too."""
    monkeypatch.setattr(keras.applications, "ResNet50", small_resnet50)


@pytest.mark.usefixtures("small_resnet")
def test_normalisation_learns_in_the_head_but_not_in_a_frozen_backbone() -> None:
    config = TrainingConfig(
        backbone="resnet50", size=32, head="4", head_norm=True, unfreeze_from=4
    )
    network = build_network(config, 2)
    unfreeze(network, config)
    before = backbone_weights(network)
    head_before = network.get_layer("norm_1").get_weights()
    network.compile("sgd", "mse", jit_compile=False)
    network.train_on_batch(films(4, 32), np.ones((4, 2), np.float32))
    pairs = zip(network.get_layer("norm_1").get_weights(), head_before, strict=True)
    assert all(not np.array_equal(now, then) for now, then in pairs)
    norms = {"moving_mean", "moving_variance", "gamma", "beta"}
    variables = network.get_layer(BACKBONE).weights
    for variable, now, then in zip(
        variables, backbone_weights(network), before, strict=True
    ):
        if variable.name in norms:
            np.testing.assert_array_equal(now, then)


@pytest.mark.usefixtures("small_resnet")
def test_statistics_learn_where_the_job_starts_from_nothing() -> None:
    config = TrainingConfig(
        backbone="resnet50", size=32, weights="none", unfreeze_from=0
    )
    network = build_network(config, 2)
    unfreeze(network, config)
    norm = network.get_layer(BACKBONE).get_layer("norm2")
    before = norm.get_weights()
    network.compile("sgd", "mse", jit_compile=False)
    network.train_on_batch(films(4, 32), np.ones((4, 2), np.float32))
    for now, then in zip(norm.get_weights(), before, strict=True):
        assert not np.array_equal(now, then)


def test_unfreezing_starts_at_the_layer_and_spares_normalisation(
    densenet: keras.Model,
) -> None:
    unfreeze(densenet, TrainingConfig(unfreeze_from=100))
    layers = densenet.get_layer(BACKBONE).layers
    assert not any(layer.trainable for layer in layers[:100])
    norms = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    assert not any(norm.trainable for norm in norms)
    others = [x for x in layers[100:] if x not in norms]
    assert all(layer.trainable for layer in others)


def test_unfreezing_from_a_layer_that_is_not_there_is_refused(
    network: keras.Model,
) -> None:
    with pytest.raises(TrainingError, match="19 layers") as caught:
        unfreeze(network, TrainingConfig(unfreeze_from=100))
    assert "15 for VGG16" in caught.value.hint
