"""The card of a model: what it is, does, and was measured to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from core.errors import BundleError
from core.films.preprocess import PreprocessSpec
from core.model.conformal import Conformal, prediction_set
from core.records import Share, Text, convert, to_json
from core.words import in_sentence, percent

FORMAT_VERSION: Final = 1
#: The label that is no disease. It says only that no other one was found.
HEALTHY: Final = "normal"
_AGAIN: Final = "Copy the model again from where it came, or train it anew."


class Label(msgspec.Struct, frozen=True):
    """One output of the model.

    Attributes:
        name: As in data and results: "covid".
        display_name: As people read it: "COVID-19".
    """

    name: Text
    display_name: Text


class OperatingPoint(msgspec.Struct, frozen=True):
    """The probability from which a finding is stated, and where that is from.

    Attributes:
        label: The finding.
        threshold: A probability equal to it or above states the finding.
        chosen_on: The films it was chosen on: "validation", never "test".
        criterion: The rule that chose it, as a sentence.
        precision, sensitivity, specificity: At that threshold, on those films.
    """

    label: str
    threshold: Share
    chosen_on: str
    criterion: str
    precision: float
    sensitivity: float
    specificity: float


class SensitivityPoint(msgspec.Struct, frozen=True):
    """The highest threshold at which enough films of a finding are found.

    Attributes:
        label: The finding.
        target: Share of its films that are to be found.
        threshold: A probability equal to it or above finds a film.
        chosen_on: The films it was chosen on.
    """

    label: str
    target: Share
    threshold: Share
    chosen_on: str


class ModelCard(msgspec.Struct, frozen=True):
    """What a model is, does, and was measured to do.

    Attributes:
        labels: In output order.
        temperature: Logits are divided by it before the softmax.
        metrics: Per split, as `core.evaluation.evaluate` writes them.
        data: Summary of the films, the hash of their split, and what their check
            found, as `core.evaluation.findings` describes it.
        training: The job, the command, library versions.
        probe: Probabilities that the network gave for a drawn probe when it
            was exported; the self-test repeats it on the user's machine.
        files: SHA-256 of every other file of the bundle, by name.
        conformal: What sets of findings are made of; None in older cards.
        sensitivity_points: Thresholds for targets of sensitivity; none in older
            cards.
    """

    name: Text
    labels: tuple[Label, ...]
    preprocess: PreprocessSpec
    temperature: Annotated[float, Meta(gt=0, le=1e300)]
    operating_points: tuple[OperatingPoint, ...]
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    intended_use: str
    limits: str
    probe: tuple[float, ...]
    files: Mapping[str, str]
    format_version: int = FORMAT_VERSION
    conformal: Conformal | None = None
    sensitivity_points: tuple[SensitivityPoint, ...] = ()

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels in output order."""
        return tuple(label.name for label in self.labels)

    @property
    def names(self) -> dict[str, str]:
        """Label -> as people read it, in output order."""
        return {label.name: label.display_name for label in self.labels}

    def display_name(self, label: str) -> str:
        """How people read `label`."""
        return self.names[label]

    def threshold(self, label: str) -> float:
        """Probability from which `label` is stated."""
        return {point.label: point.threshold for point in self.operating_points}[label]

    def percent(self, label: str, probability: float) -> str:
        """A film's probability of `label` for people, to set beside its point."""
        return percent(probability, self.threshold(label))

    def set_at(
        self, probabilities: Mapping[str, float], coverage: float
    ) -> tuple[str, ...] | None:
        """As `prediction_set`; None without probabilities, or scores on the card."""
        if self.conformal is None or not probabilities:
            return None
        return prediction_set(probabilities, self.conformal, coverage)


def set_in_words(labels: Sequence[str], names: Mapping[str, str]) -> str:
    """A set of findings as people read it: "COVID-19 or pneumonia".

    Args:
        names: Every label of the model -> as people read it.
    """
    if len(labels) in (0, len(names)):
        return "cannot say"
    first, *others = (names[label] for label in labels)
    return " or ".join([first, *map(in_sentence, others)])


def card_to_json(card: ModelCard) -> dict[str, Any]:
    """The card as plain JSON values."""
    return {"format_version": card.format_version, **to_json(card)}


def card_from_json(fields: Mapping[str, Any]) -> ModelCard:
    """Rebuild a card, checking each field.

    Raises:
        BundleError: A field is missing or of the wrong kind.
    """
    try:
        card = convert(fields, ModelCard)
    except ValueError as error:
        raise BundleError(
            f"The model's card cannot be understood ({error}).", hint=_AGAIN
        ) from error
    names = card.label_names
    points = tuple(point.label for point in card.operating_points)
    if len(names) < 2 or len(set(names)) != len(names) or points != names:
        raise _inconsistent("its labels and operating points differ")
    if len(card.probe) != len(names):
        raise _inconsistent("its labels and its probe differ")
    if card.conformal is not None and not card.conformal.is_of(names):
        raise _inconsistent("its labels and its conformal scores differ")
    if not {point.label for point in card.sensitivity_points} <= set(names):
        raise _inconsistent("its labels and its sensitivity points differ")
    return card


def _inconsistent(why: str) -> BundleError:
    return BundleError(f"The model's card is inconsistent: {why}.", hint=_AGAIN)
