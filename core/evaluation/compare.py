"""Whether a new model is better than the one in use, on the same films.

The JSON that `compare` gives:

    format_version  1
    candidate       {name, sha256}
    in_use          {name, sha256}
    data, split     what was measured on, by name
    n               films measured on, of both models alike
    groups          independent groups of films among them (patients, say)
    labels          [{name, display_name}] compared on: the candidate's
    verdict         "better" | "no clear difference" | "worse" | "not comparable"
    sentences       [which is better and how sure that is, in plain words]
    warnings        [what may make the comparison unfair; said prominently]
    differences     [{name: "accuracy" | "macro_f1" | "mean_auc" | "recall" |
                    "auc", label: of the last two, else null, candidate, in_use,
                    difference: candidate less in use, difference_ci: [low, high],
                    better_share: of resamples in which the candidate is better,
                    ties counting half}]; all but name and label null where there
                    are no films to measure it on
    mcnemar         {only_candidate_right, only_in_use_right, p}
    dropped         [labels whose recall falls by more than allowed]
    allowed_drop    share: 0.05 is five films of a hundred
    left_out        {reason: films}
    seen            {candidate, in_use}: films among these that the model was
                    trained or chosen on; null where it cannot be known

Where they are "not comparable", n is 0, the lists but for sentences and labels are
empty and mcnemar is null.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from core.evaluation.compare_text import (
    BETTER,
    DECIDES,
    LEAST_GROUPS,
    NOT_COMPARABLE,
    UNCLEAR,
    WORSE,
    of_name,
    sentences,
    warnings,
)
from core.evaluation.differences import differences, mcnemar
from core.evaluation.evaluate import Scores
from core.evaluation.intervals import RESAMPLES, Resamples, groups_of
from core.model.bundle import Label, ModelBundle, ModelCard
from core.model.classifier import probabilities
from core.model.seen_films import film_sha256, films_seen
from core.words import all_of

ALLOWED_DROP = 0.05
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Pairing:
    """Which label of the model in use stands for each of the candidate's.

    Attributes:
        columns: Of the model in use, in the order of the candidate's labels.
        missing: Labels of the candidate, for people, that it does not have.
        ignored: Labels of the model in use, for people, that play no part.
    """

    columns: tuple[int, ...]
    missing: tuple[str, ...]
    ignored: tuple[str, ...]


def pair_labels(candidate: ModelCard, in_use: ModelCard) -> Pairing:
    """Match labels by name or by what people read, upper case or lower."""
    columns: list[int] = []
    missing = []
    others = [_spellings(label) for label in in_use.labels]
    for label in candidate.labels:
        known = _spellings(label)
        found = [i for i, other in enumerate(others) if known & other]
        if free := [i for i in found if i not in columns]:
            columns.append(free[0])
        else:
            missing.append(label.display_name)
    ignored = [
        label.display_name for i, label in enumerate(in_use.labels) if i not in columns
    ]
    return Pairing(tuple(columns), tuple(missing), tuple(ignored))


def _spellings(label: Label) -> set[str]:
    return {label.name.casefold(), label.display_name.casefold()}


def compare(
    candidate: ModelBundle,
    in_use: ModelBundle,
    scores: tuple[Scores, Scores],
    *,
    allowed_drop: float = ALLOWED_DROP,
    count: int = RESAMPLES,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Compare two models on films that neither was made with.

    The same resamples of the films serve both, so the intervals are those of
    the difference, not of two figures. Where the candidate has fewer labels,
    the model in use is asked among these alone.

    Args:
        scores: Of the candidate and of the model in use, for the same films in
            the same order; the labels are each model's own, and none is missing.
            The films carry the candidate's labels.
        allowed_drop: Most by which the recall of a class may fall, judged by the
            figure itself. A fall past it rules out "better"; one whose interval
            lies below 0 makes the verdict "worse".
        on_progress: Called often with the share that is done, to 1; may raise
            to stop.

    Returns:
        JSON values as this module describes, less `data`, `split`, `left_out`.

    Raises:
        ValueError: The films of the two differ.
    """
    pairing = pair_labels(candidate.card, in_use.card)
    first, second = scores
    if [s.file for s in first.samples] != [s.file for s in second.samples]:
        raise ValueError("expected scores of the same films.")
    groups = groups_of(first.samples)
    resamples = Resamples.by_group(groups, seed=0, count=count)
    p = (
        probabilities(first.logits, candidate.card.temperature),
        probabilities(second.logits[:, list(pairing.columns)], in_use.card.temperature),
    )
    rows = differences(first.truth, p, first.labels, resamples, on_progress)
    right = [each.argmax(axis=1) == first.truth for each in p]
    films = [film_sha256(sample.path) for sample in first.samples]
    result = {
        **_about(candidate, in_use, allowed_drop),
        "n": len(first.truth),
        "groups": len(set(groups)),
        "differences": rows,
        "mcnemar": mcnemar(right[0], right[1]),
        "dropped": [
            d["label"]
            for d in rows
            if d["name"] == "recall"
            and d["difference"] is not None
            and d["difference"] < -allowed_drop - 1e-9
        ],
        "seen": {
            "candidate": films_seen(films, candidate),
            "in_use": films_seen(films, in_use),
        },
    }
    result["verdict"] = _verdict(result)
    result["sentences"] = sentences(result, candidate.card)
    result["warnings"] = warnings(result, candidate.card, in_use.card, pairing.ignored)
    return result


def not_comparable(
    candidate: ModelBundle,
    in_use: ModelBundle,
    pairing: Pairing,
    allowed_drop: float,
) -> dict[str, Any]:
    """What there is to say of models whose labels do not allow a comparison."""
    sentence = (
        f"They cannot be compared: the model in use, {in_use.card.name}, does not "
        f"know {all_of(pairing.missing)}, so it would be wrong about every such film."
    )
    return {
        **_about(candidate, in_use, allowed_drop),
        "n": 0,
        "groups": 0,
        "differences": [],
        "mcnemar": None,
        "dropped": [],
        "seen": {"candidate": None, "in_use": None},
        "verdict": NOT_COMPARABLE,
        "sentences": [sentence],
        "warnings": [],
    }


def _verdict(result: Mapping[str, Any]) -> str:
    """Worse weighs more than better: a model in use is known."""
    row = of_name(result, DECIDES)
    same = result["candidate"]["sha256"] == result["in_use"]["sha256"]
    if row["difference"] is None or same or result["groups"] < LEAST_GROUPS:
        return UNCLEAR
    low, high = row["difference_ci"]
    lost = [of_name(result, "recall", label) for label in result["dropped"]]
    if high < 0 or any(each["difference_ci"][1] < 0 for each in lost):
        return WORSE
    if low > 0 and not lost and not result["seen"]["candidate"]:
        return BETTER
    return UNCLEAR


def _about(
    candidate: ModelBundle, in_use: ModelBundle, allowed_drop: float
) -> dict[str, Any]:
    return {
        "format_version": _VERSION,
        "candidate": {"name": candidate.card.name, "sha256": candidate.sha256},
        "in_use": {"name": in_use.card.name, "sha256": in_use.sha256},
        "labels": [msgspec.structs.asdict(label) for label in candidate.card.labels],
        "allowed_drop": allowed_drop,
    }
