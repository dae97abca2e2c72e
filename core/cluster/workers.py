"""The processes of a cluster that read films, as nodes come and go."""

from __future__ import annotations

import abc
import dataclasses
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.cluster.cluster import Cluster, Node, WorkerLost
from core.cluster.worker import NodeFacts, Plan, facts_here
from core.errors import RESUME, CoreError, DatasetError
from core.films.finder import FoundFilm
from core.jobs.events import Noted
from core.jobs.reporters import Report

_LOOK_EVERY_S = 2.0
#: How long there may be no node at all.
_TIMEOUT_S = 60.0
_BUSY_S = 10.0
#: Ends of workers in a row after which a node is left out: of those that were not
#: even ready, and of those that were, since a film may be what ends them.
_STILLBORN, _MAX_DEATHS = 3, 24


@dataclasses.dataclass(eq=False)
class Worker:
    """A process of the cluster that works.

    Attributes:
        is_idle: Whether it is ready and has no shard.
        films_per_s: As far as is known; 0 before the first shard.
        last_films: Size of its last shard.
    """

    place: _Place
    plan: Plan
    actor: Any
    is_idle: bool = False
    films_per_s: float = 0.0
    last_films: int = 0


@dataclasses.dataclass(eq=False)
class _Place:
    """A node, as the pool knows it."""

    node: Node
    was_there_first: bool
    is_left_out: bool = False
    plans: list[Plan] = dataclasses.field(default_factory=list)
    workers: list[Worker] = dataclasses.field(default_factory=list)
    deaths: int = 0
    has_opened: bool = False
    has_read: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class _Asked:
    """What an answer will be about; a look where there is no worker."""

    place: _Place
    worker: Worker | None = None
    shard: Any = None
    at: float = dataclasses.field(default_factory=time.monotonic)


