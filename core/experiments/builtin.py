"""The experiments that come with the program, and what others published.

Five published projects of transfer learning on chest X-rays asked the first three
questions; their figures stand beside ours on the page.
"""

from __future__ import annotations

from typing import Final

from core.errors import TrainingError
from core.experiments.experiment import Arm, Experiment, Published
from core.paths import command_name

_OWN_SPLIT: Final = (
    "Ours keeps films of one patient and copies of one film in one part of the split, "
    "tests on films that chose nothing, and gives the mean over seeds."
)
_MUMTAZ: Final = (
    "Its test films were cut from a set that is shuffled anew each epoch, so that by "
    "epoch 4 all were trained on; the figure is of one batch of 32; the softmax was "
    f"applied twice; the set holds augmented copies of films. {_OWN_SPLIT}"
)
_DELFT: Final = (
    "COVID-19 films came from one collection and the others from another, and width, "
    "height and bytes per pixel alone tell them apart; its head saw 4 x 4 of the 7 x 7 "
    f"places of a film. {_OWN_SPLIT}"
)
_CS6005: Final = (
    "312 test films; two outputs for three classes; layers from 300 on learned from "
    f"the start, at a rate of 0.01. {_OWN_SPLIT}"
)
_VGG: Final = (
    "62 test films, of adults where they show COVID-19 and of children elsewhere, so "
    f"that age tells them apart. {_OWN_SPLIT}"
)
_CODEPROJECT: Final = (
    "Two classes instead of three; three epochs of a new head on the frozen backbone; "
    f"895 test films of the collection that was trained on. {_OWN_SPLIT}"
)

