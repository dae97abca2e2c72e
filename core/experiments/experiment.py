"""What an experiment is: a question, and the arms that are to answer it, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from core.errors import DatasetError, TrainingError
from core.json_file import read_json
from core.records import RecordError, convert
from core.runs.config import TrainingConfig, config_from_json
from core.runs.presets import config_from_preset

#: Label of the films that do not have the one label that is asked for.
OTHER: Final = "other"
#: Settings of every arm of a quick run: it proves that all of it works, no more.
_QUICK: Final = {"weights": "none", "size": 32, "head_epochs": 3, "batch": 16}
#: Its backbone, unless backbones are compared: the one that is made soonest.
_QUICK_BACKBONE: Final = "vgg16"


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the things that are compared.

    Attributes:
        title: As within a sentence: "fine-tuning".
        preset: Whose settings it starts from; the experiment's where it is empty.
        settings: That differ from those, and from the experiment's.
        share: Of the training films that it learns from; a smaller one is part of
            every larger one.
        crops: Whether its films are cropped to the lungs.
        one_against_rest: Whether it tells one label from all others. All arms are
            then judged by that.
        unseen: Whether each test film is read by a model that was trained without
            films of its source: a training for each source.
    """

    name: Annotated[str, Meta(pattern=r"\A[a-z0-9-]+\Z")]
    title: str
    preset: str = ""
    settings: dict[str, Any] = {}
    share: Annotated[float, Meta(gt=0, le=1)] = 1.0
    crops: bool = False
    one_against_rest: bool = False
    unseen: bool = False


class Published(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure that somebody published, and why ours is not the same thing."""

    project: str
    figure: str
    why: str


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A named comparison.

    Attributes:
        question: As it is answered: "is it better" for the arms after the first.
        about: What is compared, and what stays the same, in sentences.
        arms: The first is what the others are compared with.
        decides: The figure that the answer goes by.
        published: What others found who asked the same.
    """

    name: Annotated[str, Meta(pattern=r"\A[a-z0-9-]+\Z")]
    title: str
    question: str
    about: str
    arms: Annotated[tuple[Arm, ...], Meta(min_length=1)]
    preset: str = "feature-extraction"
    settings: dict[str, Any] = {}
    decides: Literal["accuracy", "macro_f1", "mean_auc"] = "accuracy"
    published: tuple[Published, ...] = ()


def read_experiment(file: Path) -> Experiment:
    """The experiment that a JSON file describes.

    Raises:
        TrainingError: It cannot be read, or is none.
    """
    try:
        found = convert(read_json(file), Experiment)
    except (OSError, RecordError, ValueError) as error:
        raise TrainingError(
            f"{file.name} does not describe an experiment: {error}.",
            hint="The README shows such a file; names in it are made of a to z, digits "
            "and hyphens.",
        ) from error
    if len({arm.name for arm in found.arms}) < len(found.arms):
        raise TrainingError(
            f"{file.name} has two arms of one name.", hint="Give each its own."
        )
    return found


def config_of_arm(
    experiment: Experiment, arm: Arm, changes: dict[str, Any], *, quick: bool
) -> TrainingConfig:
    """The job of an arm.

    Args:
        changes: Settings that the user wants in every arm.

    Raises:
        TrainingError: A setting is wrong.
    """
    config = config_from_preset(arm.preset or experiment.preset)
    config = config_from_json({**experiment.settings, **arm.settings}, config)
    if changes.get("backbone") == config.backbone:  # which is no other one
        changes = {"unfreeze_from": config.unfreeze_from, **changes}
    config = config_from_json(changes, config)
    if quick:
        backbone = arm.settings.get("backbone", _QUICK_BACKBONE)
        fewer = {
            "backbone": backbone,
            "epochs": min(1, config.epochs),
            "feature_copies": min(1, config.feature_copies),
        }
        config = config_from_json({**_QUICK, **fewer}, config)
    return config


def positive_label(labels: tuple[str, ...], wanted: str) -> str:
    """The label that is asked for where it is one against the rest.

    Args:
        wanted: As the user names it; else it is COVID-19, by whatever spelling.

    Raises:
        DatasetError: No label is it.
    """
    for label in labels:
        is_covid = label.casefold().startswith("covid")
        if label == wanted or (not wanted and is_covid):
            return label
    raise DatasetError(
        f"No label of the data is {wanted or 'COVID-19'}.",
        hint=f"Name one of {', '.join(labels)} with --positive.",
    )
