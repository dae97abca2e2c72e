"""The weights that a network starts from: what is taken, what is refused."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.errors import CoreError, TrainingError  # noqa: E402
from core.model.bundle import ModelBundle, read_bundle  # noqa: E402
from core.paths import default_bundle_dir, weights_dir  # noqa: E402
from core.runs.config import TITLES, USUAL_LAYERS, TrainingConfig  # noqa: E402
from core.training.backbones import BACKBONE, imagenet_file, make_backbone  # noqa: E402
from core.training.network import (  # noqa: E402
    build_network,
    check_network,
    network_of,
)
from core.training.weights import halve, load_start, load_whole  # noqa: E402
from tests.networks import lively_network, write_network_bundle  # noqa: E402

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


@pytest.fixture(scope="module")
def made() -> tuple[keras.Model, list[np.ndarray]]:
    """A DenseNet121 of two labels, which takes seconds to make, and its weights."""
    network = build_network(DENSE, 2)
    return network, network.get_weights()


@pytest.fixture
def fresh(made: tuple[keras.Model, list[np.ndarray]]) -> keras.Model:
    """That network as it was made."""
    network, weights = made
    network.set_weights(weights)
    return network


def backbone_weights(network: keras.Model) -> list[np.ndarray]:
    """As they are now."""
    return network.get_layer(BACKBONE).get_weights()


def assert_same_backbone(ours: keras.Model, theirs: keras.Model) -> None:
    """Every array of both backbones is equal."""
    pairs = zip(backbone_weights(ours), backbone_weights(theirs), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)


def test_starts_from_the_model_that_comes_with_the_program() -> None:
    given = network_of(read_bundle(default_bundle_dir()))
    fresh = build_network(msgspec.structs.replace(DENSE, head="8"), 2)
    before = fresh.get_weights()
    for weights in ("default", str(default_bundle_dir())):
        fresh.set_weights(before)
        load_start(fresh, msgspec.structs.replace(DENSE, weights=weights, head="8"))
        assert_same_backbone(fresh, given)


def test_starts_from_a_bundle_with_other_labels_and_another_head(
    network: keras.Model, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    bundle = write_network_bundle(tmp_path / "model", network, SMALL, tiny_bundle)
    config = TrainingConfig(backbone="vgg16", size=48, weights=str(bundle.path))
    fresh = build_network(config, 2)
    load_start(fresh, config)
    assert_same_backbone(fresh, network)


def test_weights_of_another_backbone_are_refused_by_name(
    network: keras.Model,
    fresh: keras.Model,
    tiny_bundle: ModelBundle,
    tmp_path: Path,
) -> None:
    bundle = write_network_bundle(tmp_path / "model", network, SMALL, tiny_bundle)
    config = msgspec.structs.replace(DENSE, weights=str(bundle.path))
    with pytest.raises(TrainingError, match="VGG16.*DenseNet121") as caught:
        load_start(fresh, config)
    assert caught.value.hint


def alone(densenet: keras.Model, path: Path) -> None:
    """The backbone alone, in Keras 3's layout."""
    densenet.get_layer(BACKBONE).save_weights(path)


def whole(densenet: keras.Model, path: Path) -> None:
    """The backbone within a network, with its head."""
    densenet.save_weights(path)


@functools.cache
def flat(densenet: keras.Model) -> keras.Model:
    """As CheXNet was published: 14 sigmoid units on the pooled backbone."""
    base = keras.applications.DenseNet121(
        include_top=False, weights=None, input_shape=(224, 224, 3), pooling="avg"
    )
    base.set_weights(backbone_weights(densenet))
    units = keras.layers.Dense(14, "sigmoid", name="predictions")
    return keras.Model(base.input, units(base.output))


def flat_with_head(densenet: keras.Model, path: Path) -> None:
    """The published network, in Keras 3's layout."""
    flat(densenet).save_weights(path)


def legacy_whole(densenet: keras.Model, path: Path) -> None:
    """The published network, saved whole in Keras 2's layout."""
    flat(densenet).save(path)


def legacy_weights(densenet: keras.Model, path: Path) -> None:
    """Its weights alone in Keras 2's layout, with the layers' old names."""
    import h5py

    with h5py.File(path, "w") as file:
        names = []
        for layer in flat(densenet).layers:
            name = layer.name.replace("_conv", "/conv").replace("_bn", "/bn")
            names.append(name.encode())
            group = file.create_group(name)
            paths = [f"{name}/{variable.name}:0" for variable in layer.weights]
            group.attrs["weight_names"] = [path.encode() for path in paths]
            for weight_path, array in zip(paths, layer.get_weights(), strict=True):
                group[weight_path] = array
        file.attrs["layer_names"] = names


def legacy_headless(densenet: keras.Model, path: Path) -> None:
    """The backbone alone, saved whole in Keras 2's layout."""
    densenet.get_layer(BACKBONE).save(path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("write", "name"),
    [
        (alone, "a.weights.h5"),
        (whole, "a.weights.h5"),
        (flat_with_head, "a.weights.h5"),
        (legacy_whole, "a.h5"),
        (legacy_weights, "a.h5"),
        (legacy_headless, "a.h5"),
    ],
)
def test_starts_from_weights_files_of_either_layout_with_and_without_head(
    write: Callable[[keras.Model, Path], None],
    name: str,
    densenet: keras.Model,
    fresh: keras.Model,
    tmp_path: Path,
) -> None:
    path = tmp_path / name
    write(densenet, path)
    # The content tells, not the name.
    renamed = path.rename(tmp_path / "chexnet.h5")
    load_start(fresh, msgspec.structs.replace(DENSE, weights=str(renamed)))
    assert_same_backbone(fresh, densenet)