_ALL = (
    Experiment(
        "extraction-vs-fine-tuning",
        "Feature extraction against fine-tuning",
        "Is it better to train the upper layers of the backbone as well as the head, "
        "or the head alone?",
        "DenseNet121 from ImageNet weights, as in the first of the published projects. "
        "Both arms train the same head on the frozen backbone; the second then goes on "
        "with the layers from 100 on.",
        (
            Arm(
                "extraction",
                "feature extraction",
                preset="mumtaz-feature-extraction",
            ),
            Arm("fine-tuning", "fine-tuning", preset="mumtaz-fine-tuning"),
        ),
        published=(
            Published(
                "DenseNet121, head alone, 4 epochs", "77.23 % test accuracy", _MUMTAZ
            ),
            Published(
                "DenseNet121, fine-tuned for 4 more", "94.58 % test accuracy", _MUMTAZ
            ),
        ),
    ),
    Experiment(
        "imagenet-vs-chest",
        "ImageNet against chest X-rays as the start",
        "Is a backbone that learned from chest X-rays a better start than one that "
        "learned from photographs?",
        "DenseNet121 with the head and the best settings that the published project "
        "found for each start, trained on all labels of the data.",
        (
            Arm("imagenet", "the start from ImageNet", preset="delft-imagenet"),
            Arm("chexnet", "the start from CheXNet", preset="delft-chexnet"),
            Arm(
                "own",
                "the start from the model that comes with Hilum",
                preset="delft-chexnet",
                settings={"weights": "default"},
            ),
        ),
        published=(
            Published(
                "From ImageNet, the best of 72 settings",
                "0.967 validation accuracy, 97.7 % test accuracy; two classes",
                _DELFT,
            ),
            Published(
                "From CheXNet, the best of 72 settings",
                "0.900 validation accuracy; two classes",
                _DELFT,
            ),
        ),
    ),
    Experiment(
        "backbones",
        "Five backbones",
        "Which backbone gives the best features?",
        "Each backbone from its ImageNet weights, frozen, with a linear head that is "
        "trained by the same settings.",
        (
            Arm("densenet121", "DenseNet121", settings={"backbone": "densenet121"}),
            Arm("resnet50", "ResNet50", settings={"backbone": "resnet50"}),
            Arm("resnet152v2", "ResNet152V2", settings={"backbone": "resnet152v2"}),
            Arm("vgg16", "VGG16", settings={"backbone": "vgg16"}),
            Arm("vgg19", "VGG19", settings={"backbone": "vgg19"}),
        ),
        settings={"weights": "imagenet"},
        published=(
            Published("DenseNet121, fine-tuned", "94.58 % test accuracy", _MUMTAZ),
            Published("ResNet50", "95 % test accuracy; two classes", _CODEPROJECT),
            Published("ResNet152V2", "95.19 % test accuracy", _CS6005),
            Published("VGG16", "85 % test accuracy", _VGG),
        ),
    ),
    Experiment(
        "binary-vs-three-class",
        "Two labels against all",
        "Is COVID-19 told from the rest better by a model that knows only these two "
        "labels, or by one that knows what the rest is?",
        "The same films; one arm learns all labels, the other one label against the "
        "rest. Both are judged by that label against the rest: the probabilities of "
        "the other labels are added up.",
        (
            Arm("all", "the model of all labels"),
            Arm("binary", "the model of two labels", one_against_rest=True),
        ),
        decides="mean_auc",
        published=(
            Published(
                "DenseNet121, COVID-19 against not", "97.7 % test accuracy", _DELFT
            ),
            Published(
                "ResNet50, COVID-19 against normal", "95 % test accuracy", _CODEPROJECT
            ),
        ),
    ),
    Experiment(
        "class-weights-vs-oversampling",
        "Class weights against oversampling",
        "Where labels have unequal numbers of films, is it better to let rare ones "
        "count more, or to show them oftener?",
        "The same head on the same features; every film counts the same, or every "
        "label does, by weights in the loss or by drawing rare films oftener. Judged "
        "by macro-F1, in which every label counts the same.",
        (
            Arm("none", "no balance", settings={"balance": "none"}),
            Arm("weights", "class weights", settings={"balance_by": "weights"}),
            Arm("oversampling", "oversampling", settings={"balance_by": "sampling"}),
        ),
        settings={"balance": "labels"},
        decides="macro_f1",
        published=(
            Published(
                "DenseNet121 with class weights, two classes",
                "97.7 % test accuracy; not compared with anything else",
                _DELFT,
            ),
        ),
    ),
    Experiment(
        "lung-crop",
        "Films cropped to the lungs",
        "Is a model better that sees the lungs and what is between them, and nothing "
        "of the rest?",
        "Every film, the test films too, is cropped to the rectangle around its lungs, "
        "as the lung network of the model that comes with the program finds them. A "
        "model of the second arm reads films only once they are cropped in this way.",
        (
            Arm("whole", "the model of whole films"),
            Arm("cropped", "the model of cropped films", crops=True),
        ),
    ),
    Experiment(
        "data-size",
        "Number of films",
        "How much accuracy is lost with fewer films to learn from?",
        "The same settings on all training films and on parts of them, each a part of "
        "the next larger; validation and test films stay. The number of epochs stays "
        "as well, so that fewer films also mean fewer steps.",
        (
            Arm("all", "all training films"),
            Arm("half", "half of them", share=0.5),
            Arm("quarter", "a quarter of them", share=0.25),
            Arm("tenth", "a tenth of them", share=0.1),
        ),
        published=(
            Published("VGG16 with about 300 films", "85 % test accuracy", _VGG),
            Published(
                "ResNet152V2 with 3,218 training films", "95.19 % accuracy", _CS6005
            ),
        ),
    ),
    Experiment(
        "leave-one-source-out",
        "Films of a source that was never seen",
        "How much worse are films of a hospital or collection of which the model has "
        "seen none?",
        "Each test film is read twice: by a model that learned from films of its "
        "source too, and by one that was trained by the same settings without any.",
        (
            Arm("seen", "the model that knows the source"),
            Arm("unseen", "the model that has never seen the source", unseen=True),
        ),
        published=(
            Published(
                "All five projects",
                "none left a source out",
                "Where each label comes from another source, figures on films of known "
                "sources tell which source a film is from as well as what it shows.",
            ),
        ),
    ),
)

#: By name, in the order to show them.
EXPERIMENTS: Final = {experiment.name: experiment for experiment in _ALL}


def experiment_named(name: str) -> Experiment:
    """An experiment that comes with the program.

    Raises:
        TrainingError: There is none of that name.
    """
    if name not in EXPERIMENTS:
        raise TrainingError(
            f"There is no experiment called {name}.",
            hint=f"Choose one of: {', '.join(EXPERIMENTS)}; or name a JSON file that "
            f"describes one. `{command_name()} experiment --list` explains each.",
        )
    return EXPERIMENTS[name]
