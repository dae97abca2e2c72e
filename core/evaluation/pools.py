"""Sources whose films come from one place, as the user names them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from core.data.dataset import Sample
from core.errors import DatasetError


@dataclasses.dataclass(frozen=True)
class Pool:
    """Films known to come from one place, with one kind of scanner and export.

    Attributes:
        sources: Of the films.
        labels: Those whose films really come from there; empty means all.
            A collection may hold one hospital's normal films beside COVID-19
            films from anywhere.
    """

    name: str
    sources: tuple[str, ...]
    labels: tuple[str, ...] = ()


def parse_pools(texts: Sequence[str]) -> tuple[Pool, ...]:
    """Read pools written as "NAME=source+source" or "NAME=source:label+label".

    Raises:
        DatasetError: One is not written so.
    """
    pools = []
    for text in texts:
        name, _, rest = text.partition("=")
        where, colon, which = rest.partition(":")
        name, sources = name.strip(), _parts(where)
        labels = _parts(which) if colon else ()
        if not name or "" in (*sources, *labels):
            raise DatasetError(
                f"A pool of sources cannot be written as {text!r}.",
                hint="Write it as NAME=source+source, or, where only some labels "
                "come from there, as NAME=source+source:label+label.",
            )
        pools.append(Pool(name, sources, labels))
    return tuple(pools)


def check_pools(
    pools: Sequence[Pool], samples: Sequence[Sample], labels: Sequence[str]
) -> None:
    """Refuse pools of sources without a film, or of labels that a model lacks.

    Raises:
        DatasetError: Says which, and those that there are.
    """
    sources = sorted({sample.source for sample in samples} - {""})
    for pool in pools:
        if unknown := sorted(set(pool.sources) - set(sources)):
            raise DatasetError(
                f"The pool {pool.name} names sources of which no film is measured: "
                f"{', '.join(unknown)}.",
                hint=f"Their sources are: {', '.join(sources) or 'not stated'}.",
            )
        if unknown := sorted(set(pool.labels) - set(labels)):
            raise DatasetError(
                f"The pool {pool.name} names labels that the model does not have: "
                f"{', '.join(unknown)}.",
                hint=f"Its labels are: {', '.join(labels)}.",
            )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("+"))
