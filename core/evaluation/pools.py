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
    """Refuse pools of one name, of sources without a film, or of unknown labels.

    Raises:
        DatasetError: Says which, and what there is.
    """
    sources = sorted({sample.source for sample in samples} - {""})
    for pool in pools:
        for kind, named, known in (
            ("sources", pool.sources, sources),
            ("labels", pool.labels, labels),
        ):
            if unknown := sorted(set(named) - set(known)):
                raise DatasetError(
                    f"The pool {pool.name} names {kind} that the films do not have: "
                    f"{', '.join(unknown)}.",
                    hint=f"They have: {', '.join(known) or 'none'}.",
                )
        if [each.name for each in pools].count(pool.name) > 1:
            raise DatasetError(
                f"Two pools are called {pool.name}.",
                hint="Give each place a name of its own, and all its sources at once.",
            )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("+"))
