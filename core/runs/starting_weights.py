"""Where a job's starting weights lie; told before Keras is loaded."""

from __future__ import annotations

from pathlib import Path

import msgspec

from core.errors import TrainingError
from core.model.bundle import WEIGHTS, ModelCard, read_bundle
from core.paths import default_bundle_dir, weights_dir
from core.runs.config import TITLES, TrainingConfig, config_from_json

#: Settings of a job that decide how its network is built.
_BUILT_BY = ("backbone", "size", "head", "head_norm")


def start_file(config: TrainingConfig) -> Path | None:
    """The file with a job's starting weights; None where it starts from no file.

    Args:
        config: Its `weights` are "default" for those of the model that comes with
            the program, "chexnet" for the file that the user keeps in the folder
            of this program, or the path of a weights file or of a bundle. "none"
            and "imagenet", which is Keras's own matter, name no file here.

    Raises:
        CoreError: It is not there, or of another backbone.
    """
    if config.weights in ("none", "imagenet"):
        return None
    if config.weights == "chexnet":
        path = _chexnet(config.backbone)
    elif config.weights == "default":
        path = default_bundle_dir()
    else:
        path = Path(config.weights)
    if path.is_dir():
        path = _of_bundle(path, config.backbone)
    if not path.is_file():
        raise missing(path)
    import h5py

    if not h5py.is_hdf5(path):
        raise TrainingError(
            f"{path.name} is no file of weights.",
            hint="Give a .weights.h5 or .h5 file of the backbone, or a bundle's "
            "folder.",
        )
    return path


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
    return msgspec.structs.replace(config, size=card.preprocess.size)


def missing(path: Path) -> TrainingError:
    """What is raised where weights are not."""
    return TrainingError(
        f"There is no weights file {path}.",
        hint="Give a .weights.h5 or .h5 file of the backbone, or a bundle's folder.",
    )


def _chexnet(name: str) -> Path:
    if name != "densenet121":
        raise TrainingError(
            f"CheXNet is a DenseNet121, so its weights cannot start a {TITLES[name]}.",
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
            f"The model {bundle.card.name} is a {TITLES[theirs]}, so its "
            f"weights cannot start a {TITLES[name]}.",
            hint="Choose its backbone, or other starting weights.",
        )
    return folder / WEIGHTS
