"""The weights that a network starts from, and those of a finished one."""

from __future__ import annotations

import dataclasses
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray

from core.bundle import WEIGHTS, ModelCard, read_bundle
from core.errors import TrainingError
from core.job import TrainingConfig, config_from_json
from core.paths import default_bundle_dir, weights_dir
from core.training.backbones import BACKBONE, BY_NAME, make_backbone

#: Settings of a job that decide how its network is built.
_BUILT_BY = ("backbone", "size", "head", "head_norm")
#: Where Keras keeps a model within a model in a weights file.
_NESTED = "layers/functional"
#: What reading a damaged or foreign file raises.
_FAILURES = (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError)


def load_start(network: keras.Model, config: TrainingConfig) -> None:
    """Put a job's starting weights into the backbone; the head stays random.

    `config.weights` is "none" to keep the random ones, "default" for those of
    the model that comes with the program, "imagenet" for Keras's own, which are
    downloaded where neither the user nor an earlier download put them, "chexnet"
    for the file that the user keeps in the folder of this program, or the path
    of a weights file or of a bundle.

    Args:
        network: As `core.training.network.build_network` makes it of the job.

    Raises:
        CoreError: They cannot be had or do not fit.
    """
    backbone = network.get_layer(BACKBONE)
    if config.weights == "none":
        return
    if config.weights == "imagenet":
        path = Path.home() / ".keras" / "models" / BY_NAME[config.backbone].imagenet
        if not path.is_file():
            backbone.set_weights(_imagenet(config.backbone))
            return
    elif config.weights == "chexnet":
        path = _chexnet(config.backbone)
    elif config.weights == "default":
        path = default_bundle_dir()
    else:
        path = Path(config.weights)
    if path.is_dir():
        path = _of_bundle(path, config.backbone)
    _load_backbone(backbone, path, BY_NAME[config.backbone].title)


def load_whole(network: keras.Model, path: Path) -> None:
    """Put the weights of a whole network, head included, into its like.

    Raises:
        TrainingError: They are missing or do not fit.
    """
    if not path.is_file():
        raise _missing(path)
    try:
        _load(network, path)
    except _FAILURES as error:
        raise _unfit(path, "the network that is to take them", error) from error


def config_of(card: ModelCard) -> TrainingConfig:
    """What a card says of how its network is built; the rest by default.

    A card that does not say is of a time when there was one network alone:
    DenseNet121 with a linear head.

    Raises:
        TrainingError: The card describes a network that cannot be built here.
    """
    given = card.training.get("config", {})
    fields = {name: given[name] for name in _BUILT_BY if name in given}
    try:
        config = config_from_json(fields)
    except TrainingError as error:
        raise TrainingError(
            f"The card of {card.name} describes a network that this program does "
            f"not know. {error} {error.hint}",
            hint="Use the version of Hilum that made it, or a newer one.",
        ) from error
    return dataclasses.replace(config, size=card.preprocess.size)


def _imagenet(name: str) -> list[Any]:
    known = BY_NAME[name]
    try:
        source = make_backbone(name, 224, "imagenet")
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception here
        raise TrainingError(
            f"The ImageNet weights of {known.title} could not be downloaded.",
            hint=f"Without a network, put {known.imagenet} into the folder "
            ".keras/models of your home, or name a weights file or a bundle to "
            "start from.",
        ) from error
    weights: list[Any] = source.get_weights()
    return weights


def _chexnet(name: str) -> Path:
    if name != "densenet121":
        raise TrainingError(
            f"CheXNet is a DenseNet121, so its weights cannot start a "
            f"{BY_NAME[name].title}.",
            hint="Choose DenseNet121 as the backbone, or other starting weights.",
        )
    folder = weights_dir()
    for file in ("chexnet.h5", "chexnet.weights.h5"):
        if (folder / file).is_file():
            return folder / file
    raise TrainingError(
        "The CheXNet weights are not on this computer; they do not come with the "
        "program.",
        hint=f"Put the Keras file as {folder / 'chexnet.h5'}, or name it with "
        "--weights.",
    )


def _of_bundle(folder: Path, name: str) -> Path:
    """The weights file of a bundle of the same backbone."""
    bundle = read_bundle(folder)
    theirs = config_of(bundle.card).backbone
    if theirs != name:
        raise TrainingError(
            f"The model {bundle.card.name} is a {BY_NAME[theirs].title}, so its "
            f"weights cannot start a {BY_NAME[name].title}.",
            hint="Choose its backbone, or other starting weights.",
        )
    return folder / WEIGHTS


def _load_backbone(backbone: keras.Model, path: Path, title: str) -> None:
    """Take the backbone out of a file of it alone or of a whole network."""
    if not path.is_file():
        raise _missing(path)
    try:
        with h5py.File(path) as file:
            if "layer_names" in file.attrs or "model_weights" in file:
                _set_legacy(backbone, file)
                return
            with _extracted(file) as extract:
                _load(backbone, extract)
    except _FAILURES as error:
        raise _unfit(path, f"a {title}", error) from error


def _load(model: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        # Of every layer that it misses, before it raises one error for all.
        warnings.simplefilter("ignore", UserWarning)
        model.load_weights(path)


@contextmanager
def _extracted(file: h5py.File) -> Iterator[Path]:
    """A file of the backbone alone, whatever head came with it.

    Keras goes by the suffix of a file's name, which a user may have changed.
    """
    root = file[_NESTED] if _NESTED in file else file
    with tempfile.TemporaryDirectory() as folder:
        extract = Path(folder) / "backbone.weights.h5"
        with h5py.File(extract, "w") as alone:
            for name in root:
                root.copy(name, alone)
        yield extract


def _set_legacy(backbone: keras.Model, file: h5py.File) -> None:
    """Set weights in Keras 2's layout: a list of layers, the backbone's first.

    Layers are matched by their order, as Keras does: their names have changed
    since. What comes after the backbone's is the head.
    """
    group = file["model_weights"] if "model_weights" in file else file
    given: list[list[NDArray[np.float32]]] = []
    for name in group.attrs["layer_names"]:
        layer = group[name]
        arrays = [np.asarray(layer[weight]) for weight in layer.attrs["weight_names"]]
        if arrays:
            given.append(arrays)
    taking = [layer for layer in backbone.layers if layer.weights]
    if len(given) < len(taking):
        raise ValueError(
            f"they are of {len(given)} layers, and it has {len(taking)} with weights"
        )
    for layer, arrays in zip(taking, given, strict=False):
        layer.set_weights(arrays)


def _missing(path: Path) -> TrainingError:
    return TrainingError(
        f"There is no weights file {path}.",
        hint="Give a .weights.h5 or .h5 file of the backbone, or a bundle's folder.",
    )


def _unfit(path: Path, what: str, error: Exception) -> TrainingError:
    said = str(error).strip().splitlines() or ["no reason was given"]
    first = said[0].split(" Example error", 1)[0].rstrip(".:")
    return TrainingError(
        f"The weights in {path.name} do not fit {what} ({first[:200]}).",
        hint="Give a .weights.h5 or .h5 file that Keras saved of the same backbone, "
        "with or without its head, or the folder of a bundle.",
    )
