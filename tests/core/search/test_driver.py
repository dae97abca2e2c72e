"""Who runs which trial while workers of a cluster are lost, in threads."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.__main__ import main
from core.cluster import probe, workers
from core.cluster.cluster import Node, WorkerLost
from core.cluster.worker import Plan
from core.jobs.events import EpochEnded, TrainingEvent
from core.search.record import LabelRates, SearchTable, TrialResult
from core.search.store import read_search
from tests.thread_cluster import Actor, ThreadCluster
from tests.training_child import SMALL

pytest.importorskip("keras")

from core.search import on_cluster  # noqa: E402
from core.search.worker import Ran, Task  # noqa: E402

pytestmark = pytest.mark.slow
RATES = {x: LabelRates(2, 0.5, 0.5) for x in ("covid", "normal", "pneumonia")}


class Runner:
    """Does as a test says with a trial, by its dropout."""

    lost: list[float]
    asked: list[float]
    told: list[str]

    def open(self) -> None: ...

    def run(self, task: Task, pixels: Any, features: Any) -> Ran:
        dropout = task.config.dropout
        self.asked.append(dropout)
        assert pixels.shape == (30, 32, 32)
        assert features.films.shape[0] == 30
        if dropout in self.lost:
            self.lost.remove(dropout)
            raise WorkerLost
        epoch = EpochEnded("head", 1, 1, 1.0, dropout, 0.5, 1 - dropout, best=True)
        result = TrialResult(dropout, 0.5, 1 - dropout, RATES, 1, 1)
        return Ran(result, [epoch], {"head.npz": b"head"})

    def news(self) -> list[TrainingEvent]:
        return []

    def give_up(self) -> None:
        self.told.append("give up")


class Threads(ThreadCluster):
    """Starts the runners of a test."""

    plans: list[Plan] = []

    def start(
        self, kind: type, node: Node, plan: Plan, *arguments: Any, **options: Any
    ) -> Actor:
        assert options == {"at_once": 2}
        self.plans.append(plan)
        self.started += 1
        self._actors.append(Actor(node, Runner()))
        return self._actors[-1]


Search = Callable[..., tuple[int, SearchTable]]


@pytest.fixture
def search(
    phantoms: Path,
    tmp_path: Path,
    small_backbone: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Search]:
    """Runs a grid of three on two nodes; the status, and the table."""
    cluster = Threads(Node("1", "ward-1", 1, 0), Node("2", "ward-2", 4, 2))

    @contextlib.contextmanager
    def connected(address: str) -> Iterator[Threads]:
        yield cluster

    monkeypatch.setattr(on_cluster, "connected", connected)
    monkeypatch.setattr(probe, "check_connection", lambda address, check: None)
    monkeypatch.setattr(workers, "_LOOK_EVERY_S", 0.0)
    job = {**SMALL, "epochs": 0}
    space = {"dropout": [0.1, 0.2, 0.3]}
    for name, fields in {"job.json": job, "space.json": space}.items():
        (tmp_path / name).write_text(json.dumps(fields), encoding="utf-8")

    def run(*lost: float) -> tuple[int, SearchTable]:
        Runner.lost, Runner.asked, Runner.told = list(lost), [], []
        Threads.plans = []
        words = ["search", "--data", phantoms, "--config", tmp_path / "job.json"]
        words += ["--space", tmp_path / "space.json", "--trials", 9, "--no-model"]
        words += ["--sampler", "grid", "--out", tmp_path / "out", "--ray", "threads"]
        status = main([*map(str, words)])
        return status, read_search(tmp_path / "out").table()

    yield run
    cluster.close()


def test_every_trial_is_run_once(search: Search, tmp_path: Path) -> None:
    status, table = search()
    assert status == 0
    assert sorted(Runner.asked) == [0.1, 0.2, 0.3]
    assert [row.params["dropout"] for row in table.rows] == [0.1, 0.2, 0.3]
    assert [row.state for row in table.rows] == ["finished"] * 3
    kept = read_search(tmp_path / "out").trial(0).work.path / "head.npz"
    assert kept.read_bytes() == b"head"
    # One worker on the node without GPUs, one for each GPU of the other.
    gpu = Plan(2, "GPU", 1)
    assert sorted(Threads.plans, key=str)[:3] == [Plan(1, "CPU", 0), gpu, gpu]


def test_a_trial_whose_worker_is_lost_is_run_by_another(search: Search) -> None:
    status, table = search(0.2, 0.2, 0.3)
    assert status == 0
    assert sorted(Runner.asked) == [0.1, 0.2, 0.2, 0.2, 0.3, 0.3]
    assert [row.state for row in table.rows] == ["finished"] * 3


def test_a_trial_that_ends_whoever_runs_it_fails(search: Search) -> None:
    status, table = search(0.2, 0.2, 0.2)
    assert status == 0
    assert [row.state for row in table.rows] == ["finished", "finished", "failed"]
    assert "ended 3 times" in table.rows[-1].reason
