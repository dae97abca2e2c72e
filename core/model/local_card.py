"""A local card: operating points found on films of one's own, kept beside the model.

It lies in the user's folder under the model's hash. The model stays as it is: its
operating points give way to those of the card where a verdict is made, and the
verdict says so.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from core import paths
from core.errors import CoreError
from core.json_file import read_json
from core.model.bundle import ModelBundle, OperatingPoint
from core.records import Count, Pair, RecordError, Share, Text, convert

#: Films that a card rests on, at least.
LEAST_FILMS: Final = 50
_HINT: Final = "Make it again from labelled films."


class LocalPoint(msgspec.Struct, frozen=True):
    """From which probability a finding is stated here.

    Attributes:
        label: The finding.
        films: Of one's own that have it.
        threshold: A probability equal to it or above states the finding.
        threshold_ci: What it would have been on other films of the kind; None where
            the model's own point was kept, since there are too few films.
        criterion: The rule that chose it, as a sentence.
        sensitivity, specificity, precision: At that threshold, on those films, each
            with its interval; None where no film can tell.
    """

    label: str
    films: Count
    threshold: Share
    threshold_ci: Pair | None
    criterion: Text
    sensitivity: Share | None
    sensitivity_ci: Pair | None
    specificity: Share | None
    specificity_ci: Pair | None
    precision: Share | None
    precision_ci: Pair | None


class Drift(msgspec.Struct, frozen=True):
    """Whether the model's scores are here what they were on its validation films.

    Attributes:
        label: Of the films that were compared.
        films: Of one's own.
        statistic: Largest distance of the two distributions, 0 to 1.
        p_value: How often chance alone would put them so far apart.
        has_drifted: Whether that is too seldom to be chance.
    """

    label: str
    films: Count
    statistic: Share
    p_value: Share
    has_drifted: bool


class LocalCard(msgspec.Struct, frozen=True):
    """What was found on films of one's own.

    Attributes:
        model: Its name.
        model_sha256: The model it belongs to, and to no other.
        temperature: Of the model then: with another the thresholds mean nothing.
        preprocessing: Likewise.
        version: Of this program.
        made: The day, as 2026-11-21.
        films: How many there were.
        groups: Patients among them, where known; else the same number.
        points: In the order of the model's labels.
        drift: Of the labels with enough films; none where the model keeps no scores.
    """

    model: Text
    model_sha256: Text
    temperature: Annotated[float, Meta(gt=0, le=1e300)]
    preprocessing: Text
    version: Text
    made: Text
    films: Count
    groups: Count
    points: tuple[LocalPoint, ...]
    drift: tuple[Drift, ...]
    format_version: Literal[1] = 1

    def in_words(self) -> str:
        """What a verdict says where it is in use."""
        said = f"Local operating points, from {self.films} films ({self.made})."
        if any(each.has_drifted for each in self.drift):
            said += " The model's scores had drifted from training there."
        return said


def local_card_path(bundle: ModelBundle) -> Path:
    """Where the local card of a model lies, if there is one."""
    return paths.local_cards_dir() / f"{bundle.sha256}.json"


def read_local_card(bundle: ModelBundle, path: Path | None = None) -> LocalCard | None:
    """The local card of a model.

    Args:
        path: Of the card; None for the one in the user's folder.

    Returns:
        None where there is none in the user's folder.

    Raises:
        CoreError: It cannot be understood, or is of another model.
    """
    where = path or local_card_path(bundle)
    try:
        card = convert(read_json(where), LocalCard)
    except FileNotFoundError as error:
        if path is None:
            return None
        raise CoreError(f"There is no local card {where}.", hint=_HINT) from error
    except (OSError, ValueError, RecordError) as error:
        raise CoreError(
            f"The local card {where.name} cannot be understood: {error}.", hint=_HINT
        ) from error
    model, labels = bundle.card, tuple(point.label for point in card.points)
    made_for = (card.model_sha256, card.temperature, card.preprocessing, labels)
    its_own = (model.temperature, model.preprocess.version, model.label_names)
    if made_for != (bundle.sha256, *its_own):
        raise CoreError(
            f"The local card {where.name} was made for another model, {card.model}, or "
            "before this one was calibrated anew.",
            hint=_HINT,
        )
    return card


def with_local_card(bundle: ModelBundle, card: LocalCard | None) -> ModelBundle:
    """A bundle whose findings are stated from a local card's thresholds on.

    Nothing is written: it is the same model, read and named as before.
    """
    if card is None:
        return bundle
    points = tuple(
        OperatingPoint(
            label=point.label,
            threshold=point.threshold,
            chosen_on=f"{card.films} local films",
            criterion=point.criterion,
            precision=point.precision or 0.0,
            sensitivity=point.sensitivity or 0.0,
            specificity=point.specificity or 0.0,
        )
        for point in card.points
    )
    local = msgspec.structs.replace(bundle.card, operating_points=points)
    return dataclasses.replace(bundle, card=local)
