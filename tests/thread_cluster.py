"""A cluster of threads of this process: nodes come, go and differ as a test says."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from core.cluster.cluster import Node, WorkerLost
from core.cluster.worker import (
    NodeFacts,
    Plan,
    ShippedModel,
    facts_here,
)
from core.films.finder import FoundFilm


class Actor:
    """An actor, and the node that it is on."""

    def __init__(self, node: Node, reader: Any) -> None:
        self.node = node
        self.reader = reader
        self.is_alive = True
        self.threads = ThreadPoolExecutor(1)


class ThreadCluster:
    """Answers as `core.cluster.cluster.Cluster` does.

    Attributes:
        alive: The nodes that are there.
        facts: What a node says of itself other than this machine does, by its id.
        poison: Films that end whoever reads them.
        started: Number of workers that were started.
    """

    def __init__(self, *nodes: Node) -> None:
        self.alive = list(nodes)
        self.facts: dict[str, dict[str, Any]] = {}
        self.poison: set[str] = set()
        self.started = 0
        self.on_shard: Callable[[int], None] = lambda number: None
        self._numbers = itertools.count(1)
        self._actors: list[Actor] = []

    def nodes(self) -> list[Node]:
        return list(self.alive)

    def share(self, model: ShippedModel) -> ShippedModel:
        return model

    def look(
        self, node: Node, folder: Path, samples: Sequence[FoundFilm]
    ) -> Future[NodeFacts]:
        facts = facts_here(folder, samples)
        answer: Future[NodeFacts] = Future()
        answer.set_result(dataclasses.replace(facts, **self.facts.get(node.id, {})))
        return answer

    def start(
        self, kind: type, node: Node, plan: Plan, *arguments: Any, **options: Any
    ) -> Actor:
        self.started += 1
        self._actors.append(Actor(node, kind(*arguments, **options)))
        return self._actors[-1]

    def ask(self, actor: Actor, method: str, *arguments: Any) -> Future[Any]:
        return actor.threads.submit(self._answer, actor, method, arguments)

    def end(self, actor: Actor) -> None:
        actor.is_alive = False

    def answered(self, tokens: Sequence[Future[Any]], wait_s: float) -> list[Any]:
        done, _ = wait(tokens, timeout=wait_s, return_when=FIRST_COMPLETED)
        return [token for token in tokens if token in done]

    def answer(self, token: Future[Any]) -> Any:
        return token.result()

    def close(self) -> None:
        """Wait for its threads."""
        for actor in self._actors:
            actor.threads.shutdown()

    def _answer(self, actor: Actor, method: str, arguments: Any) -> Any:
        if method == "read":
            self.on_shard(next(self._numbers))
            if self.poison & {film.file for film in arguments[0]}:
                actor.is_alive = False
        result = None
        if actor.is_alive:
            result = getattr(actor.reader, method)(*arguments)
        if not actor.is_alive or actor.node not in self.alive:
            raise WorkerLost(actor.node.name)
        return result
