"""What the films of a job show about themselves, noted before it learns from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audit.leaks import alike_rows, conflicts
from core.audit.shortcuts import measure_shortcuts
from core.audit.survey import grouped
from core.data.near_duplicates import SimilarPair, similar_pairs
from core.data.split import SPLITS, Split, group_by_pairs
from core.evaluation.findings import GIVEN, LEAKING, MADE
from core.training.pipeline import Films

#: What is kept of them in the job's folder.
FINDINGS = "findings.json"
#: Films on which shortcuts are measured at most: half a minute's work.
_MOST = 6000


def group_copies(
    films: Films, check: Callable[[], None]
) -> tuple[NDArray[np.int32], list[SimilarPair]]:
    """Look for films that show one picture.

    Args:
        check: Called often; may raise to stop.

    Returns:
        (n,) int32 numbers of the groups of films that belong together, as
        `core.data.split.group_by_pairs`, and the pairs that look alike.
    """
    pairs = similar_pairs(films.fingerprints, lambda share: check())
    linked = [(pair.first, pair.second) for pair in pairs]
    return group_by_pairs(films.samples, linked), pairs


def check_films(
    films: Films,
    split: Split,
    groups: NDArray[np.int32],
    pairs: Sequence[SimilarPair],
    *,
    is_given: bool,
    seed: int,
    check: Callable[[], None],
) -> dict[str, Any]:
    """Sum up the films of a job as `core.evaluation.findings` describes it.

    Args:
        groups: (n,) int32, in the order of `films.samples`.
        pairs: Films that look alike.
        is_given: Whether the data named the split.
        check: Called now and then; may raise to stop.
    """
    samples = films.samples
    rows = _drawn([sample.label for sample in samples], seed)
    shortcuts = measure_shortcuts(
        [samples[row].label for row in rows],
        [films.facts[row] for row in rows],
        films.fingerprints[rows],
        groups[rows],
        seed=seed,
        on_progress=lambda share: check(),
    )
    alike = alike_rows(len(samples), [], pairs)
    origin = MADE
    if is_given:
        files = [sample.file for sample in samples]
        group_of = dict(zip(files, groups.tolist(), strict=True))
        parts = [{group_of[s.file] for s in split.part(name)} for name in SPLITS]
        is_leaking = len(set.union(*parts)) < sum(map(len, parts))
        origin = LEAKING if is_leaking else GIVEN
    return {
        "films": len(samples),
        "patients": sum(bool(sample.patient) for sample in samples),
        "grouped": grouped(samples),
        "split": origin,
        "copies": sum(len(each) - 1 for each in alike),
        "conflicts": len(conflicts(samples, alike)),
        "measured": len(rows),
        "shortcuts": shortcuts,
    }


def _drawn(labels: Sequence[str], seed: int) -> NDArray[np.intp]:
    """Rows of all films, or of as many of each label as may be; sorted."""
    if len(labels) <= _MOST:
        return np.arange(len(labels))
    every = np.array(labels, object)
    rng = np.random.default_rng(seed)
    names = sorted(set(labels))
    parts = [
        rng.permutation(np.flatnonzero(every == name))[: max(1, _MOST // len(names))]
        for name in names
    ]
    return np.sort(np.concatenate(parts))
