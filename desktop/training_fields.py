"""The settings of the network and of its training."""

from __future__ import annotations

from typing import Final

from desktop.setting_field import Field, Group, number, percent, whole

_OPTIMISERS: Final = (
    ("adam", "Adam"),
    ("adamw", "AdamW"),
    ("sgd", "SGD"),
    ("rmsprop", "RMSprop"),
)

NETWORK: Final = Group(
    "network",
    "Network",
    (
        Field(
            "backbone",
            "Backbone",
            "The network that turns a film into features.",
            "choice",
            choices=(
                ("densenet121", "DenseNet121"),
                ("resnet50", "ResNet50"),
                ("resnet152v2", "ResNet152V2"),
                ("vgg16", "VGG16"),
                ("vgg19", "VGG19"),
            ),
        ),
        Field(
            "head",
            "Head",
            "What turns the features into labels: linear, or the units of its "
            "hidden layers, such as 512-256-64.",
            "head",
            choices=(
                ("linear", "linear"),
                ("64", "64"),
                ("512-256-64", "512-256-64"),
            ),
        ),
        Field(
            "head_norm",
            "Batch normalisation in the head",
            "Evens out the values after each hidden layer of the head.",
            "flag",
        ),
        percent(
            "dropout",
            "Dropout",
            "Share of the features that is left out at random while training, "
            "against learning by heart.",
            99,
            step=5,
            zero="off",
        ),
        whole(
            "size",
            "Film size",
            "Side of the square to which every film is brought; larger shows "
            "more and takes longer.",
            32,
            1024,
            unit=" pixels",
            step=32,
        ),
    ),
)

HEAD: Final = Group(
    "head",
    "First phase: the head alone",
    (
        whole(
            "head_epochs",
            "Epochs",
            "Most passes over the features, which are computed once; early "
            "stopping may end sooner.",
            1,
            1000,
        ),
        Field(
            "head_rate",
            "Learning rate",
            "How far one step goes.",
            "rate",
            high=1,
        ),
        Field(
            "head_optimiser",
            "Optimiser",
            "The rule by which a step is made.",
            "choice",
            choices=_OPTIMISERS,
        ),
        whole(
            "feature_copies",
            "Varied copies",
            "Varied copies of each film that the head sees besides the film itself.",
            0,
            50,
            zero="none",
        ),
    ),
)

FINE_TUNING: Final = Group(
    "fine-tuning",
    "Second phase: fine-tuning",
    (
        whole(
            "epochs",
            "Epochs",
            "Most passes over all films; this is what takes the time.",
            0,
            1000,
            zero="leave this phase out",
        ),
        Field(
            "rate",
            "Learning rate",
            "The highest of the phase; too high spoils what the network knows.",
            "rate",
            high=1,
        ),
        Field(
            "optimiser",
            "Optimiser",
            "The rule by which a step is made.",
            "choice",
            choices=_OPTIMISERS,
        ),
        Field(
            "schedule",
            "Schedule",
            "How the learning rate changes from epoch to epoch.",
            "choice",
            choices=(
                ("cosine", "falls evenly to a hundredth"),
                ("constant", "stays as it is"),
                ("plateau", "falls when nothing gets better"),
            ),
        ),
        whole(
            "plateau_patience",
            "Plateau: epochs to wait",
            "Epochs without a better validation loss before the rate falls; for "
            "the third schedule only.",
            1,
            1000,
        ),
        number(
            "plateau_factor",
            "Plateau: factor",
            "What the rate is multiplied by when it falls; for the third "
            "schedule only.",
            0.99,
            low=0.01,
            step=0.05,
            decimals=2,
        ),
        whole(
            "unfreeze_from",
            "Train from layer",
            "Layers of the backbone before this number stay as they are; 0 "
            "trains them all.",
            0,
            10_000,
            step=10,
        ),
        Field(
            "statistics",
            "Batch statistics",
            "Whether batch normalisation in the backbone keeps its statistics; "
            "a few hundred films are too few to learn them.",
            "choice",
            choices=(
                ("auto", "kept, unless started from nothing"),
                ("frozen", "kept"),
                ("learned", "learned"),
            ),
        ),
        Field(
            "weight_decay",
            "Weight decay",
            "How strongly weights are drawn towards zero at each step.",
            "rate",
            high=0.99,
            zero="off",
        ),
        number(
            "average",
            "Average of the weights",
            "Decay per step of a running average of the weights, which takes "
            "their place after each epoch.",
            0.9999,
            zero="off",
        ),
    ),
)

LOSS: Final = Group(
    "loss",
    "Loss and balance",
    (
        Field(
            "loss",
            "Loss",
            "What training makes small; the focal loss cares less about films "
            "that are called rightly already.",
            "choice",
            choices=(("cross-entropy", "cross-entropy"), ("focal", "focal")),
        ),
        number(
            "label_smoothing",
            "Label smoothing",
            "How much doubt is added to every label, against overconfidence.",
            0.99,
            decimals=3,
            zero="off",
        ),
        Field(
            "balance",
            "What weighs the same",
            "Keeps frequent labels, or sources with many films, from deciding "
            "everything.",
            "choice",
            choices=(
                ("none", "every film"),
                ("labels", "every label"),
                ("labels-and-sources", "every label, and source within it"),
            ),
        ),
        number(
            "heaviest",
            "Heaviest film",
            "Most that one film may weigh, compared with the mean of its label.",
            1000,
            low=1,
            step=0.5,
            decimals=1,
            unit=" times",
        ),
        Field(
            "pools",
            "Places with several sources",
            "For the report by source, with semicolons between: "
            "NAME=source+source, or NAME=source:label+label where only some "
            "labels come from there.",
            "list",
        ),
    ),
)

END: Final = Group(
    "end",
    "When to stop",
    (
        whole(
            "patience",
            "Patience",
            "Epochs without a better validation loss before a phase ends; the "
            "best epoch is kept in any case.",
            0,
            1000,
            zero="never stop early",
        ),
    ),
)
