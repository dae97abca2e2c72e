"""A grid of head settings through `core search`, against Keras's `fit`.

The grid is that of a published project: rate, batch, dropout, optimiser and epochs of
a head of 64 units on a frozen DenseNet121, 72 trainings. The search runs all of them,
its start, the reading of the films and every figure of every trial included. Keras's
side trains with the frozen base in the model: of each size of a batch two epochs are
measured in a fresh process, once the films are decoded and the network has its weights,
and scaled up to all epochs of all trials of that size, since neither rate nor dropout
nor optimiser changes what an epoch takes by much.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.search.record import SearchTable
from core.search.store import read_search
from tests.benchmarks.child import python, run_once
from tests.benchmarks.figures import Row, plain_row, ratio_row

GRID: dict[str, list[Any]] = {
    "head_rate": [0.01, 0.001, 0.0001],
    "batch": [16, 32, 64],
    "head_epochs": [25, 50],
    "dropout": [0.0, 0.5],
    "head_optimiser": ["adam", "sgd"],
}
QUICK: dict[str, list[Any]] = {
    **GRID,
    "head_rate": [0.001],
    "batch": [16, 64],
    "head_epochs": [4],
}
SETTINGS = {"head": "64", "epochs": 0, "patience": 0, "balance": "labels"}


@dataclasses.dataclass
class Grid:
    """What both sides took.

    Attributes:
        trials: In the grid.
        search_s: The whole search.
        fit_s: Keras's side, reckoned from `measured`.
        measured: Films per step -> seconds of the first epoch, and of the next.
        best: Value of the best trial, the validation macro-F1.
    """

    films: str
    trials: int
    search_s: float
    fit_s: float
    measured: dict[int, tuple[float, float]]
    best: float


def measure(
    manifest: Path, stored: Path, films: str, folder: Path, *, quick: bool
) -> Grid:
    """Run the grid, and as much of Keras's side as is needed to reckon the rest.

    Args:
        manifest, stored: The films, and those decoded.
        films: What these are, in words.
        folder: For the search and its files.
    """
    grid = QUICK if quick else GRID
    combinations = [
        dict(zip(grid, values, strict=True))
        for values in itertools.product(*grid.values())
    ]
    table, search_s = _search(manifest, grid, len(combinations), folder)
    measured = {}
    for batch in grid["batch"]:
        words = ("grid", stored, str(batch))
        side = python("tests.benchmarks.training_side", *words)
        answer = run_once(side).answer
        measured[batch] = (answer["first_s"], answer["next_s"])
    fit_s = sum(
        measured[x["batch"]][0] + (x["head_epochs"] - 1) * measured[x["batch"]][1]
        for x in combinations
    )
    best = table.best
    assert best is not None
    assert best.value is not None
    return Grid(films, len(combinations), search_s, fit_s, measured, best.value)


def rows(found: Grid) -> list[Row]:
    """What is said of it."""
    what = f"{found.trials} trials of a head on a frozen base, {found.films}"
    against = "against keras.Model.fit, reckoned from two epochs of each batch"
    return [
        ratio_row(f"{what}, {against}", [found.search_s], [found.fit_s], "s"),
        plain_row(f"{what}: a trial", [found.search_s / found.trials], "s"),
    ]


def to_json(found: Grid) -> dict[str, Any]:
    """Every measured value, seconds."""
    return dataclasses.asdict(found)


def _search(
    manifest: Path, grid: dict[str, list[Any]], trials: int, folder: Path
) -> tuple[SearchTable, float]:
    space, job = folder / "space.json", folder / "job.json"
    space.write_text(json.dumps(grid), encoding="utf-8")
    job.write_text(json.dumps(SETTINGS), encoding="utf-8")
    out, answer = folder / "search", folder / "table.json"
    words = ["--data", manifest, "--space", space, "--config", job, "--out", out]
    words += ["--trials", trials, "--sampler", "grid", "--json", answer]
    words += ["--no-model", "--no-pruning"]
    began = time.perf_counter()
    command = [sys.executable, "-m", "core", "search", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    taken = time.perf_counter() - began
    return read_search(out).table(), taken
