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
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from core.bundle import ModelBundle, ModelCard
from core.compare_words import (
    BETTER,
    DECIDES,
    NOT_COMPARABLE,
    UNCLEAR,
    WORSE,
    of_name,
    sentences,
    warnings,
)
from core.curves import Ranking
from core.evaluate import Scores
from core.film_list import film_sha256, films_seen
from core.metrics import RESAMPLES, Resamples, with_interval
from core.predict import probabilities

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
    for label in candidate.labels:
        known = {label.name.casefold(), label.display_name.casefold()}
        found = [
            i
            for i, other in enumerate(in_use.labels)
            if known & {other.name.casefold(), other.display_name.casefold()}
            and i not in columns
        ]
        if found:
            columns.append(found[0])
        else:
            missing.append(label.display_name)
    ignored = [
        label.display_name for i, label in enumerate(in_use.labels) if i not in columns
    ]
    return Pairing(tuple(columns), tuple(missing), tuple(ignored))


def compare(
    candidate: ModelBundle,
    in_use: ModelBundle,
    scores: tuple[Scores, Scores],
    *,
    allowed_drop: float = ALLOWED_DROP,
    seed: int = 0,
    count: int = RESAMPLES,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Compare two models on films that neither was made with.

    The same resamples of the films serve both, so the intervals are those of
    the difference, not of two figures. Where the candidate has fewer labels,
    the model in use is asked among these alone.

    Args:
        scores: Of the candidate and of the model in use, for the same films in
            the same order; the labels are each model's own. The films carry
            the candidate's labels.
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
    if pairing.missing:
        return not_comparable(candidate, in_use, pairing, allowed_drop)
    first, second = scores
    if [s.file for s in first.samples] != [s.file for s in second.samples]:
        raise ValueError("expected scores of the same films.")
    groups = [s.group or s.patient or s.file for s in first.samples]
    resamples = Resamples.by_group(groups, seed=seed, count=count)
    p = (
        probabilities(first.logits, candidate.card.temperature),
        probabilities(second.logits[:, list(pairing.columns)], in_use.card.temperature),
    )
    differences = _differences(first.truth, p, first.labels, resamples, on_progress)
    right = [each.argmax(axis=1) == first.truth for each in p]
    result = {
        **_about(candidate, in_use, allowed_drop),
        "n": len(first.truth),
        "groups": len(set(groups)),
        "differences": differences,
        "mcnemar": mcnemar(right[0], right[1]),
        "dropped": [
            d["label"]
            for d in differences
            if d["name"] == "recall"
            and d["difference"] is not None
            and d["difference"] < -allowed_drop - 1e-9
        ],
        "seen": _seen(first, candidate, in_use),
    }
    result["verdict"] = _verdict(result)
    result["sentences"] = sentences(result, candidate.card)
    result["warnings"] = warnings(result, candidate.card, in_use.card, pairing.ignored)
    return result


def not_comparable(
    candidate: ModelBundle,
    in_use: ModelBundle,
    pairing: Pairing,
    allowed_drop: float = ALLOWED_DROP,
) -> dict[str, Any]:
    """What there is to say of models whose labels do not allow a comparison."""
    missing = " and ".join(pairing.missing)
    sentence = (
        f"They cannot be compared: the model in use, {in_use.card.name}, does not "
        f"know {missing}, so it would be wrong about every such film."
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


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> dict[str, Any]:
    """McNemar's exact test on which films two models call rightly.

    Args:
        one, other: (n,) bool, whether the candidate and the model in use were
            right.

    Source:
        McNemar, Psychometrika 12, 1947; the exact form is a binomial test of
        the films on which they disagree.
    """
    only_one, only_other = int((one & ~other).sum()), int((~one & other).sum())
    apart = only_one + only_other
    p = float(binomtest(only_one, apart).pvalue) if apart else 1.0
    return {
        "only_candidate_right": only_one,
        "only_in_use_right": only_other,
        "p": float(f"{p:.4g}"),
    }


def _verdict(result: Mapping[str, Any]) -> str:
    """Worse weighs more than better: a model in use is known."""
    row = of_name(result, DECIDES)
    same = result["candidate"]["sha256"] == result["in_use"]["sha256"]
    if row["difference"] is None or same:
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
        "labels": [dataclasses.asdict(label) for label in candidate.card.labels],
        "allowed_drop": allowed_drop,
    }


def _differences(
    truth: NDArray[np.intp],
    p: tuple[NDArray[np.float64], NDArray[np.float64]],
    labels: Sequence[str],
    resamples: Resamples,
    on_progress: Callable[[float], None],
) -> list[dict[str, Any]]:
    sides = [_Side.of(truth, each) for each in p]
    whole = [side.figures() for side in sides]
    drawn = []
    for number, rows in enumerate(resamples.rows, start=1):
        times = np.bincount(rows, minlength=len(truth))
        drawn.append([side.figures(times) for side in sides])
        on_progress(number / len(resamples.rows))
    keys: list[tuple[str, int | None]] = [
        ("accuracy", None),
        ("macro_f1", None),
        ("mean_auc", None),
        *(("recall", i) for i in range(len(labels))),
        *(("auc", i) for i in range(len(labels))),
    ]
    return [
        {
            "name": name,
            "label": None if i is None else labels[i],
            **_difference(
                whole[0][name, i],
                whole[1][name, i],
                [one[name, i] - other[name, i] for one, other in drawn],
            ),
        }
        for name, i in keys
    ]


@dataclasses.dataclass(frozen=True, eq=False)
class _Side:
    """What one model said of the films, ready to be counted a thousand times.

    Attributes:
        cells: (n,) place of each film in the confusion matrix, row by row.
        rankings: Of the films, per label.
    """

    cells: NDArray[np.intp]
    rankings: tuple[Ranking, ...]

    @classmethod
    def of(cls, truth: NDArray[np.intp], p: NDArray[np.float64]) -> _Side:
        classes = p.shape[1]
        rankings = (Ranking.of(truth == i, p[:, i]) for i in range(classes))
        return cls(truth * classes + p.argmax(axis=1), tuple(rankings))

    def figures(
        self, times: NDArray[np.int64] | None = None
    ) -> dict[tuple[str, int | None], float]:
        """Every figure, of films drawn so often; NaN where there are no films."""
        classes = len(self.rankings)
        counts = np.bincount(self.cells, times, classes**2).reshape(classes, classes)
        hits, true, said = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        with np.errstate(invalid="ignore"):
            recall, f1 = hits / true, 2 * hits / (true + said)
        areas = [ranking.area(times) for ranking in self.rankings]
        return {
            ("accuracy", None): float(hits.sum() / counts.sum()),
            ("macro_f1", None): _mean(f1),
            ("mean_auc", None): _mean(np.array(areas)),
            **{("recall", i): float(recall[i]) for i in range(classes)},
            **{("auc", i): areas[i] for i in range(classes)},
        }


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _difference(one: float, other: float, drawn: Sequence[float]) -> dict[str, Any]:
    known = np.array([each for each in drawn if np.isfinite(each)])
    interval = with_interval("difference", one - other, known)
    if interval["difference"] is None:
        empty = ("candidate", "in_use", "difference", "difference_ci", "better_share")
        return dict.fromkeys(empty)
    share = float(np.mean(known > 0) + np.mean(known == 0) / 2)
    return {
        "candidate": round(one, 4),
        "in_use": round(other, 4),
        **interval,
        "better_share": round(share, 4),
    }


def _seen(
    scores: Scores, candidate: ModelBundle, in_use: ModelBundle
) -> dict[str, int | None]:
    films = [film_sha256(sample.path) for sample in scores.samples]
    return {
        "candidate": films_seen(films, candidate),
        "in_use": films_seen(films, in_use),
    }
