"""Every setting of a training job; what it means and takes stands on its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from core.records import Text
from core.runs.model_settings import OPTIMISERS, Augmentation, ModelSettings
from core.runs.setting import (
    Setting,
    choice,
    flag,
    number,
    settings_of,
    share,
    text,
    texts,
)

#: Before the name of a variation, where all settings stand in one list.
AUGMENTATION: Final = "augmentation."
_NESTED: Final = AUGMENTATION.removesuffix(".")


class TrainingConfig(ModelSettings, frozen=True, forbid_unknown_fields=True):
    """Everything that decides what a training job makes.

    Values from elsewhere are checked by `core.runs.config.config_from_json`.
    """

    epochs: Annotated[
        int,
        number(
            "Epochs",
            "Most passes of the second phase over all films; this is what takes the "
            "time.",
            "[0, 1000]",
            zero="leave this phase out",
        ),
    ] = 8
    optimiser: Annotated[
        str,
        choice(
            "Optimiser",
            "The rule by which a step of the second phase is made.",
            OPTIMISERS,
        ),
    ] = "adamw"
    rate: Annotated[
        float,
        number(
            "Learning rate",
            "The highest of the second phase; too high spoils what the network knows.",
            "(0, 1]",
        ),
    ] = 1e-4
    schedule: Annotated[
        str,
        choice(
            "Schedule",
            "How the learning rate changes within each phase.",
            {
                "cosine": "falls evenly to a hundredth",
                "constant": "stays as it is",
                "plateau": "falls when nothing gets better",
            },
        ),
    ] = "cosine"
    plateau_patience: Annotated[
        int,
        number(
            "Plateau: epochs to wait",
            "Epochs without a better validation loss before the rate falls; for the "
            "schedule plateau only.",
            "[1, 1000]",
        ),
    ] = 2
    plateau_factor: Annotated[
        float,
        number(
            "Plateau: factor",
            "What the rate is multiplied by when it falls; for the schedule plateau "
            "only.",
            "(0, 1)",
        ),
    ] = 0.3
    unfreeze_from: Annotated[
        int,
        number(
            "Train from layer",
            "Layers of the backbone before this number stay as they are in the second "
            "phase; 0 trains them all.",
            "[0, 10000]",
        ),
    ] = 100
    statistics: Annotated[
        str,
        choice(
            "Batch statistics",
            "Whether batch normalisation in the backbone keeps its statistics; a few "
            "hundred films are too few to learn them.",
            {
                "auto": "kept, unless started from nothing",
                "frozen": "kept",
                "learned": "learned",
            },
        ),
    ] = "auto"
    batch: Annotated[
        int,
        number(
            "Films per step",
            "More is faster on a large GPU; in the second phase it is halved by itself "
            "when memory runs out.",
            "[1, 1024]",
        ),
    ] = 32
    patience: Annotated[
        int,
        number(
            "Patience",
            "Epochs without a better validation loss before a phase ends; the best "
            "epoch is kept in any case.",
            "[0, 1000]",
            zero="never stop early",
        ),
    ] = 4
    weight_decay: Annotated[
        float,
        number(
            "Weight decay",
            "How strongly weights are drawn towards zero at each step of the second "
            "phase.",
            "[0, 1)",
            zero="off",
        ),
    ] = 1e-4
    clip_norm: Annotated[
        float,
        number(
            "Gradient clipping",
            "Longest that all gradients of a step, taken as one vector, may be; longer "
            "ones are scaled down to it, in both phases.",
            "[0, 1000]",
            zero="off",
        ),
    ] = 0.0
    loss: Annotated[
        str,
        choice(
            "Loss",
            "What training makes small; the focal loss cares less about films that are "
            "called rightly already.",
            {"cross-entropy": "cross-entropy", "focal": "focal"},
        ),
    ] = "cross-entropy"
    label_smoothing: Annotated[
        float,
        number(
            "Label smoothing",
            "How much doubt is added to every label, against overconfidence.",
            "[0, 1)",
            zero="off",
        ),
    ] = 0.05
    average: Annotated[
        float,
        number(
            "Average of the weights",
            "Decay per step of a running average of the weights, which takes their "
            "place after each epoch.",
            "[0, 1)",
            zero="off",
        ),
    ] = 0.95
    balance: Annotated[
        str,
        choice(
            "What weighs the same",
            "Keeps frequent labels, or sources with many films, from deciding "
            "everything.",
            {
                "none": "every film",
                "labels": "every label",
                "labels-and-sources": "every label, and source within it",
            },
        ),
    ] = "labels-and-sources"
    heaviest: Annotated[
        float,
        number(
            "Heaviest film",
            "Most that one film may weigh, compared with the mean of its label, so "
            "that a few films of a rare source are not learned by heart.",
            "[1, 1000]",
            unit="times",
        ),
    ] = 4.0
    balance_by: Annotated[
        str,
        choice(
            "How it is balanced",
            "Whether films that weigh more count more in the loss (class weights), or "
            "are drawn oftener in each epoch (oversampling).",
            {
                "auto": "in the loss for the head, by drawing afterwards",
                "weights": "in the loss",
                "sampling": "by drawing",
            },
        ),
    ] = "auto"
    pools: Annotated[
        tuple[Text, ...],
        texts(
            "Places with several sources",
            "Films of one place each, for the report by source: NAME=source+source, or "
            "NAME=source:label+label where only some labels come from there.",
            "a list of such texts",
        ),
    ] = ()
    leave_one_source_out: Annotated[
        bool,
        flag(
            "Leave one source out",
            "Trains without each source as well, and measures on its films what the "
            "model is worth where it has never been; as long again for each source.",
        ),
    ] = False
    augmentation: Augmentation = Augmentation()
    mixed_precision: Annotated[
        bool,
        flag(
            "Mixed precision",
            "Computes in bfloat16 and keeps weights in float32: about twice as fast on "
            "recent GPUs, slower on most processors.",
        ),
    ] = False
    validation: Annotated[
        float,
        share(
            "Validation",
            "Share of the films on which the best epoch and the thresholds are chosen, "
            "where the data has no splits.",
            "(0, 0.5)",
        ),
    ] = 0.2
    test: Annotated[
        float,
        share(
            "Test",
            "Share of the films that are kept for the final figures alone, where the "
            "data has no splits.",
            "(0, 0.5)",
        ),
    ] = 0.2
    patient_pattern: Annotated[
        str,
        text(
            "Patient in the file name",
            "Tells the patient by the file name where the data does not, so that no "
            "patient is in two splits: a regular expression whose first group is the "
            "patient.",
            r"a regular expression such as ^(\d+)_",
        ),
    ] = ""
    accept_leaks: Annotated[
        str,
        text(
            "Why leaks are accepted",
            "Why films of one patient, or that look alike, may be in two splits; goes "
            "into the record. Data with such films is refused while it is empty.",
            "your words",
        ),
    ] = ""
    seed: Annotated[
        int,
        number(
            "Seed",
            "The same seed gives the same model on the same machine.",
            "[0, 4294967294]",
        ),
    ] = 2020

    @property
    def learns_statistics(self) -> bool:
        """Whether batch normalisation learns in the second phase."""
        if self.statistics == "auto":
            return self.weights == "none"
        return self.statistics == "learned"


#: Every setting by name; that of a variation begins with `AUGMENTATION`.
SETTINGS: Final[Mapping[str, Setting]] = {
    **settings_of(TrainingConfig),
    **settings_of(Augmentation, AUGMENTATION),
}


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a job in one list, those of its variations among them.

    Args:
        config: As `core.runs.config.config_to_json` writes it, by whatever version.
    """
    nested = config.get(_NESTED)
    inner = nested if isinstance(nested, dict) else {}
    return {name: value for name, value in config.items() if name != _NESTED} | {
        AUGMENTATION + name: value for name, value in inner.items()
    }


def in_words(config: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The settings of a job as people read them.

    Returns:
        Name, as in `SETTINGS` -> (title and name, value).
    """
    said = {}
    for name, value in flat(config).items():
        if setting := SETTINGS.get(name):
            said[name] = (f"{setting.title} ({name})", setting.in_words(value))
        else:
            said[name] = (name, str(value))
    return said
