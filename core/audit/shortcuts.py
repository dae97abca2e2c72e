"""Could a program tell the labels apart without looking at lungs?"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.fingerprints import SIDE, whole_films
from core.evaluation.findings import SEEN, Probe, shortcut_sentence
from core.evaluation.intervals import Resamples, mean_of_known
from core.evaluation.metrics import Ranking
from core.films.radiograph import FilmFacts
from core.records import to_json

#: Area under the curve above which the audit warns in red.
RED = 0.75
#: Independent films of a label without which it is left out.
MIN_FILMS = 5
_FOLDS = 5
#: On 45 to 5,000 real films the area under the curve is that of twice as many,
#: to 0.004 in the mean, and their fits take most of the time on few films.
_TREES = 20
_RESAMPLES = 200
_SHUFFLES = 3
#: Side of the thumbnail whose rim the frame probe sees, and the rim's width.
_THUMBNAIL, _RIM = 16, 2


@dataclasses.dataclass(frozen=True, eq=False)
class Trial:
    """The films on which programs are tried, and how these are divided.

    Attributes:
        rows: (m,) the films, among n.
        folds: Rows of `truth` to learn from and to judge; no group is in both.
        times: (b, m) how often each film was drawn, by group, in blocks of resamples.
    """

    rows: NDArray[np.intp]
    names: tuple[str, ...]
    truth: NDArray[np.intp]
    folds: tuple[tuple[NDArray[np.intp], NDArray[np.intp]], ...]
    times: tuple[NDArray[np.int64], ...]
    seed: int

    @classmethod
    def of(
        cls, labels: Sequence[str], groups: NDArray[np.int32], *, seed: int
    ) -> Trial | None:
        """Divide films.

        Args:
            groups: (n,) int32: films that belong together.

        Returns:
            None where there are too few films of two labels.
        """
        from sklearn.model_selection import StratifiedGroupKFold

        every = np.array(labels, object)
        independent = {name: len(set(groups[every == name])) for name in set(labels)}
        names = sorted(x for x, count in independent.items() if count >= MIN_FILMS)
        if len(names) < 2:
            return None
        rows = np.flatnonzero(np.isin(every, names))
        truth = np.searchsorted(names, every[rows].astype(str))
        groups = groups[rows]
        folder = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed % 2**32)
        drawn = Resamples.by_group(groups.tolist(), seed=seed, count=_RESAMPLES)
        return cls(
            rows=rows,
            names=tuple(names),
            truth=truth,
            folds=tuple(folder.split(rows, truth, groups)),
            times=tuple(drawn.blocks(len(rows))),
            seed=seed,
        )


def metadata_probe(
    facts: Sequence[FilmFacts],
    trial: Trial,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Probe:
    """Tell labels apart by size, aspect, bytes per pixel, colour, bits and format.

    `on_progress` hears now and then which share is done; it may raise to stop.
    """
    from sklearn.ensemble import RandomForestClassifier

    sizes = np.array([(f.width, f.height, f.file_bytes, f.bits) for f in facts], float)
    width, height, file_bytes, bits = sizes.reshape(-1, 4).T
    aspect = width / np.maximum(1, height)
    density = file_bytes / np.maximum(1, width * height)
    kinds = [_codes([getattr(f, name) for f in facts]) for name in ("format", "colour")]
    features = np.column_stack([width, height, aspect, density, bits, *kinds])
    forest = RandomForestClassifier(
        _TREES, min_samples_leaf=3, max_depth=10, random_state=trial.seed
    )
    return _probe(forest, features, trial, SEEN["metadata"], on_progress)


def frame_probe(
    films: NDArray[np.uint8],
    trial: Trial,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Probe:
    """Tell labels apart by the outer rim of the film, its centre blanked.

    Args:
        films: (n, 64, 64) uint8, as `core.data.fingerprints.whole_films` gives them.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    cell = SIDE // _THUMBNAIL
    small = films.reshape(-1, _THUMBNAIL, cell, _THUMBNAIL, cell)
    small = small.astype(np.float64).mean(axis=(2, 4))
    rim = np.ones((_THUMBNAIL, _THUMBNAIL), bool)
    rim[_RIM:-_RIM, _RIM:-_RIM] = False
    # Solved in one step, where a logistic regression iterates for minutes.
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
    return _probe(model, small[:, rim], trial, SEEN["frame"], on_progress)


