"""A folder's films -> a stream of rows, by the machines of a cluster."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from core.cluster.cluster import Cluster, Node, connected
from core.cluster.probe import check_connection
from core.cluster.worker import (
    NodeFacts,
    Plan,
    ShardReader,
    is_as_listed,
    plans,
    refusal,
    ship,
)
from core.cluster.workers import Worker, WorkerPool
from core.errors import DatasetError
from core.films.finder import FoundFilm
from core.jobs.reporters import Report
from core.model.bundle import ModelBundle
from core.scan.crash_probe import MAX_LOSSES
from core.scan.row import ScanRow
from core.scan.scanner import FolderScanner

#: A shard takes so long: what it takes to hand it out is small beside that, and so
#: is what a lost worker had.
_SHARD_S = 3.0
#: Films of a worker's first shards: its speed is not known yet.
FIRST: Final = 16
#: Bounds of later ones: no more than the cluster passes on within its messages.
_SMALLEST, _LARGEST = 4, 256
_WAIT_S = 0.25
_SAMPLES = 3


@dataclasses.dataclass(frozen=True)
class Shard:
    """A stretch of the list, and how often whoever read it did not come back."""

    start: int
    stop: int
    losses: int = 0

    def __len__(self) -> int:
        return self.stop - self.start


class Shards:
    """Cuts a list into shards as they are asked for; lost ones come again.

    It keeps what is lost and what is done, and no list of shards: a list of ten
    million films takes 10 MB here.

    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0
        self._lost: collections.deque[Shard] = collections.deque()
        self._is_done = bytearray(total)
        self.left = total

    def take(self, size: int) -> Shard | None:
        """The next shard, of at most `size` films; None while there is none."""
        if self._lost:
            return self._lost.popleft()
        if self._next >= self._total:
            return None
        shard = Shard(self._next, min(self._next + size, self._total))
        self._next = shard.stop
        return shard

    def give_back(self, shard: Shard) -> int | None:
        """Take back a shard whose reader is gone.

        A film may be what ended it, so a shard that was lost before is halved,
        until such a film stands alone.

        Returns:
            The place of a film to be given up: it was alone each time. Else None.
        """
        losses = shard.losses + 1
        if len(shard) == 1 and losses >= MAX_LOSSES:
            return shard.start
        if len(shard) == 1 or losses == 1:
            self._lost.append(Shard(shard.start, shard.stop, losses))
            return None
        middle = (shard.start + shard.stop) // 2
        # Lost once each, so that a film alone has its own count.
        self._lost.append(Shard(shard.start, middle, 1))
        self._lost.append(Shard(middle, shard.stop, 1))
        return None

    def finish(self, place: int) -> bool:
        """Note that a film is done; False if it was before."""
        if self._is_done[place]:
            return False
        self._is_done[place] = 1
        self.left -= 1
        return True


