"""Films that hang together by pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def component_numbers(
    count: int, pairs: Iterable[tuple[int, int]]
) -> NDArray[np.int32]:
    """Number the groups of rows that pairs link, directly or by way of others.

    Args:
        count: Number of rows.

    Returns:
        (count,) int32; a row that is in no pair has a number of its own.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.array(list(pairs), int).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(rows), bool), (rows, columns)), (count, count))
    _, numbers = connected_components(links, directed=False)
    return np.asarray(numbers, np.int32)