def comparable_sources(
    sources: Mapping[str, Mapping[str, int]],
) -> dict[str, list[str]]:
    """Sources that have enough films of two labels or more, and which labels."""
    found = {
        source: sorted(label for label, n in films.items() if n >= MIN_FILMS)
        for source, films in sources.items()
        if source
    }
    return {source: labels for source, labels in found.items() if len(labels) > 1}


def measure_shortcuts(
    labels: Sequence[str],
    facts: Sequence[FilmFacts],
    fingerprints: NDArray[np.uint8],
    groups: NDArray[np.int32],
    *,
    seed: int,
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, dict[str, Any] | None]:
    """Both probes of n films as JSON values, null where there are too few.

    `groups` are (n,) int32: films that belong together.
    """
    trial = Trial.of(labels, groups, seed=seed)
    if trial is None:
        return dict.fromkeys(SEEN)
    metadata = metadata_probe(facts, trial, lambda share: on_progress(share / 2))
    films = whole_films(fingerprints)
    frame = frame_probe(films, trial, lambda share: on_progress((1 + share) / 2))
    probes: dict[str, Any] = to_json({"metadata": metadata, "frame": frame})
    return probes


def _probe(
    model: Any,
    features: NDArray[np.float64],
    trial: Trial,
    what: str,
    on_progress: Callable[[float], None],
) -> Probe:
    from threadpoolctl import threadpool_limits

    features, truth = features[trial.rows], trial.truth
    rng = np.random.default_rng(trial.seed)
    shuffled = [rng.permutation(truth) for _ in range(_SHUFFLES)]
    tries: list[NDArray[np.float64]] = []
    # The matrices are small: threads would wait for each other, for seconds.
    with threadpool_limits(1):
        for number, labels in enumerate((truth, *shuffled)):
            on_progress(number / (1 + _SHUFFLES))
            tries.append(_held_out(model, features, labels, trial.folds))
    on_progress(1.0)
    area, *by_chance = map(_macro_auc, (truth, *shuffled), tries)
    drawn = np.concatenate([area(times) for times in trial.times])
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    value = float(area())
    worst, worst_auc = _worst_pair(truth, tries[0], trial.names)
    probe = Probe(
        auc=round(value, 4),
        auc_ci=[round(float(low), 4), round(float(high), 4)],
        chance=round(float(np.mean([chance() for chance in by_chance])), 4),
        worst=list(worst),
        worst_auc=round(worst_auc, 4),
        is_red=value > RED,
    )
    names = {name: name for name in trial.names}
    said = shortcut_sentence("A program", what, probe, names)
    return msgspec.structs.replace(probe, sentence=said)


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


def _macro_auc(
    truth: NDArray[np.intp], scores: NDArray[np.float64]
) -> Callable[..., NDArray[np.float64]]:
    """Gives the areas under the curves, averaged; of films drawn so often, if told.

    These are (..., m) times, and the areas (...).
    """
    known = ~np.isnan(scores).any(axis=1)
    rankings = [
        Ranking.of(truth[known] == i, scores[known, i]) for i in range(scores.shape[1])
    ]

    def mean(times: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        drawn = None if times is None else times[..., known]
        if not known.any():
            return np.full(() if times is None else times.shape[:-1], np.nan)
        areas = np.stack([each.areas(drawn) for each in rankings])
        return np.apply_along_axis(mean_of_known, 0, areas)

    return mean


def _worst_pair(
    truth: NDArray[np.intp], scores: NDArray[np.float64], names: Sequence[str]
) -> tuple[tuple[str, str], float]:
    """The two labels told apart best, by the share of the score between them."""
    found = [((names[0], names[1]), -1.0)]
    known = ~np.isnan(scores).any(axis=1)
    for a, b in itertools.combinations(range(len(names)), 2):
        rows = known & np.isin(truth, [a, b])
        share = scores[rows, a] / (scores[rows, a] + scores[rows, b] + 1e-12)
        area = Ranking.of(truth[rows] == a, share).area() if rows.any() else np.nan
        found.append(((names[a], names[b]), area))
    return max(found, key=lambda pair: pair[1])


def _codes(names: Sequence[str]) -> NDArray[np.float64]:
    """(n, kinds) one column per kind, 1 where it is that kind."""
    kinds = sorted(set(names))
    return np.array([[name == kind for kind in kinds] for name in names], np.float64)