def test_chexnet_is_looked_for_in_the_folder_of_this_program(
    densenet: keras.Model, fresh: keras.Model
) -> None:
    config = msgspec.structs.replace(DENSE, weights="chexnet")
    with pytest.raises(TrainingError, match="not on this computer") as caught:
        load_start(fresh, config)
    path = weights_dir() / "chexnet.h5"
    assert str(path) in caught.value.hint
    path.parent.mkdir(parents=True)
    whole(densenet, path.with_name("chexnet.weights.h5"))
    load_start(fresh, config)
    assert_same_backbone(fresh, densenet)


def test_chexnet_starts_no_other_backbone(network: keras.Model) -> None:
    config = msgspec.structs.replace(SMALL, weights="chexnet")
    with pytest.raises(TrainingError, match="CheXNet is a DenseNet121"):
        load_start(network, config)


@pytest.mark.parametrize("name", USUAL_LAYERS)
def test_without_a_network_the_file_with_the_imagenet_weights_is_named(
    name: str,
    network: keras.Model,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from urllib.error import URLError

    def offline(*_: object) -> None:
        raise URLError(OSError("Network is unreachable"))

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", offline)
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", os.fspath(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    config = TrainingConfig(backbone=name, weights="imagenet", size=32)
    with pytest.raises(TrainingError, match="could not be downloaded") as caught:
        load_start(network, config)  # which is not looked at before
    file = f"{name}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    assert file in caught.value.hint


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_imagenet_weights_that_the_user_keeps_are_not_downloaded(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: object, **__: object) -> None:
        raise AssertionError("asked for the network")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", download)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    kept = tmp_path / ".keras" / "models" / imagenet_file("vgg16")
    kept.parent.mkdir(parents=True)
    network.get_layer(BACKBONE).save(kept)
    fresh = build_network(SMALL, 2)
    load_start(fresh, msgspec.structs.replace(SMALL, weights="imagenet"))
    assert_same_backbone(fresh, network)


def test_imagenet_weights_are_loaded_by_keras_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    drawn = make_backbone("vgg16", 32)

    def fetch(name: str, url: str, **_: object) -> str:
        assert name == imagenet_file("vgg16")
        assert name in url
        return "vgg16.h5"

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", fetch)
    loaded: list[str] = []

    def load(model: keras.Model, path: str) -> None:
        loaded.append(path)
        model.set_weights(drawn.get_weights())

    monkeypatch.setattr(keras.Model, "load_weights", load)
    config = TrainingConfig(backbone="vgg16", weights="imagenet", size=32)
    fresh = build_network(config, 2)
    load_start(fresh, config)
    assert loaded == ["vgg16.h5"]
    for one, other in zip(backbone_weights(fresh), drawn.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("content", [b"", b"not a weights file", None])
@pytest.mark.parametrize("name", ["foreign.weights.h5", "foreign.h5"])
def test_foreign_weights_are_refused_in_a_sentence(
    content: bytes | None, name: str, network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    config = msgspec.structs.replace(SMALL, weights=str(path))
    with pytest.raises(TrainingError) as caught:
        load_start(network, config)
    assert caught.value.hint
    with pytest.raises(TrainingError):
        load_whole(network, path)


def test_weights_of_another_architecture_are_refused(
    network: keras.Model, fresh: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "a.weights.h5"
    network.get_layer(BACKBONE).save_weights(path)
    vgg19 = TrainingConfig(backbone="vgg19", size=32)
    for config, taking in ((vgg19, build_network(vgg19, 2)), (DENSE, fresh)):
        config = msgspec.structs.replace(config, weights=str(path))
        title = TITLES[config.backbone]
        with pytest.raises(TrainingError, match=f"do not fit a {title}"):
            load_start(taking, config)


def test_a_folder_that_is_no_bundle_is_refused(
    network: keras.Model, tmp_path: Path
) -> None:
    config = msgspec.structs.replace(SMALL, weights=str(tmp_path))
    with pytest.raises(CoreError, match="not a model bundle"):
        load_start(network, config)


def test_halved_weights_are_half_as_large_and_start_the_same_network(
    network: keras.Model, tmp_path: Path
) -> None:
    path = tmp_path / "whole.weights.h5"
    network.save_weights(path)
    before, size = network.get_weights(), path.stat().st_size
    halve(path)
    assert path.stat().st_size < 0.56 * size
    assert not [x for x in tmp_path.iterdir() if x != path]
    load_whole(network, path)
    for old, new in zip(before, network.get_weights(), strict=True):
        assert new.dtype == np.float32
        if old.ndim > 1:
            np.testing.assert_allclose(new, old, rtol=5e-4, atol=6e-8)
        else:
            np.testing.assert_array_equal(new, old)
    network.set_weights(before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused_before_any_film_is_read(
    value: float, tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    network = lively_network(SMALL)
    backbone = network.get_layer(BACKBONE)
    arrays = backbone.get_weights()
    arrays[3].flat[0] = value
    backbone.set_weights(arrays)
    bundle = write_network_bundle(tmp_path / "model", network, SMALL, tiny_bundle)
    alone(network, tmp_path / "alone.weights.h5")
    for path in (bundle.path, tmp_path / "alone.weights.h5"):
        config = msgspec.structs.replace(SMALL, weights=str(path))
        with pytest.raises(TrainingError, match="not numbers, or infinite") as caught:
            check_network(config, 2)
        assert caught.value.hint
