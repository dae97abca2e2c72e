"""The weights that a network starts from, and those of a finished one."""

from __future__ import annotations

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

from core.errors import TrainingError
from core.files import atomic_write
from core.runs.config import TITLES, TrainingConfig
from core.runs.starting_weights import missing, start_file
from core.training.backbones import BACKBONE, imagenet_file, make_backbone

#: Where Keras keeps a model within a model in a weights file.
_NESTED = "layers/functional"
#: What reading a damaged or foreign file raises.
_FAILURES = (OSError, ValueError, KeyError, TypeError, IndexError, RuntimeError)


def load_start(network: keras.Model, config: TrainingConfig) -> None:
    """Put a job's starting weights into the backbone; the head stays random.

    `config.weights` is "none" to keep the random ones, "imagenet" for Keras's own,
    which are downloaded where neither the user nor an earlier download put them, or
    as `core.runs.starting_weights.start_file` has it.

    Raises:
        CoreError: They cannot be had or do not fit.
    """
    backbone = network.get_layer(BACKBONE)
    if config.weights == "imagenet":
        path = Path.home() / ".keras" / "models" / imagenet_file(config.backbone)
        if not path.is_file():
            backbone.set_weights(_imagenet(config.backbone))
            return
    else:
        path = start_file(config)
    if path is not None:
        _load_backbone(backbone, path, TITLES[config.backbone])
        if not all(np.isfinite(array).all() for array in backbone.get_weights()):
            raise TrainingError(
                f"The weights in {path.name} cannot be trained from: some are not "
                "numbers, or infinite.",
                hint="Copy the file again from where it came, or choose other "
                "starting weights.",
            )


def load_whole(network: keras.Model, path: Path) -> None:
    """Put the weights of a whole network, head included, into its like.

    Raises:
        TrainingError: They are missing or do not fit.
    """
    if not path.is_file():
        raise missing(path)
    try:
        _load(network, path)
    except _FAILURES as error:
        raise _unfit(path, "the network that is to take them", error) from error


def halve(path: Path) -> None:
    """Store the kernels of a weights file as float16, in place.

    They are nearly all of it, and float16 keeps more of them than a batch changes.
    Vectors stay float32: a variance of batch normalisation may be very small. Keras
    reads either into float32.

    Raises:
        OutputError: The disk is full or may not be written to.
    """
    with atomic_write(path) as partial, h5py.File(path) as whole:
        with h5py.File(partial, "w") as file:

            def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
                if isinstance(item, h5py.Dataset):
                    is_kernel = item.ndim > 1 and item.dtype == np.float32
                    kind = np.float16 if is_kernel else item.dtype
                    file.create_dataset(name, data=item[()].astype(kind))
                else:
                    file.require_group(name)
                file[name].attrs.update(item.attrs)

            file.attrs.update(whole.attrs)
            whole.visititems(copy)


def _imagenet(name: str) -> list[Any]:
    try:
        source = make_backbone(name, 224, "imagenet")
    except Exception as error:  # noqa: BLE001 - Keras raises a bare Exception here
        raise TrainingError(
            f"The ImageNet weights of {TITLES[name]} could not be downloaded.",
            hint=f"Without a network, put {imagenet_file(name)} into the folder "
            ".keras/models of your home, or name a weights file or a bundle to "
            "start from.",
        ) from error
    weights: list[Any] = source.get_weights()
    return weights


def _load_backbone(backbone: keras.Model, path: Path, title: str) -> None:
    """Take the backbone out of a file of it alone or of a whole network."""
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


def _unfit(path: Path, what: str, error: Exception) -> TrainingError:
    said = str(error).strip().splitlines() or ["no reason was given"]
    first = said[0].split(" Example error", 1)[0].rstrip(".:")
    return TrainingError(
        f"The weights in {path.name} do not fit {what} ({first[:200]}).",
        hint="Give a .weights.h5 or .h5 file that Keras saved of the same backbone, "
        "with or without its head, or the folder of a bundle.",
    )
