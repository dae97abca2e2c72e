"""Settings of what a model is, of the training of its head alone, and of variations."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from core.records import Text
from core.runs.setting import choice, flag, number, share, text, texts

LINEAR: Final = "linear"
_HEAD: Final = r"\A(linear|[1-9][0-9]{0,3}(-[1-9][0-9]{0,3}){0,3})\Z"
OPTIMISERS: Final = {
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
}


class ModelSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The network of a job, and the first phase of its training: the head alone."""

    name: Annotated[str, text("Name", "What the new model is called.", "any text")] = (
        "My model"
    )
    labels: Annotated[
        tuple[Text, ...],
        texts(
            "Labels",
            "The model tells these labels apart, in this order; films of others are "
            "left out. None means all that the data has, sorted.",
            'a list of different labels, such as ["covid", "normal"]',
        ),
    ] = ()
    backbone: Annotated[
        str,
        choice(
            "Backbone",
            "The network that turns a film into features.",
            {
                "densenet121": "DenseNet121",
                "resnet50": "ResNet50",
                "resnet152v2": "ResNet152V2",
                "vgg16": "VGG16",
                "vgg19": "VGG19",
            },
        ),
    ] = "densenet121"
    weights: Annotated[
        str,
        text(
            "Start from",
            "What the network knows before it sees your films.",
            "default (what the model that comes with the program knows), imagenet "
            "(Keras's weights, which it may have to download), chexnet (the file that "
            "you keep in the program's folder), none, a weights file, or a bundle's "
            "folder",
        ),
    ] = "default"
    size: Annotated[
        int,
        number(
            "Film size",
            "Side of the square to which every film is brought, in pixels; larger "
            "shows more and takes longer.",
            "[32, 1024]",
            unit="pixels",
        ),
    ] = 224
    head: Annotated[
        str,
        text(
            "Head",
            "What turns the features into labels: linear, or the units of its hidden "
            "layers, such as 512-256-64.",
            '"linear" or at most four numbers of units such as "512-64"',
            pattern=_HEAD,
            examples=(LINEAR, "64", "512-256-64"),
        ),
    ] = LINEAR
    head_norm: Annotated[
        bool,
        flag(
            "Batch normalisation in the head",
            "Evens out the values after each hidden layer of the head.",
        ),
    ] = False
    dropout: Annotated[
        float,
        share(
            "Dropout",
            "Share of the features, and of each hidden layer, that is left out at "
            "random while training, against learning by heart.",
            "[0, 1)",
        ),
    ] = 0.3
    dropout_at: Annotated[
        str,
        choice(
            "Where it drops out",
            "Where dropout stands in the head.",
            {
                "features-and-hidden": "features, and hidden layers after "
                "normalisation",
                "hidden": "hidden layers alone, before normalisation",
            },
        ),
    ] = "features-and-hidden"
    head_epochs: Annotated[
        int,
        number(
            "Epochs",
            "Most passes of the first phase over the features of all films; early "
            "stopping may end sooner.",
            "[0, 1000]",
            zero="leave this phase out",
        ),
    ] = 40
    head_optimiser: Annotated[
        str,
        choice(
            "Optimiser",
            "The rule by which a step of the first phase is made.",
            OPTIMISERS,
        ),
    ] = "adam"
    head_rate: Annotated[
        float,
        number(
            "Learning rate",
            "The highest of the first phase: how far one step goes.",
            "(0, 1]",
        ),
    ] = 1e-3
    feature_copies: Annotated[
        int,
        number(
            "Varied copies",
            "Varied copies of each film that the head sees besides the film itself; "
            "their features are computed once.",
            "[0, 50]",
            zero="none",
        ),
    ] = 0
    head_varied: Annotated[
        bool,
        flag(
            "Vary anew in each epoch",
            "Shows the head every film in a new variation in each epoch, in place of "
            "features that are computed once, so that an epoch takes minutes.",
        ),
    ] = False

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of the head's hidden layers; empty for a linear head."""
        if self.head == LINEAR:
            return ()
        return tuple(int(units) for units in self.head.split("-"))


class Augmentation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far training films are varied; each field says what it does."""

    rotation_deg: Annotated[
        float,
        number(
            "Rotation",
            "Largest turn either way, in degrees; real films are seldom off by more "
            "than 15.",
            "[0, 45]",
            zero="off",
            unit="degrees",
        ),
    ] = 10.0
    zoom: Annotated[
        float,
        share(
            "Zoom",
            "Largest change of scale; each axis on its own.",
            "[0, 0.9)",
            offered=0.5,
        ),
    ] = 0.12
    shift: Annotated[
        float,
        share(
            "Shift",
            "Largest shift, of the film's side.",
            "[0, 0.9)",
            offered=0.5,
        ),
    ] = 0.06
    flip: Annotated[
        bool,
        flag(
            "Mirror left and right",
            "Mirrors half of the films; the heart is then on the wrong side.",
        ),
    ] = True
    gamma: Annotated[
        float,
        share(
            "Contrast",
            "Largest change of the gamma exponent.",
            "[0, 0.9)",
            offered=0.8,
        ),
    ] = 0.3
    brightness: Annotated[
        float,
        share(
            "Brightness",
            "Largest change of the level, of the range from black to white.",
            "[0, 0.9)",
            offered=0.8,
        ),
    ] = 0.0
    blur: Annotated[
        float,
        share(
            "Blur",
            "Probability that a film is blurred, sharpened or coarsened, as other "
            "scanners would.",
            "[0, 1]",
        ),
    ] = 0.3
    erase: Annotated[
        float,
        share(
            "Blanking",
            "Probability that a patch, a corner, or the border with its letters, is "
            "blanked.",
            "[0, 1]",
        ),
    ] = 0.3
    local_contrast: Annotated[
        float,
        share(
            "Local contrast",
            "Probability that contrast is evened out from place to place (CLAHE), as "
            "some scanners do.",
            "[0, 1]",
        ),
    ] = 0.2
    uneven: Annotated[
        float,
        share(
            "Uneven exposure",
            "Probability that one side of a film is brighter than the other.",
            "[0, 1]",
        ),
    ] = 0.2
    noise: Annotated[
        float,
        share(
            "Noise",
            "Probability that a film gets the grain of a short exposure.",
            "[0, 1]",
        ),
    ] = 0.3
    compression: Annotated[
        float,
        share(
            "Compression",
            "Probability that a film is compressed as JPEG, as many archives did.",
            "[0, 1]",
        ),
    ] = 0.3
