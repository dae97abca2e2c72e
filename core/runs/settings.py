"""What each setting of a training job means, and which values it takes.

The one description of them: `core.runs.config` checks values against it, `train
--list-settings` prints it, and the form of the window is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.runs.setting import Setting, flag, number

#: Before the name of a variation, where all settings stand in one list.
AUGMENTATION: Final = "augmentation."

_OPTIMISERS: Final = {
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
}


#: Fields of `core.runs.config.TrainingConfig`, in their order.
SETTINGS: Final[Mapping[str, Setting]] = {
    "name": Setting("Name", "What the new model is called.", takes="any text"),
    "labels": Setting(
        "Labels",
        "The model tells these labels apart, in this order; films of others are left "
        "out. None means all that the data has, sorted.",
        takes='a list of different labels, such as ["covid", "normal"]',
    ),
    "backbone": Setting(
        "Backbone",
        "The network that turns a film into features.",
        choices={
            "densenet121": "DenseNet121",
            "resnet50": "ResNet50",
            "resnet152v2": "ResNet152V2",
            "vgg16": "VGG16",
            "vgg19": "VGG19",
        },
    ),
    "weights": Setting(
        "Start from",
        "What the network knows before it sees your films.",
        takes="default (what the model that comes with the program knows), imagenet "
        "(Keras's weights, which it may have to download), chexnet (the file that you "
        "keep in the program's folder), none, a weights file, or a bundle's folder",
    ),
    "size": number(
        "Film size",
        "Side of the square to which every film is brought, in pixels; larger shows "
        "more and takes longer.",
        32,
        1024,
    ),
    "head": Setting(
        "Head",
        "What turns the features into labels: linear, or the units of its hidden "
        "layers, such as 512-256-64.",
        takes='"linear" or at most four numbers of units such as "512-64"',
    ),
    "head_norm": flag(
        "Batch normalisation in the head",
        "Evens out the values after each hidden layer of the head.",
    ),
    "dropout": number(
        "Dropout",
        "Share of the features, and of each hidden layer, that is left out at random "
        "while training, against learning by heart.",
        0,
        1,
        ends="[)",
        zero="off",
    ),
    "head_epochs": number(
        "Epochs",
        "Most passes of the first phase over the features, which are computed once; "
        "early stopping may end sooner.",
        1,
        1000,
    ),
    "head_optimiser": Setting(
        "Optimiser",
        "The rule by which a step of the first phase is made.",
        choices=_OPTIMISERS,
    ),
    "head_rate": number(
        "Learning rate",
        "How far one step of the first phase goes.",
        0,
        1,
        ends="(]",
    ),
    "feature_copies": number(
        "Varied copies",
        "Varied copies of each film that the head sees besides the film itself.",
        0,
        50,
        zero="none",
    ),
    "epochs": number(
        "Epochs",
        "Most passes of the second phase over all films; this is what takes the time.",
        0,
        1000,
        zero="leave this phase out",
    ),
    "optimiser": Setting(
        "Optimiser",
        "The rule by which a step of the second phase is made.",
        choices=_OPTIMISERS,
    ),
    "rate": number(
        "Learning rate",
        "The highest of the second phase; too high spoils what the network knows.",
        0,
        1,
        ends="(]",
    ),
    "schedule": Setting(
        "Schedule",
        "How the learning rate of the second phase changes from epoch to epoch.",
        choices={
            "cosine": "falls evenly to a hundredth",
            "constant": "stays as it is",
            "plateau": "falls when nothing gets better",
        },
    ),
    "plateau_patience": number(
        "Plateau: epochs to wait",
        "Epochs without a better validation loss before the rate falls; for the "
        "schedule plateau only.",
        1,
        1000,
    ),
    "plateau_factor": number(
        "Plateau: factor",
        "What the rate is multiplied by when it falls; for the schedule plateau only.",
        0,
        1,
        ends="()",
    ),
    "unfreeze_from": number(
        "Train from layer",
        "Layers of the backbone before this number stay as they are in the second "
        "phase; 0 trains them all.",
        0,
        10_000,
    ),
    "statistics": Setting(
        "Batch statistics",
        "Whether batch normalisation in the backbone keeps its statistics; a few "
        "hundred films are too few to learn them.",
        choices={
            "auto": "kept, unless started from nothing",
            "frozen": "kept",
            "learned": "learned",
        },
    ),
    "batch": number(
        "Films per step",
        "More is faster on a large GPU; it is halved by itself when memory runs out.",
        1,
        1024,
    ),
    "patience": number(
        "Patience",
        "Epochs without a better validation loss before a phase ends; the best epoch "
        "is kept in any case.",
        0,
        1000,
        zero="never stop early",
    ),
    "weight_decay": number(
        "Weight decay",
        "How strongly weights are drawn towards zero at each step of the second phase.",
        0,
        1,
        ends="[)",
        zero="off",
    ),
    "loss": Setting(
        "Loss",
        # Lin et al. 2017, arXiv:1708.02002
        "What training makes small; the focal loss cares less about films that are "
        "called rightly already.",
        choices={"cross-entropy": "cross-entropy", "focal": "focal"},
    ),
    "label_smoothing": number(
        "Label smoothing",
        "How much doubt is added to every label, against overconfidence.",
        0,
        1,
        ends="[)",
        zero="off",
    ),
    "average": number(
        "Average of the weights",
        "Decay per step of a running average of the weights, which takes their place "
        "after each epoch.",
        0,
        1,
        ends="[)",
        zero="off",
    ),
    "balance": Setting(
        "What weighs the same",
        "Keeps frequent labels, or sources with many films, from deciding everything.",
        choices={
            "none": "every film",
            "labels": "every label",
            "labels-and-sources": "every label, and source within it",
        },
    ),
    "heaviest": number(
        "Heaviest film",
        "Most that one film may weigh, compared with the mean of its label, so that a "
        "few films of a rare source are not learned by heart.",
        1,
        1000,
    ),
    "pools": Setting(
        "Places with several sources",
        "Films of one place each, for the report by source.",
        takes='a list of "NAME=source+source", or "NAME=source:label+label" where '
        "only some labels come from there",
    ),
    "mixed_precision": flag(
        "Mixed precision",
        "Computes in bfloat16 and keeps weights in float32: about twice as fast on "
        "recent GPUs, slower on most processors.",
    ),
    "validation": number(
        "Validation",
        "Share of the films on which the best epoch and the thresholds are chosen, "
        "where the data has no splits.",
        0,
        0.5,
        ends="()",
    ),
    "test": number(
        "Test",
        "Share of the films that are kept for the final figures alone, where the data "
        "has no splits.",
        0,
        0.5,
        ends="()",
    ),
    "patient_pattern": Setting(
        "Patient in the file name",
        "Tells the patient by the file name where the data does not, so that no "
        "patient is in two splits.",
        takes=r"a regular expression whose first group is the patient, such as ^(\d+)_",
    ),
    "accept_leaks": Setting(
        "Why leaks are accepted",
        "Why films of one patient, or that look alike, may be in two splits; goes into "
        "the record. Data with such films is refused while it is empty.",
        takes="your words",
    ),
    "seed": number(
        "Seed",
        "The same seed gives the same model on the same machine.",
        0,
        2**32 - 2,
    ),
}


def _share(title: str, help: str) -> Setting:
    return number(title, help, 0, 0.9, ends="[)", zero="off")


#: Fields of `core.runs.config.Augmentation`, in their order: how films are varied.
VARIATIONS: Final[Mapping[str, Setting]] = {
    "rotation_deg": number(
        "Rotation",
        "Largest turn either way, in degrees; real films are seldom off by more than "
        "15.",
        0,
        45,
        zero="off",
    ),
    "zoom": _share("Zoom", "Largest change of scale; each axis on its own."),
    "shift": _share("Shift", "Largest shift, of the film's side."),
    "flip": flag(
        "Mirror left and right",
        "Mirrors half of the films; the heart is then on the wrong side.",
    ),
    "gamma": _share("Contrast", "Largest change of the gamma exponent."),
    "brightness": _share(
        "Brightness", "Largest change of the level, of the range from black to white."
    ),
    "blur": number(
        "Blur",
        "Probability that a film is blurred or coarsened, as other scanners would.",
        0,
        1,
        zero="off",
    ),
    "erase": number(
        "Blanking",
        "Probability that a patch, or the border with its letters, is blanked.",
        0,
        1,
        zero="off",
    ),
}


def setting_of(name: str) -> Setting:
    """The setting of a name, which for a variation begins with `AUGMENTATION`."""
    if name.startswith(AUGMENTATION):
        return VARIATIONS[name.removeprefix(AUGMENTATION)]
    return SETTINGS[name]
