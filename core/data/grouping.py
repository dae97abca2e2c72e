"""Which films belong together, so that no split may part them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import Sample
from core.data.near_duplicates import similar_pairs


def group_samples(
    samples: Sequence[Sample],
    fingerprints: NDArray[np.uint8],
    check: Callable[[], None] = lambda: None,
) -> NDArray[np.int32]:
    """Number the groups of films that belong together.

    Films of one patient, of one stated group, or that show one picture share a
    number, and so does whatever hangs together through them.

    Args:
        fingerprints: (n, k) uint8 of `core.data.fingerprints`.
        check: Called often, since the search takes a while; may raise to stop.

    Returns:
        (n,) int32 group numbers.
    """
    alike = similar_pairs(fingerprints, lambda share: check())
    return group_by_pairs(samples, [(pair.first, pair.second) for pair in alike])


def group_by_pairs(
    samples: Sequence[Sample], alike: Iterable[tuple[int, int]]
) -> NDArray[np.int32]:
    """As `group_samples`, with the pairs of like films already known."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    pairs = list(alike)
    first: dict[tuple[str, str], int] = {}
    for i, sample in enumerate(samples):
        for kind, name in (("patient", sample.patient), ("group", sample.group)):
            if name:
                pairs.append((first.setdefault((kind, name), i), i))
    n = len(samples)
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    _, numbers = connected_components(links, directed=False)
    return np.asarray(numbers, np.int32)
