"""Could a program tell the labels apart without looking at lungs?"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.fingerprints import SIDE
from core.images import FilmFacts
from core.metrics import Resamples, auc

#: Area under the curve above which the audit warns in red.
RED = 0.75
#: Independent films of a label without which it is left out.
FEWEST = 5
_FOLDS = 5
_RESAMPLES = 200
_SHUFFLES = 3
#: Side of the thumbnail whose rim the frame probe sees, and the rim's width.
_THUMBNAIL, _RIM = 16, 2


@dataclasses.dataclass(frozen=True)
class Probe:
    """How well something that says nothing of lungs tells the labels apart.

    Attributes:
        auc: Area under the ROC curve on films not learned from: each label
            against the others, averaged; 0.5 is chance.
        auc_ci: Its 95 % bootstrap interval, drawn by group.
        chance: What the same probe reaches once the labels are shuffled.
        worst: The pair of labels it tells apart best, and how well.
        sentence: The same in plain words.
    """

    auc: float
    auc_ci: tuple[float, float]
    chance: float
    worst: tuple[str, str]
    worst_auc: float
    sentence: str

    @property
    def is_red(self) -> bool:
        return self.auc > RED


def metadata_probe(
    facts: Sequence[FilmFacts],
    labels: Sequence[str],
    groups: NDArray[np.int32],
    *,
    seed: int,
) -> Probe | None:
    """Tell labels apart by size, aspect, bytes per pixel, colour, bits and format.

    Args:
        facts, labels: n of each.
        groups: (n,) int32: films that belong together.

    Returns:
        None where there are too few films of two labels.
    """
    from sklearn.ensemble import RandomForestClassifier

    values = np.array([_numbers(each) for each in facts], np.float64).reshape(-1, 5)
    kinds = [_codes([getattr(f, name) for f in facts]) for name in ("format", "colour")]
    features = np.column_stack([values, *kinds])
    forest = RandomForestClassifier(
        40, min_samples_leaf=3, max_depth=10, random_state=seed
    )
    return _probe(
        forest, features, labels, groups, seed, "the size and kind of the file alone"
    )


def frame_probe(
    fingerprints: NDArray[np.uint8],
    labels: Sequence[str],
    groups: NDArray[np.int32],
    *,
    seed: int,
) -> Probe | None:
    """Tell labels apart by the outer rim of the film, its centre blanked.

    Args:
        fingerprints: (n, k) uint8 of `core.fingerprints`.
        labels: n of them.
        groups: (n,) int32: films that belong together.

    Returns:
        None where there are too few films of two labels.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    cell = SIDE // _THUMBNAIL
    small = fingerprints.reshape(-1, _THUMBNAIL, cell, _THUMBNAIL, cell)
    small = small.astype(np.float64).mean(axis=(2, 4))
    rim = np.ones((_THUMBNAIL, _THUMBNAIL), bool)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    # Solved in one step, where a logistic regression iterates for minutes.
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    what = "the rim of the film alone, the lungs blanked out,"
    return _probe(model, small[:, rim], labels, groups, seed, what)


def comparable_sources(
    samples_of: Sequence[tuple[str, str]], fewest: int = FEWEST
) -> dict[str, list[str]]:
    """Sources that have enough films of two labels or more, and which labels.

    Args:
        samples_of: (source, label) of each film.
    """
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(
        collections.Counter
    )
    for source, label in samples_of:
        if source:
            counts[source][label] += 1
    found = {
        source: sorted(label for label, n in of.items() if n >= fewest)
        for source, of in sorted(counts.items())
    }
    return {source: labels for source, labels in found.items() if len(labels) > 1}


def probe_to_json(probe: Probe | None) -> dict[str, Any] | None:
    """A probe as plain JSON values."""
    if probe is None:
        return None
    return {
        "auc": round(probe.auc, 4),
        "auc_ci": [round(end, 4) for end in probe.auc_ci],
        "chance": round(probe.chance, 4),
        "worst": list(probe.worst),
        "worst_auc": round(probe.worst_auc, 4),
        "sentence": probe.sentence,
        "is_red": probe.is_red,
    }