class WorkerPool(abc.ABC):
    """Starts workers on every node that can serve, and sees who is lost.

    What they do each kind of pool says. A shard is a part of the work.

    Args:
        folder: Of the films; the same path on every node.
        samples: Films that are there as they were listed; a node that lacks one
            has another folder of that name.
        report: Hears who joins and who is lost.

    Attributes:
        purpose: What workers are there to do.
        taken_over: What becomes of the work of a node that was lost.
    """

    purpose = "read"
    taken_over = "others read its films"

    def __init__(
        self,
        cluster: Cluster,
        report: Report,
        *,
        folder: Path,
        samples: Sequence[FoundFilm] = (),
    ) -> None:
        self._cluster = cluster
        self._folder = folder
        self._samples = samples
        self._report = report
        self._here = facts_here(folder, ())
        self._places: dict[str, _Place] = {}
        self._asked: dict[Any, _Asked] = {}
        self._looked_at = -_LOOK_EVERY_S
        self._began_at = self._manned_at = time.monotonic()
        self._reason: CoreError | None = None
        self._has_waited = False

    @abc.abstractmethod
    def start(self, node: Node, plan: Plan) -> Any:
        """Start a worker; its method `open` makes it ready."""

    @abc.abstractmethod
    def plans(self, node: Node, facts: NodeFacts) -> list[Plan]:
        """What the workers of a node may use each.

        Raises:
            DatasetError: It cannot take part.
        """

    def finished(  # noqa: B027
        self, worker: Worker, shard: Any, seconds: float
    ) -> None:
        """A worker has done its shard."""

    def poll(self) -> list[Any]:
        """Take in new nodes, start what is missing, miss those that are gone.

        Returns:
            Shards of those that are gone.

        Raises:
            CoreError: Nobody is left to read.
        """
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return []
        self._looked_at = now
        alive = {node.id: node for node in self._cluster.nodes()}
        lost: list[Any] = []
        for place in [p for p in self._places.values() if p.node.id not in alive]:
            lost += self._dismiss(place)
            del self._places[place.node.id]
            if not place.is_left_out:
                self._note(f"{place.node.name} was lost; {self.taken_over}.")
        is_first = not self._places and not self._has_waited
        for node in alive.values():
            if node.id not in self._places:
                self._places[node.id] = _Place(node, is_first)
                self._probe(self._places[node.id])
        for place in self._places.values():
            self._man(place)
        self._refuse_if_nobody(now)
        return lost

    def idle(self) -> list[Worker]:
        """Workers that can take a shard."""
        return [w for p in self._places.values() for w in p.workers if w.is_idle]

    def submit(
        self, worker: Worker, shard: Any, method: str, *arguments: object
    ) -> None:
        """Ask a worker for a shard, by a method of its."""
        token = self._cluster.ask(worker.actor, method, *arguments)
        self._asked[token] = _Asked(worker.place, worker, shard)
        worker.is_idle = False

    def answers(self, wait_s: float) -> Iterator[tuple[Any, Any]]:
        """Take what came, waiting a while for the first.

        Yields:
            A shard and its rows, or a shard and None if it was lost.

        Raises:
            DatasetError: A node that was there first has not the films.
        """
        for token in self._cluster.answered(list(self._asked), wait_s):
            asked = self._asked.pop(token, None)
            if asked is None:  # of a worker that was lost by an earlier answer
                continue
            try:
                value = self._cluster.answer(token)
            except WorkerLost:
                lost = self._lose(asked)
            except CoreError as error:
                lost = self._leave_out(asked.place, error)
            except Exception as error:  # noqa: BLE001 - a look alone may fail so
                if asked.worker is not None:
                    raise
                lost = self._leave_out(asked.place, _no_hilum(asked.place, error))
            else:
                if asked.shard is not None:
                    assert asked.worker is not None
                    asked.place.has_read, asked.place.deaths = True, 0
                    asked.worker.is_idle = True
                    seconds = max(time.monotonic() - asked.at, 1e-3)
                    self.finished(asked.worker, asked.shard, seconds)
                    yield asked.shard, value
                elif asked.worker is not None:
                    asked.worker.is_idle = asked.place.has_opened = True
                else:
                    self._plan(asked.place, value)
                continue
            for shard in (asked.shard, *lost):
                if shard is not None:
                    yield shard, None

    def dismiss(self) -> None:
        """End all workers."""
        for place in self._places.values():
            self._dismiss(place)

    def _probe(self, place: _Place) -> None:
        token = self._cluster.look(place.node, self._folder, self._samples)
        self._asked[token] = _Asked(place)

    def _plan(self, place: _Place, facts: NodeFacts) -> None:
        """A node was looked at: let it take part, or not."""
        node = place.node
        try:
            place.plans = self.plans(node, facts)
        except DatasetError as error:
            if place.was_there_first and (not facts.has_folder or facts.missing):
                raise  # else half of a cluster would idle unseen
            self._leave_out(place, error)
            return
        gpus = [plan.device for plan in place.plans if plan.device != "CPU"]
        cores = "1 core" if node.cores == 1 else f"{node.cores} cores"
        on = f", {', '.join(gpus)}" if gpus else ""
        self._note(f"{node.name} takes part: {cores}{on}.")
        self._man(place)

    def _man(self, place: _Place) -> None:
        """Start the workers that a place lacks."""
        free = list(place.plans)
        for worker in place.workers:
            free.remove(worker.plan)
        for plan in free:
            worker = Worker(place, plan, self.start(place.node, plan))
            place.workers.append(worker)
            token = self._cluster.ask(worker.actor, "open")
            self._asked[token] = _Asked(place, worker)

    def _lose(self, asked: _Asked) -> list[Any]:
        """A worker, or a look, did not come back; the shards of others with it."""
        place, worker = asked.place, asked.worker
        place.deaths += 1
        if worker is not None:
            place.workers.remove(worker)
            self._cluster.end(worker.actor)
        if place.deaths >= (_MAX_DEATHS if place.has_read else _STILLBORN):
            error = CoreError(
                f"On {place.node.name} whatever is to {self.purpose} ends at once.",
                hint="Check the memory of that machine.",
            )
            return self._leave_out(place, error)
        if worker is None:
            self._probe(place)
        return []

    def _leave_out(self, place: _Place, error: CoreError) -> list[Any]:
        """Do without a node; the shards that it had."""
        place.is_left_out = True
        self._reason = error
        text, name = str(error), place.node.name
        self._note(f"{name} is left out: {text}" if name not in text else text)
        return self._dismiss(place)

    def _dismiss(self, place: _Place) -> list[Any]:
        """End the workers of a node, and expect no answer; the shards they had."""
        for worker in place.workers:
            self._cluster.end(worker.actor)
        place.workers.clear()
        place.plans.clear()
        tokens = [t for t, asked in self._asked.items() if asked.place is place]
        shards = [self._asked.pop(token).shard for token in tokens]
        return [shard for shard in shards if shard is not None]

    def _refuse_if_nobody(self, now: float) -> None:
        places = self._places.values()
        if any(not place.is_left_out for place in places):
            self._manned_at = now
            is_busy = not any(place.has_opened for place in places)
            if is_busy and now - self._began_at > _BUSY_S and not self._has_waited:
                self._has_waited = True
                self._note("Waiting for cores of the cluster to be free.")
            return
        if self._reason is not None and places:
            raise self._reason  # what the last one was left out for
        if now - self._manned_at > _TIMEOUT_S:
            raise CoreError(
                f"No node of the cluster is there to {self.purpose}; what was done is "
                "kept.",
                hint="Start nodes.",
                code=RESUME,
            )
        if not self._has_waited:
            self._has_waited = True
            self._note(f"No node is there to {self.purpose}; waiting for one.")

    def _note(self, text: str) -> None:
        self._report(Noted(text))


def _no_hilum(place: _Place, error: Exception) -> CoreError:
    said = f"{type(error).__name__}: {error}".strip().splitlines()[0]
    return CoreError(
        f"{place.node.name} cannot run this Hilum ({said[:200]}).",
        hint="Start its node with the Python that Hilum is installed in.",
    )
