"""`core search --ray`: trials on the nodes of a cluster, some of which are lost."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.search.record import SearchTable
from core.search.store import read_search
from tests.ray_nodes import RayNodes
from tests.training_child import SMALL, Child

pytest.importorskip("keras")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None or sys.platform == "win32",
        reason="the optional package ray is not installed, or has no cluster here",
    ),
]
TRIALS = 3


def table_of(folder: Path) -> SearchTable:
    return read_search(folder).table()


def wait_until_running(child: Child, folder: Path, count: int) -> None:
    """Until so many trials are being run at once."""
    while table_of(folder).count("running") < count:
        assert child.process.poll() is None, child.finish()
        time.sleep(0.1)


def test_a_node_that_is_lost_costs_no_trial(
    phantoms: Path, tmp_path: Path, start: Callable[..., Child]
) -> None:
    out = tmp_path / "search"
    job = {**SMALL, "epochs": 0, "head_epochs": 150, "patience": 0}
    space = {"head_rate": {"low": 1e-4, "high": 1e-2, "log": True}, "batch": [4, 8]}
    for name, fields in {"job.json": job, "space.json": space}.items():
        (tmp_path / name).write_text(json.dumps(fields), encoding="utf-8")
    with RayNodes() as nodes:
        nodes.start()
        child = start(
            *("--data", phantoms, "--config", tmp_path / "job.json"),
            *("--space", tmp_path / "space.json", "--trials", TRIALS),
            *("--out", out, "--ray", nodes.address, "--no-pruning"),
            command="search",
            environment={**nodes.environment, "HILUM_HOME": os.environ["HILUM_HOME"]},
        )
        wait_until_running(child, out, 2)
        nodes.kill()
        assert child.process.stdout is not None
        said = child.process.stdout.read()
        status, told = child.finish()
    assert status == 0, told
    assert told.count("takes part: 1 core.") == 2
    assert "was lost; others run its trials." in told
    table = table_of(out)
    assert [row.state for row in table.rows] == ["finished"] * TRIALS
    assert {row.number for row in table.rows} == set(range(TRIALS))
    # What nodes trained came back: the best of it is a model.
    assert (out / "model" / "model.xml").is_file()
    assert table.chosen == table.rows[0].number
    assert f"{TRIALS} of {TRIALS} trials finished" in said
    epochs = read_search(out).trial(0).channel.events.read_text("utf-8")
    assert epochs.count('"EpochEnded"') >= 150