def _probe(
    model: Any,
    features: NDArray[np.float64],
    labels: Sequence[str],
    groups: NDArray[np.int32],
    seed: int,
    what: str,
) -> Probe | None:
    from sklearn.model_selection import StratifiedGroupKFold

    names = np.array(labels, object)
    independent = {name: len(set(groups[names == name])) for name in set(labels)}
    used = sorted(name for name, count in independent.items() if count >= FEWEST)
    if len(used) < 2:
        return None
    rows = np.flatnonzero(np.isin(names, used))
    truth = np.searchsorted(used, names[rows].astype(str))
    features, groups = features[rows], groups[rows]
    folder = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed % 2**32)
    folds = list(folder.split(features, truth, groups))
    scores = _held_out(model, features, truth, folds)
    resamples = Resamples.by_group(groups.tolist(), seed=seed, count=_RESAMPLES)
    drawn = [_macro_auc(truth[draw], scores[draw]) for draw in resamples.rows]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(truth) for _ in range(_SHUFFLES)]
    chance = np.mean(
        [_macro_auc(s, _held_out(model, features, s, folds)) for s in shuffled]
    )
    value = _macro_auc(truth, scores)
    worst, worst_auc = _worst_pair(truth, scores, used)
    return Probe(
        auc=value,
        auc_ci=(float(low), float(high)),
        chance=float(chance),
        worst=worst,
        worst_auc=worst_auc,
        sentence=_sentence(what, value, (float(low), float(high)), worst, worst_auc),
    )


def _held_out(
    model: Any,
    features: NDArray[np.float64],
    truth: NDArray[np.intp],
    folds: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> NDArray[np.float64]:
    """(n, c) scores of each film by a model that saw none of its group."""
    from sklearn.base import clone

    scores = np.full((len(truth), int(truth.max()) + 1), np.nan)
    for learn, judge in folds:
        if len(set(truth[learn])) < 2 or not len(judge):
            continue
        fitted = clone(model).fit(features[learn], truth[learn])
        scores[np.ix_(judge, fitted.classes_)] = fitted.predict_proba(features[judge])
    return scores


def _macro_auc(truth: NDArray[np.intp], scores: NDArray[np.float64]) -> float:
    known = ~np.isnan(scores).any(axis=1)
    values = [
        auc(truth[known] == label, scores[known, label])
        for label in range(scores.shape[1])
    ]
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def _worst_pair(
    truth: NDArray[np.intp], scores: NDArray[np.float64], names: Sequence[str]
) -> tuple[tuple[str, str], float]:
    """The two labels told apart best, by the share of the score between them."""
    found = [((names[0], names[1]), -1.0)]
    known = ~np.isnan(scores).any(axis=1)
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            rows = known & np.isin(truth, [a, b])
            share = scores[rows, a] / (scores[rows, a] + scores[rows, b] + 1e-12)
            found.append(((names[a], names[b]), auc(truth[rows] == a, share)))
    return max(found, key=lambda pair: pair[1])


def _sentence(
    what: str,
    value: float,
    interval: tuple[float, float],
    worst: tuple[str, str],
    worst_auc: float,
) -> str:
    if interval[0] <= 0.5:
        return (
            f"A program that sees {what} cannot tell the labels apart "
            f"(AUC {value:.2f}; 0.50 is chance)."
        )
    how = "tells" if value > RED else "partly tells"
    return (
        f"A program that sees {what} {how} the labels apart "
        f"(AUC {value:.2f}; 0.50 is chance), best {worst[0]} from {worst[1]} "
        f"({worst_auc:.2f})."
    )


def _numbers(facts: FilmFacts) -> tuple[float, ...]:
    area = max(1, facts.width * facts.height)
    return (
        facts.width,
        facts.height,
        facts.width / max(1, facts.height),
        facts.file_bytes / area,
        facts.bits,
    )


def _codes(names: Sequence[str]) -> NDArray[np.float64]:
    """(n, kinds) one column per kind, 1 where it is that kind."""
    kinds = sorted(set(names))
    return np.array([[name == kind for kind in kinds] for name in names], np.float64)