class RayScanner(FolderScanner):
    """Reads them on many machines; rows come in the order in which they are made.

    Args:
        folder: That the films lie in, at the same path on every machine.
        address: As `core.cluster.cluster.connected` takes it.
        report: Hears which machines take part, and which are lost.
        check: Called often while the cluster is asked; may raise to stop.
        lungs: As `core.scan.scanner.Scanner` takes it.

    Raises:
        CoreError: No cluster can be joined there.
    """

    #: Shards are halved until the film that ends its reader stands alone.
    finds_crashes = True

    def __init__(
        self,
        bundle: ModelBundle,
        folder: Path,
        address: str,
        *,
        precision: str,
        report: Report,
        check: Callable[[], None] = lambda: None,
        lungs: bool = True,
    ) -> None:
        super().__init__(bundle, folder, precision)
        self._lungs = lungs
        self._address = address
        self._report = report
        check_connection(address, check)

    def scan(
        self, films: Sequence[FoundFilm], check: Callable[[], None] = lambda: None
    ) -> Generator[ScanRow, None, None]:
        """As `FolderScanner`; each film has one row, whoever is lost meanwhile.

        Raises:
            CoreError: The cluster does not answer, or nobody of it can read.
            DatasetError: The folder is gone, or a node does not have it.
        """
        if not films:
            return
        with connected(self._address) as cluster:
            pool = ReaderPool(
                cluster,
                self._report,
                self.bundle,
                precision=self.precision,
                lungs=self._lungs,
                folder=self.folder.absolute(),
                samples=self._samples(films),
            )
            try:
                yield from self._rows(pool, films, check)
            finally:
                pool.dismiss()

    def _samples(self, films: Sequence[FoundFilm]) -> list[FoundFilm]:
        """A few films, far apart, that are as they were listed."""
        picked = [films[at * (len(films) - 1) // (_SAMPLES - 1)] for at in range(3)]
        return [film for film in picked if is_as_listed(self.folder, film)]

    def _rows(
        self, pool: WorkerPool, films: Sequence[FoundFilm], check: Callable[[], None]
    ) -> Iterator[ScanRow]:
        shards = Shards(len(films))
        while shards.left:
            check()
            for lost in pool.poll():
                yield from self._after_loss(shards, lost, films)
            for worker in pool.idle():
                shard = shards.take(_size_for(worker))
                if shard is None:
                    break
                pool.submit(worker, shard, "read", films[shard.start : shard.stop])
            for shard, rows in pool.answers(_WAIT_S):
                if rows is None:
                    # Where the folder is gone here too, it is no matter of the node.
                    self.refuse_if_gone()
                    yield from self._after_loss(shards, shard, films)
                    continue
                for place, row in zip(
                    range(shard.start, shard.stop), rows, strict=True
                ):
                    if shards.finish(place):
                        yield row

    def _after_loss(
        self, shards: Shards, lost: Shard, films: Sequence[FoundFilm]
    ) -> Iterator[ScanRow]:
        place = shards.give_back(lost)
        if place is not None and shards.finish(place):
            yield self.given_up(films[place])


class ReaderPool(WorkerPool):
    """Workers that read films with a model of their own.

    Args:
        lungs: As `core.scan.scanner.Scanner` takes it.
        others: Arguments of `WorkerPool`.
    """

    def __init__(
        self,
        cluster: Cluster,
        report: Report,
        bundle: ModelBundle,
        *,
        precision: str,
        lungs: bool = True,
        **others: Any,
    ) -> None:
        super().__init__(cluster, report, **others)
        self._precision = precision
        self._model = cluster.share(ship(bundle, precision, lungs=lungs))

    def start(self, node: Node, plan: Plan) -> Any:
        return self._cluster.start(
            ShardReader,
            node,
            plan,
            self._model,
            self._folder,
            precision=self._precision,
            threads=plan.cores,
            device=plan.device,
        )

    def plans(self, node: Node, facts: NodeFacts) -> list[Plan]:
        if said := refusal(facts, self._here, self._folder):
            raise DatasetError(
                f"{node.name} {said}.",
                hint="Every node needs the same Hilum, and the folder of the films at "
                "the same path: mend that there, or take the node out.",
            )
        gpus = [name for name in facts.devices if name.startswith("GPU")]
        if self._precision != "float32":
            gpus = []
        return plans(node.cores, gpus, node.gpus)

    def finished(self, worker: Worker, shard: Shard, seconds: float) -> None:
        rate = len(shard) / seconds
        worker.films_per_s = ((worker.films_per_s or rate) + rate) / 2
        worker.last_films = len(shard)


def _size_for(worker: Worker) -> int:
    if not worker.films_per_s:
        return FIRST
    # Twice as many at most: how quick it is shows by and by.
    most = min(_LARGEST, 2 * worker.last_films)
    return max(_SMALLEST, min(most, round(worker.films_per_s * _SHARD_S)))
